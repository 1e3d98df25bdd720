"""python -m scoring qlq-c30 IN -o OUT"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

from scoring.command.main import main


def stop(number: int, _frame: FrameType | None) -> NoReturn:
    """Ends the run by way of the blocks that clean up, where the signal alone would leave them out."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    sys.exit(main())
