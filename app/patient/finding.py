"""The search in the list of symptoms at the beginning of a report; without a script by the address alone."""

from collections.abc import Iterable
from dataclasses import replace

from flask import request

from app.db import db
from app.i18n import page_language
from app.patient.pages import Field, Option
from app.services.links import FoundLink
from app.services.questionnaires import OTHER
from app.services.studies import definition_in_force
from app.services.symptom_search import known_words, search_symptoms

FIND = "find"


def with_search(found: FoundLink, field: Field, all_url: str) -> Field:
    """The list of symptoms with what people may call each, cut down to what was searched for.

    What is chosen stays in sight, and so does what is not on the list.
    """
    definition = definition_in_force(db.session, found.patient.study)
    language, text = page_language(), request.args.get(FIND, "").strip()
    labels = {str(each.value): each.label for each in field.options}
    known = known_words(definition, language, labels)
    options = [
        replace(each, words=" ".join(sorted(known.get(str(each.value), ())))) for each in field.options
    ]
    codes = search_symptoms(definition, language, text, labels) if text else ()
    return replace(
        field,
        options=tuple(_in_order(options, codes) if codes else options),
        find=text,
        is_none_found=bool(text) and not codes,
        find_all_url=all_url if codes else "",
    )


def _in_order(options: Iterable[Option], codes: tuple[str, ...]) -> list[Option]:
    kept = [each for each in options if each.value in codes or each.checked or each.value == OTHER]
    place = {code: number for number, code in enumerate(codes)}
    return sorted(kept, key=lambda each: place.get(str(each.value), len(codes)))
