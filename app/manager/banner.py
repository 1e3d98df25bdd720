"""What stands above every front page of staff while approved wording is not what was approved."""

from dataclasses import dataclass

from flask import g, request, url_for

from app.db import db
from app.manager import blueprint, words
from app.services.access import Permission
from app.services.wording import BrokenSeal, broken_seals

FRONT_PAGES = frozenset({"nurse.front", "analyst.front", "manager.front"})


@dataclass(frozen=True)
class BrokenWording:
    """A wording that is served to nobody; `url` where the reader can mend it."""

    study: str
    name: str
    language: str
    url: str | None


@blueprint.app_context_processor
def broken_wording() -> dict[str, object]:
    """Gives templates broken_wordings(), which asks the database on front pages alone."""
    return {"broken_wordings": _broken}


def _broken() -> list[BrokenWording]:
    if request.endpoint not in FRONT_PAGES or "actor" not in g:
        return []
    study_ids = sorted({each.study_id for each in g.actor.grants if each.study_id})
    return [
        BrokenWording(
            each.study, words.name_of(each.questionnaire), str(words.LANGUAGES[each.language]), _url(each)
        )
        for each in broken_seals(db.session, study_ids)
    ]


def _url(broken: BrokenSeal) -> str | None:
    if not g.actor.may_at(Permission.MANAGE_WORDING, broken.study_id, None):
        return None
    return url_for(
        "manager.wording",
        study=broken.study,
        questionnaire=broken.questionnaire,
        language=broken.language,
    )
