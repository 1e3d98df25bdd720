"""Reads a QR code off a printed page: the paths of Chromium's PDF, painted, measured and sampled."""

import io
import re
from dataclasses import dataclass

import segno
from PIL import Image, ImageDraw
from pypdf import PdfReader

from app.services.qr import QUIET_ZONE

POINTS_PER_MM = 72 / 25.4
# Pixels of the painted image for one module: more than a printer of 300 dots an inch gives a code of 45 mm.
SCALE = 8
NUMBER = r"(-?\.?\d[\d.]*)"
MATRIX = re.compile(rf"^{NUMBER} 0 0 (-?[\d.]+) {NUMBER} {NUMBER} cm$")
PAINTED = re.compile(rf"^{NUMBER} {NUMBER} ([ml])$")


@dataclass(frozen=True)
class PrintedCode:
    """A code as it is on paper: its side in millimetres, quiet zone included, and its modules."""

    side_mm: float
    modules: list[list[bool]]


def printed_code(pdf: bytes, size: int) -> PrintedCode:
    """The code of so many modules a side, quiet zone included, on the first page of a PDF."""
    lines = page_lines(pdf)
    start = next(n for n, line in enumerate(lines) if line == f"0 0 {size} {size} re")
    end = next(n for n in range(start, len(lines)) if lines[n] == "Q")
    image = paint(lines[start + 1 : end], size)
    return PrintedCode(module_mm(lines[:start]) * size, sample(image, size))


def printed_text(pdf: bytes) -> str:
    """What the first page says, without any space."""
    return re.sub(r"\s", "", PdfReader(io.BytesIO(pdf)).pages[0].extract_text())


def page_lines(pdf: bytes) -> list[str]:
    """The drawing commands of the first page."""
    contents = PdfReader(io.BytesIO(pdf)).pages[0].get_contents()
    assert contents is not None, "an empty page"
    return contents.get_data().decode("latin-1").splitlines()


def module_mm(before: list[str]) -> float:
    """How large one unit of the drawing is at the end of these commands, in millimetres."""
    scale, outer = 1.0, []
    for line in before:
        if line == "q":
            outer.append(scale)
        elif line == "Q":
            scale = outer.pop()
        elif found := MATRIX.match(line):
            scale *= float(found[1])
    return scale / POINTS_PER_MM


def paint(lines: list[str], size: int) -> Image.Image:
    """The filled shapes of the code, black on white."""
    image = Image.new("1", (size * SCALE, size * SCALE), 1)
    draw, points = ImageDraw.Draw(image), []
    for line in lines:
        if found := PAINTED.match(line):
            points.append((float(found[1]) * SCALE, float(found[2]) * SCALE))
        elif line == "h" and points:
            across, down = zip(*points, strict=True)
            draw.rectangle((min(across), min(down), max(across) - 1, max(down) - 1), fill=0)
            points = []
    return image


def sample(image: Image.Image, size: int) -> list[list[bool]]:
    """Which modules are dark, as a reader sees them: by the middle of each."""
    middles = [n * SCALE + SCALE // 2 for n in range(size)]
    return [[image.getpixel((x, y)) == 0 for x in middles] for y in middles]


def modules_of(address: str) -> list[list[bool]]:
    """The modules of an address at error correction M, by the library alone."""
    code = segno.make(address, error="m", micro=False, boost_error=False)
    return [[bool(each) for each in row] for row in code.matrix_iter(border=QUIET_ZONE)]
