"""From a file to its texts: which kind of file it is, by its first bytes, and its reader."""

from collections.abc import Sequence

from app.services.wording.check import check_content
from app.services.wording.csv_file import read_csv
from app.services.wording.faults import Content, Fault, RefusedFileError, Unit
from app.services.wording.fhir_file import read_fhir
from app.services.wording.slots import Slot

ZIP, OLD_EXCEL, BYTE_ORDER_MARK = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\xef\xbb\xbf"


def read_texts(source: bytes, slots: Sequence[Slot], language: str) -> list[list[str]]:
    """The texts of a file as a pack keeps them: [[id, text], ...] in the order of the slots.

    Reads CSV and the first sheet of an .xlsx workbook (columns id and text), and a FHIR R4 Questionnaire.
    Raises RefusedFileError with every fault and its place.
    """
    return check_content(slots, _read(source, slots, language))


def _read(source: bytes, slots: Sequence[Slot], language: str) -> Content:
    if source.startswith(ZIP):
        # The reader of workbooks takes long to load: only who imports one waits for it.
        from app.services.wording.xlsx_file import read_xlsx

        return read_xlsx(source)
    start = source.removeprefix(BYTE_ORDER_MARK).lstrip()
    if start.startswith((b"{", b"[")):
        return read_fhir(source, slots, language)
    if not start or source.startswith(OLD_EXCEL) or b"\0" in source[:1000]:
        raise RefusedFileError([Fault(Unit.FILE, "", "unknown_format")])
    return read_csv(source)
