"""The QR code as geometry: the same modules as the library's, with the quiet zone that readers need."""

import re

import pytest
import segno

from app.services.qr import QUIET_ZONE, qr_code

ADDRESS = "https://study.example/l/" + "aZ09_-" * 7 + "x"


def drawn(path: str) -> set[tuple[int, int]]:
    """The dark modules that a path draws."""
    runs = [tuple(map(int, found)) for found in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path)]
    return {(x + step, y) for x, y, length in runs for step in range(length)}


@pytest.mark.threat("A13")
def test_the_path_draws_the_dark_modules_and_nothing_else() -> None:
    code = segno.make(ADDRESS, error="m", micro=False, boost_error=False)
    matrix = list(code.matrix_iter(border=QUIET_ZONE))
    dark = {(x, y) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}
    found = qr_code(ADDRESS)
    assert drawn(found.path) == dark
    assert found.size == len(matrix)


@pytest.mark.threat("A13")
def test_the_quiet_zone_is_four_modules_wide() -> None:
    found = qr_code(ADDRESS)
    inside = range(QUIET_ZONE, found.size - QUIET_ZONE)
    assert all(x in inside and y in inside for x, y in drawn(found.path))


def test_the_path_holds_nothing_but_geometry() -> None:
    assert re.fullmatch(r"[Mhvz0-9 -]+", qr_code('"><script>').path)
