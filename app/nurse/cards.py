"""The printed card of a link: French and English side by side, and only neutral names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app, url_for

from app.db import db
from app.i18n import LANGUAGES, day_text, speaking, translate
from app.services.links import IssuedLink
from app.services.qr import qr_code
from app.services.studies import definition_in_force

LANGUAGE_NAMES = {"fr": "Français", "en": "English"}


@dataclass(frozen=True, kw_only=True)
class CardText:
    """What the card says in one language: who gives it, what to do, and what to know."""

    language: str
    name: str
    study: str
    todo: str
    code: str
    address: str
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Card:
    """A link as it is printed; its address and its digits, "" where none are asked, are shown this once."""

    address: str
    digits: str
    qr_size: int
    qr_path: str
    texts: tuple[CardText, ...]
    site_name: str
    site_phone: str


def visit_card(patient: Any, visit: Any, issued: IssuedLink) -> Card:
    """The card of a link to one visit."""

    def words() -> tuple[str, tuple[str, ...]]:
        until = translate(
            "Works until %(day)s in the evening, or until the answers are sent.",
            day=day_text(visit.closes_on, "full"),
        )
        is_early = visit.opens_at > current_app.extensions["clock"].now()
        opens = (translate("Questions open on %(day)s.", day=day_text(visit.opens_on)),) if is_early else ()
        return _todo(issued), (*opens, until, *_always())

    return _card(patient, issued, words)


def personal_card(patient: Any, issued: IssuedLink) -> Card:
    """The card of a patient's own link."""

    def words() -> tuple[str, tuple[str, ...]]:
        todo = translate(
            "To say how you feel between two visits: point the phone’s camera at the square, touch the "
            "address that appears, then type the six digits."
        )
        kept = translate(
            "Works until your follow-up ends, always with the code. Keep this card at home, and never "
            "with the phone."
        )
        return todo, (kept, *_always())

    return _card(patient, issued, words)


def _todo(issued: IssuedLink) -> str:
    if issued.code is None:
        return str(translate("Point the phone’s camera at the square and touch the address that appears."))
    return str(
        translate(
            "Point the phone’s camera at the square, touch the address that appears, then type the six "
            "digits. Keep this card at home, and never with the phone."
        )
    )


def _always() -> tuple[str, ...]:
    return (
        translate("Nobody reads it at once. In an emergency call 15 or 112."),
        translate("We never ask for a password or bank details."),
    )


def _card(patient: Any, issued: IssuedLink, words: Callable[[], tuple[str, tuple[str, ...]]]) -> Card:
    target = current_app.extensions["settings"].public_url + url_for("patient.landing", token=issued.token)
    square, digits = qr_code(target), issued.code or ""
    names = definition_in_force(db.session, patient.study).public_name
    return Card(
        address=target,
        digits=f"{digits[:3]} {digits[3:]}".strip(),
        qr_size=square.size,
        qr_path=square.path,
        texts=tuple(_text(language, names, words) for language in LANGUAGES),
        site_name=patient.site.public_name,
        site_phone=patient.site.phone,
    )


def _text(
    language: str, names: Mapping[str, str], words: Callable[[], tuple[str, tuple[str, ...]]]
) -> CardText:
    with speaking(language):
        todo, notes = words()
        return CardText(
            language=language,
            name=LANGUAGE_NAMES[language],
            study=names.get(language) or next(iter(names.values())),
            todo=todo,
            code=translate("Your code"),
            address=translate("Address of the link"),
            notes=notes,
        )
