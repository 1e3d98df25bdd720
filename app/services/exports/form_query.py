"""The forms of a study in one statement, so that all of them are seen at the same instant."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    Subquery,
    and_,
    case,
    cast,
    extract,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from app.models import (
    MAIN,
    SUBMITTED,
    Milestone,
    MissingReason,
    Patient,
    Response,
    Site,
    SiteStay,
    Study,
    Visit,
)
from app.services.corrected_scores import current_scores, latest_corrections
from app.services.definition import CONSENT, RANDOMISATION, REINTRODUCTION
from app.services.leaving import NOTHING_EXPECTED
from app.services.visits import UNSCHEDULED
from scoring import Instrument

MILESTONES = {"consent_on": CONSENT, "randomised_on": RANDOMISATION, "reintroduced_on": REINTRODUCTION}
# Between the entries of a list that one cell of the statement carries, and between the parts of an entry.
ENTRY, PART = ";", " "
Server = aliased(Visit)


def form_query(study: Study, instrument: Instrument, visits: Collection[str] | None) -> Any:
    """A row for each visit of the study (of the planned ones those in `visits`), with its form if any.

    Answers and scores are those that stand after corrections, sent_answers those of the sending.
    Named as in the table; besides: answers, sent_answers, timezone, questionnaires, opens_at, closes_at,
    arm_disclosed_at, is_submitted, ends_on, stays ("day site zone" of each stay of a patient who was
    transferred), leavings ("day kind" of each milestone that ended something), in no order, and last the
    stored scores as in score_names.
    """
    milestones, scores, latest = _milestones(study), _scores(study, instrument), latest_corrections()
    stays = _stays(study)
    # The form of the visit, or of the one whose questionnaires serve it.
    form_of = func.coalesce(Visit.served_by_id, Visit.id)
    of_visit = and_(
        Response.visit_id == form_of,
        Response.entry == MAIN,
        Response.voided_at.is_(None),
        Response.instrument == instrument.code,
    )
    query = (
        select(
            *_facts(),
            *_answers(latest),
            stays.c.stays,
            *(milestones.c[name] for name in (*MILESTONES, "leavings")),
            *list(scores.c)[1:],
        )
        .join(Patient, Visit.patient_id == Patient.id)
        .join(Site, Patient.site_id == Site.id)
        .outerjoin(Server, Server.id == Visit.served_by_id)
        .outerjoin(MissingReason, MissingReason.visit_id == form_of)
        .outerjoin(Response, of_visit)
        .outerjoin(latest, latest.c.response_id == Response.id)
        .outerjoin(milestones, milestones.c.patient_id == Patient.id)
        .outerjoin(stays, stays.c.patient_id == Patient.id)
        .outerjoin(scores, scores.c.response_id == Response.id)
        .where(Visit.study_id == study.id)
    )
    if visits is None:
        return query
    return query.where(or_(Visit.code.in_(visits), Visit.anchor == UNSCHEDULED))


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
        Visit.study_id,
        Visit.patient_id,
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
        Server.code.label("served_by"),
        MissingReason.reason.label("reason"),
        MissingReason.text.is_not(None).label("has_text"),
        Response.started_at,
        Response.saved_at,
        Response.submitted_at,
        Response.status,
        (Response.status == SUBMITTED).label("is_submitted"),
        Response.mode,
        Response.place,
        Response.helper,
        Response.help_kinds,
        Response.completed_on,
        Response.treatment_state,
        Response.treatment_days,
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
    """The first date of each milestone that the table shows, and those by which one leaves, by patient."""
    dates = [
        func.min(case((Milestone.kind == kind, Milestone.occurred_on))).label(name)
        for name, kind in MILESTONES.items()
    ]
    leaving = case((Milestone.ends.in_(NOTHING_EXPECTED), _entry(Milestone.occurred_on, Milestone.kind)))
    leavings = func.aggregate_strings(leaving, ENTRY).label("leavings")
    query = select(Milestone.patient_id, *dates, leavings).where(
        Milestone.study_id == study.id, Milestone.undone_at.is_(None)
    )
    return query.group_by(Milestone.patient_id).subquery()


def _stays(study: Study) -> Subquery:
    """The sites of each patient who was transferred, with the day from which on they belonged to it."""
    stay = _entry(SiteStay.from_on, Site.number, Site.timezone)
    query = select(SiteStay.patient_id, func.aggregate_strings(stay, ENTRY).label("stays"))
    query = query.join(Site, Site.id == SiteStay.site_id).where(SiteStay.study_id == study.id)
    return query.group_by(SiteStay.patient_id).subquery()


def _entry(day: Any, *parts: Any) -> ColumnElement[str]:
    """A date as 20261231, which no setting of a database writes otherwise, and what goes with it."""
    number = extract("year", day) * 10000 + extract("month", day) * 100 + extract("day", day)
    entry: ColumnElement[str] = cast(cast(number, Integer), String)
    for part in parts:
        entry = entry + literal(PART) + part
    return entry


def _scores(study: Study, instrument: Instrument) -> Subquery:
    """The stored scores of each response side by side."""
    now, columns = current_scores().c, list[Any]()
    for code in _codes(instrument):
        columns.append(func.max(case((now.scale == code, now.value))).label(code))
        columns.append(func.max(case((now.scale == code, now.n_answered))).label(f"{code}_n"))
    version = func.max(now.scorer_version).label("scorer_version")
    query = select(now.response_id, *columns, version).where(now.study_id == study.id)
    return query.group_by(now.response_id).subquery()
