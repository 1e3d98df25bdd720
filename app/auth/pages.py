"""What stands around every page of the staff: who is signed in, where they may go, the language."""

from dataclasses import dataclass

from app.i18n import translate

LANGUAGE_NAMES = {"fr": "Français", "en": "English"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """An entry of the navigation."""

    label: str
    endpoint: str


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The navigation, who is signed in (empty before), where the switch of language leads."""

    language: str
    email: str
    places: tuple[Place, ...]
    here: str

    @property
    def other_language(self) -> str:
        """The language that the switch leads to."""
        return "en" if self.language == "fr" else "fr"

    @property
    def other_language_name(self) -> str:
        """The switch's text, in the language that it leads to."""
        return LANGUAGE_NAMES[self.other_language]


@dataclass(frozen=True, kw_only=True)
class SessionRow:
    """A session of the reader's own: since when, when last seen, whether it is the one of this page."""

    opened: str
    seen: str
    is_this: bool


def places(
    *, sees_patients: bool, exports: bool, manages_wording: bool = False, manages_staff: bool = False
) -> tuple[Place, ...]:
    """Where a person may go, by what they are allowed to do."""
    found = []
    if sees_patients:
        found.append(Place(label=translate("Patients"), endpoint="nurse.front"))
    if exports:
        found.append(Place(label=translate("Data"), endpoint="analyst.front"))
    if manages_wording:
        found.append(Place(label=translate("Wording"), endpoint="manager.front"))
    if manages_staff:
        found.append(Place(label=translate("Staff"), endpoint="admin.front"))
    return tuple(found)
