"""Pictures cut into stripes: what is alike on many screens is stored once, long ones fill several pages."""

import hashlib
import zlib
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise

from PIL import Image

from scripts.dossier.phone import DOTS, Shot

# What fits on a page of the dossier, in pixels of the style sheet.
PAGE_HEIGHT = 1455
# Of a stripe: the pages have few, and the others are the edges of letters. Two fit into a byte.
COLOURS, PACKING = 16, "P;4"


@dataclass(frozen=True)
class Band:
    """A stripe of the screen's whole width: which pixels, and where below the top of its slice it begins."""

    key: str
    top: int
    height: int


@dataclass(frozen=True)
class Pixels:
    """One stored stripe: indices of four bits into a palette of RGB triples, compressed."""

    width: int
    height: int
    palette: bytes
    data: bytes


class Pictures:
    """All stripes of the dossier by the hash of their pixels."""

    def __init__(self) -> None:
        self.stored: dict[str, Pixels] = {}

    def add(self, shot: Shot) -> tuple[tuple[Band, ...], ...]:
        """The slices of a screen from top to bottom, none higher than a page."""
        with Image.open(BytesIO(shot.png)) as opened:
            image = opened.convert("RGB")
        edges = [each for each in shot.cuts if each < shot.height]
        return tuple(
            self._slice(image, top, bottom, edges) for top, bottom in slices(edges, shot.height, PAGE_HEIGHT)
        )

    def _slice(self, image: Image.Image, top: int, bottom: int, edges: list[int]) -> tuple[Band, ...]:
        inside = sorted({top, bottom, *(each for each in edges if top < each < bottom)})
        return tuple(
            Band(
                self._key(image.crop((0, round(start * DOTS), image.width, round(end * DOTS)))),
                start - top,
                end - start,
            )
            for start, end in pairwise(inside)
        )

    def _key(self, band: Image.Image) -> str:
        key = hashlib.sha256(f"{band.width} ".encode() + band.tobytes()).hexdigest()
        if key not in self.stored:
            few = band.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
            palette = bytes(few.getpalette("RGB") or ())
            self.stored[key] = Pixels(
                few.width, few.height, palette, zlib.compress(few.tobytes("raw", PACKING))
            )
        return key


def slices(edges: list[int], height: int, most: int) -> list[tuple[int, int]]:
    """(top, bottom) of the parts of a screen: cut at an edge if there is one, else where a page is full."""
    found, top = [], 0
    while height - top > most:
        bottom = max((each for each in edges if top < each <= top + most), default=top + most)
        found.append((top, bottom))
        top = bottom
    return [*found, (top, height)]
