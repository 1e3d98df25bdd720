"""python -m scoring qlq-c30 IN -o OUT"""

from __future__ import annotations

import sys

from scoring.command.main import main

if __name__ == "__main__":
    sys.exit(main())
