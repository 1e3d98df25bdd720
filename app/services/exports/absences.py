"""Why a form is not there: what the patient left by, or the coded reason that the site gave."""

from datetime import date
from typing import Any

from app.services.exports.form_query import ENTRY, PART
from app.services.visits import VisitState

# Why a form is not expected, where it is no milestone of the study.
STUDY_END, UNDONE = "study_end", "undone"
# The states of a form whose reason is asked for.
ASKED = frozenset({VisitState.MISSING, VisitState.PARTIAL})


def why_not_expected(row: Any, state: VisitState, study_ends_on: date | None) -> str | None:
    """All that had ended the expectation by the day due, by date, separated by a space.

    UNDONE where nothing had: the milestone that the visit is counted from was a mistake.
    """
    if state is not VisitState.NOT_EXPECTED:
        return None
    entries = sorted(entry.split(PART) for entry in (row.leavings or "").split(ENTRY) if entry)
    found = [kind for day, kind in entries if date.fromisoformat(day) <= row.due_on]
    if study_ends_on is not None and study_ends_on <= row.due_on:
        found.append(STUDY_END)
    return " ".join(dict.fromkeys(found)) or UNDONE


def why_missing(row: Any, state: VisitState) -> tuple[str | None, int]:
    """The code of the reason on record, and 1 where there are words beside it, which never leave the site."""
    return (row.reason, int(row.has_text)) if state in ASKED else (None, 0)
