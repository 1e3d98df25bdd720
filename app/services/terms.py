"""The terms by which adverse events are named: those of the CTCAE that the study's patients may meet."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from app.services.errors import NotFoundError
from app.services.word_search import search_words, words_in
from app.settings import ROOT

FILE = ROOT / "app" / "terms" / "ctcae-v5.toml"
GRADES = (1, 2, 3, 4, 5)
DEATH_GRADE = 5
MOST_FOUND = 12


@dataclass(frozen=True)
class Term:
    """A term: its code is its English name; names and system organ class by language."""

    code: str
    names: Mapping[str, str]
    system: Mapping[str, str]
    grades: tuple[int, ...]
    words: frozenset[str]


@dataclass(frozen=True)
class Terminology:
    """All terms by code, those to offer first by symptom, and what each grade means, by language."""

    source: str
    version: str
    terms: Mapping[str, Term]
    suggested: Mapping[str, tuple[str, ...]]
    meanings: Mapping[int, Mapping[str, str]]


@cache
def terminology() -> Terminology:
    """The terms of the file, read once."""
    data = tomllib.loads(FILE.read_text("utf-8"))
    terms = [_term(system, each) for system in data["classes"] for each in system["terms"]]
    return Terminology(
        source=data["source"],
        version=data["version"],
        terms={each.code: each for each in terms},
        suggested={symptom: tuple(codes) for symptom, codes in data["suggested"].items()},
        meanings={int(grade): names for grade, names in data["meanings"].items()},
    )


def find_term(code: str) -> Term:
    """The term of a code; NotFoundError where the list has none."""
    known = terminology().terms
    if code not in known:
        raise NotFoundError("term", code)
    return known[code]


def search_terms(text: str, most: int = MOST_FOUND) -> tuple[Term, ...]:
    """The terms that a text may mean, in whichever language it is written, the likeliest first.

    A name that says nothing more comes before one that does. Nothing for a text without a word.
    """
    found = search_words(_known_words(), text) or ()
    return tuple(terminology().terms[code] for code in found[:most])


def suggested_terms(symptom: str | None) -> tuple[Term, ...]:
    """The terms to offer first for a reported symptom; none for one in the patient's own words."""
    known = terminology()
    return tuple(known.terms[code] for code in known.suggested.get(symptom or "", ()))


@cache
def _known_words() -> Mapping[str, frozenset[str]]:
    terms = sorted(terminology().terms.values(), key=_length)
    return {each.code: each.words for each in terms}


def _length(term: Term) -> int:
    return min(len(name.split()) for name in term.names.values())


def _term(system: Mapping[str, Any], entry: Mapping[str, Any]) -> Term:
    names = {language: entry[language] for language in ("fr", "en")}
    return Term(
        code=entry["en"],
        names=names,
        system={language: system[language] for language in ("fr", "en")},
        grades=tuple(entry["grades"]),
        words=words_in(*names.values(), *entry.get("search", ())),
    )
