"""Puts the pictures into the printed pages: one PDF in which each stripe is stored once."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

from pypdf import PageObject, PdfWriter
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    EncodedStreamObject,
    IndirectObject,
    NameObject,
    NumberObject,
    StreamObject,
)

from scripts.dossier.pictures import Pixels
from scripts.dossier.sheet import Leaf, Stripe

POINTS = 72 / 25.4


class PageCountError(Exception):
    """The browser printed another number of pages than was laid out; pictures would be on wrong ones."""

    def __init__(self, laid_out: int, printed: int) -> None:
        super().__init__(f"{laid_out} pages were laid out, but {printed} were printed")
        self.laid_out, self.printed = laid_out, printed


def bind(printed: bytes, leaves: Sequence[Leaf], stored: Mapping[str, Pixels], target: Path) -> None:
    """Writes the dossier. Raises PageCountError."""
    writer = PdfWriter(clone_from=BytesIO(printed))
    if len(writer.pages) != leaves[-1].number:
        raise PageCountError(leaves[-1].number, len(writer.pages))
    references: dict[str, IndirectObject] = {}
    for leaf in leaves:
        stripes = [stripe for figure in leaf.figures for stripe in figure.stripes]
        for stripe in stripes:
            if stripe.key not in references:
                references[stripe.key] = writer._add_object(_image(stored[stripe.key]))
        _draw(writer, writer.pages[leaf.number - 1], stripes, references)
    target.parent.mkdir(parents=True, exist_ok=True)
    writer.write(target)


def _image(pixels: Pixels) -> StreamObject:
    image = EncodedStreamObject()
    highest = NumberObject(len(pixels.palette) // 3 - 1)
    colours = [NameObject("/Indexed"), NameObject("/DeviceRGB"), highest, ByteStringObject(pixels.palette)]
    image.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Image"),
            NameObject("/Width"): NumberObject(pixels.width),
            NameObject("/Height"): NumberObject(pixels.height),
            NameObject("/BitsPerComponent"): NumberObject(4),
            NameObject("/ColorSpace"): ArrayObject(colours),
            NameObject("/Filter"): NameObject("/FlateDecode"),
        }
    )
    image._data = pixels.data
    return image


def _draw(
    writer: PdfWriter, page: PageObject, stripes: Sequence[Stripe], references: Mapping[str, IndirectObject]
) -> None:
    """Draws below what is printed; for readers that speak the figure is what stands there already."""
    top = float(page.mediabox.top)
    names = {stripe.key: f"/Stripe{number}" for number, stripe in enumerate(stripes)}
    lines = ["/Artifact BMC"]
    for each in stripes:
        x, y = each.x * POINTS, top - (each.y + each.height) * POINTS
        size = f"{each.width * POINTS:.3f} 0 0 {each.height * POINTS:.3f}"
        lines.append(f"q {size} {x:.3f} {y:.3f} cm {names[each.key]} Do Q")
    drawing = StreamObject()
    drawing.set_data("\n".join([*lines, "EMC\n"]).encode())
    resources = page["/Resources"].get_object()
    assert isinstance(resources, DictionaryObject)
    images = resources.setdefault(NameObject("/XObject"), DictionaryObject()).get_object()
    images.update({NameObject(name): references[key] for key, name in names.items()})
    printed = page["/Contents"].get_object()
    former = printed if isinstance(printed, ArrayObject) else [page.raw_get("/Contents")]
    page[NameObject("/Contents")] = ArrayObject([writer._add_object(drawing.flate_encode()), *former])
