"""QR codes as plain geometry, for an SVG that needs neither style nor script."""

from collections.abc import Iterable
from dataclasses import dataclass

import segno

QUIET_ZONE = 4


@dataclass(frozen=True)
class QrCode:
    """A square of `size` modules, quiet zone included; `path` draws the dark ones, one unit each."""

    size: int
    path: str


def qr_code(text: str) -> QrCode:
    """The QR code of an address, with error correction M: read although 15 % of it is soiled."""
    code = segno.make(text, error="m", micro=False, boost_error=False)
    rows = list(code.matrix_iter(border=QUIET_ZONE))
    return QrCode(
        len(rows), "".join(f"M{x} {y}h{n}v1h-{n}z" for y, row in enumerate(rows) for x, n in _runs(row))
    )


def _runs(row: Iterable[int]) -> list[tuple[int, int]]:
    """Where dark modules follow one another: (first, how many)."""
    runs: list[tuple[int, int]] = []
    for x, module in enumerate(row):
        if not module:
            continue
        if runs and sum(runs[-1]) == x:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((x, 1))
    return runs
