"""How far a long run has come, on standard error."""

from __future__ import annotations

import sys
import time

PATIENCE, PAUSE = 2.0, 0.5


class Progress:
    """Says how many rows are done: in one line of a terminal once it takes long, elsewhere when `wanted`."""

    def __init__(self, wanted: bool) -> None:
        self._in_place = sys.stderr.isatty()
        self._is_on = wanted or self._in_place
        self._began = time.monotonic()
        self._next = self._began + (0.0 if wanted else PATIENCE)
        self._was_shown = False

    def show(self, rows: int) -> None:
        """Says so, unless it was said just before."""
        now = time.monotonic()
        if not self._is_on or now < self._next:
            return
        self._next = now + PAUSE
        speed = rows / max(now - self._began, 1e-3)
        line = f"{rows:,} rows, {speed:,.0f} a second"
        sys.stderr.write(f"\r{line}\x1b[K" if self._in_place else f"{line}\n")
        sys.stderr.flush()
        self._was_shown = True

    def clear(self) -> None:
        """Takes the line off the terminal."""
        if self._was_shown and self._in_place:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
