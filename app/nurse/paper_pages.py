"""What the pages of a sheet of paper show, ready made; the words of questions in the patient's language."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A box to tick, with the code that is typed for it."""

    code: int
    label: str


@dataclass(frozen=True, kw_only=True)
class SheetQuestion:
    """One question as printed; without choices it is answered in words."""

    id: str
    recall: str
    text: str
    hint: str
    choices: tuple[Choice, ...]
    is_same: bool
    is_conditional: bool


@dataclass(frozen=True, kw_only=True)
class SheetPart:
    """One questionnaire as printed."""

    title: str
    instructions: str
    questions: tuple[SheetQuestion, ...]


@dataclass(frozen=True, kw_only=True)
class SheetPage:
    """The blank sheet of a visit. What the QR code says is what the sheet is: it opens nothing."""

    language: str
    study_name: str
    site_name: str
    site_phone: str
    code: str
    visit: str
    says: str
    qr_size: int
    qr_path: str
    stand_in: bool
    parts: tuple[SheetPart, ...]


@dataclass(frozen=True, kw_only=True)
class TypedRow:
    """One field of the transcription.

    digits: what can be typed without a fault, one sign each. first, second: what two persons read.
    """

    id: str
    number: int
    text: str
    codes: str
    digits: str
    condition: str
    max_length: int | None
    first: str = ""
    second: str = ""


@dataclass(frozen=True, kw_only=True)
class TypedPart:
    """One questionnaire of the transcription; legends say what the numbers stand for, each once."""

    title: str
    legends: tuple[str, ...]
    rows: tuple[TypedRow, ...]


@dataclass(frozen=True, kw_only=True)
class FrameRow:
    """What two persons read differently besides the answers."""

    name: str
    first: str
    second: str


@dataclass(frozen=True, kw_only=True)
class PaperPage:
    """Where a visit's sheet stands, and its form where one can be typed."""

    code: str
    visit: str
    patient_url: str
    sheet_url: str
    action_url: str
    language: str
    stand_in: bool
    note: str
    asks: bool
    is_settling: bool
    on_screen: int
    frame: tuple[FrameRow, ...]
    parts: tuple[TypedPart, ...]
