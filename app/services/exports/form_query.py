"""The forms of a study in one statement, so that all of them are seen at the same instant."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Subquery, and_, case, func, select

from app.models import MAIN, SUBMITTED, Milestone, Patient, Response, Site, Study, Visit
from app.services.corrected_scores import current_scores, latest_corrections
from app.services.definition import CONSENT, RANDOMISATION, REINTRODUCTION
from app.services.visits import UNSCHEDULED
from scoring import Instrument

MILESTONES = {"consent_on": CONSENT, "randomised_on": RANDOMISATION, "reintroduced_on": REINTRODUCTION}


def form_query(study: Study, instrument: Instrument, visits: Collection[str] | None) -> Any:
    """A row for each planned visit of the study (those in `visits`), with its form where there is one.

    Answers and scores are those that stand after corrections, sent_answers those of the sending.
    Named as in the table; besides: answers, sent_answers, timezone, questionnaires, opens_at, closes_at,
    arm_disclosed_at, is_submitted, and last the stored scores as in score_names.
    """
    milestones, scores, latest = _milestones(study), _scores(study, instrument), latest_corrections()
    of_visit = and_(
        Response.visit_id == func.coalesce(Visit.served_by_id, Visit.id),
        Response.entry == MAIN,
        Response.instrument == instrument.code,
    )
    query = (
        select(
            *_facts(), *_answers(latest), *(milestones.c[name] for name in MILESTONES), *list(scores.c)[1:]
        )
        .join(Patient, Visit.patient_id == Patient.id)
        .join(Site, Patient.site_id == Site.id)
        .outerjoin(Response, of_visit)
        .outerjoin(latest, latest.c.response_id == Response.id)
        .outerjoin(milestones, milestones.c.patient_id == Patient.id)
        .outerjoin(scores, scores.c.response_id == Response.id)
        .where(Visit.study_id == study.id, Visit.anchor != UNSCHEDULED)
    )
    return query if visits is None else query.where(Visit.code.in_(visits))


def score_names(instrument: Instrument) -> list[str]:
    """The columns of scores: each scale and the summary with its number of items answered, and the scorer."""
    return [*(name for code in _codes(instrument) for name in (code, f"{code}_n")), "scorer_version"]


def _codes(instrument: Instrument) -> list[str]:
    summary = [instrument.summary.code] if instrument.summary else []
    return [*(scale.code for scale in instrument.scales), *summary]


def _facts() -> list[Any]:
    return [
        Site.number.label("site"),
        Site.timezone,
        Patient.code.label("patient"),
        Patient.language.label("patient_language"),
        Patient.arm,
        Patient.arm_disclosed_at,
        Visit.code.label("visit"),
        Visit.anchor,
        Visit.due_on,
        Visit.opens_on,
        Visit.closes_on,
        Visit.opens_at,
        Visit.closes_at,
        Visit.questionnaires,
        Visit.ends_on,
        Visit.definition_version,
        Response.started_at,
        Response.saved_at,
        Response.submitted_at,
        Response.status,
        (Response.status == SUBMITTED).label("is_submitted"),
        Response.mode,
        Response.helper,
        Response.help_kinds,
        Response.completed_on,
        Response.languages,
        Response.instrument_version,
        Response.wording_status,
        Response.wording_sha256,
        Response.software_version,
    ]


def _answers(latest: Subquery) -> list[Any]:
    return [
        latest.c.correction_id.is_not(None).label("corrected_flag"),
        Response.answers.label("sent_answers"),
        func.coalesce(latest.c.answers, Response.answers).label("answers"),
    ]


def _milestones(study: Study) -> Subquery:
    """The first date of each milestone that the table shows, by patient."""
    dates = [
        func.min(case((Milestone.kind == kind, Milestone.occurred_on))).label(name)
        for name, kind in MILESTONES.items()
    ]
    query = select(Milestone.patient_id, *dates).where(
        Milestone.study_id == study.id, Milestone.undone_at.is_(None)
    )
    return query.group_by(Milestone.patient_id).subquery()


def _scores(study: Study, instrument: Instrument) -> Subquery:
    """The stored scores of each response side by side."""
    now, columns = current_scores().c, list[Any]()
    for code in _codes(instrument):
        columns.append(func.max(case((now.scale == code, now.value))).label(code))
        columns.append(func.max(case((now.scale == code, now.n_answered))).label(f"{code}_n"))
    version = func.max(now.scorer_version).label("scorer_version")
    query = select(now.response_id, *columns, version).where(now.study_id == study.id)
    return query.group_by(now.response_id).subquery()
