"""Milestones: the dated events of a patient's way, in an order that can be true, undone where mistaken."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import SUBMITTED, Milestone, Patient, Response, Site, Visit
from app.services.definition import CONSENT, RANDOMISATION, MilestoneKind, StudyDefinition
from app.services.errors import NotFoundError, RuleError
from app.services.identifiers import refuse_identifiers
from app.services.leaving import (
    CONSENT_ENDS,
    ENDS_ALL_LINKS,
    EVERYTHING,
    NO_CONTACT,
    NOTHING_EXPECTED,
    ended_on,
    expects_nothing_from,
)
from app.services.links import end_links, links_of
from app.services.outbox import end_messages
from app.services.projection import Basis, Projection, VisitPlan, plan_projection, project_visits
from app.services.rows import hold
from app.services.schedule import local_date


@dataclass(frozen=True)
class Event:
    """A milestone that is to be recorded: its kind, its local date, and what is known besides."""

    kind: str
    occurred_on: date
    value: str | None = None
    remark: str | None = None
    # What it ends: filled in from the definition.
    ends: str | None = None


@dataclass(frozen=True)
class MilestonePreview:
    """What recording or undoing a milestone would do.

    ends_links: whether the patient's links die. answered_after: visits that were sent after the patient left.
    """

    visits: VisitPlan
    ends_links: bool
    answered_after: tuple[str, ...]


def record_milestone(
    session: Session, clock: Clock, definition: StudyDefinition, patient: Patient, event: Event
) -> Projection:
    """Records a dated event and brings the visits in step; what ends a patient's part ends their links.

    Raises RuleError: an event that the study has not, that can happen once only and did, or whose date
    or place in the patient's way cannot be; a value that its kind has not.
    """
    hold_patient(session, patient)
    checked = check_milestone(clock, definition, patient, event)
    add_milestone(session, clock, patient, checked)
    if checked.ends in NO_CONTACT:
        end_messages(session, patient, checked.kind)
    if checked.ends in NOTHING_EXPECTED:
        end_links(session, clock, links_of(session, patient), checked.kind)
    return project_visits(session, clock, definition, patient)


def preview_milestone(
    session: Session, clock: Clock, definition: StudyDefinition, patient: Patient, event: Event
) -> MilestonePreview:
    """What recording the event would do; writes nothing. Raises RuleError as recording it does."""
    checked = check_milestone(clock, definition, patient, event)
    basis = Basis(patient.arm, (*patient.milestones, checked))
    plan = plan_projection(session, clock, definition, patient, basis)
    return _preview(session, patient, plan, basis, ends_links=checked.ends in NOTHING_EXPECTED)


def undo_milestone(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    patient: Patient,
    milestone_id: int,
    reason: str,
) -> Projection:
    """Takes back a milestone that was a mistake; the row stays with the reason, the visits follow.

    Links that it ended stay dead. Raises NotFoundError for none of the patient's; RuleError without a
    reason or with an identifier in it, for consent and randomisation, and while another milestone follows
    from it.
    """
    hold_patient(session, patient)
    milestone = _undoable(definition, patient, milestone_id)
    if not reason.strip():
        raise RuleError("reason", "no_reason")
    refuse_identifiers(reason, "reason", local_date(clock.now(), ZoneInfo(patient.site.timezone)))
    mark_undone(session, clock, patient, milestone, reason)
    return project_visits(session, clock, definition, patient, {milestone.kind})


def preview_undoing(
    session: Session, clock: Clock, definition: StudyDefinition, patient: Patient, milestone_id: int
) -> MilestonePreview:
    """What undoing a milestone would do; writes nothing. Raises as undoing it does."""
    milestone = _undoable(definition, patient, milestone_id)
    basis = Basis(patient.arm, tuple(each for each in patient.milestones if each is not milestone))
    plan = plan_projection(session, clock, definition, patient, basis, {milestone.kind})
    return _preview(session, patient, plan, basis, ends_links=False)


def undone_milestones(session: Session, patient: Patient) -> Sequence[Milestone]:
    """The milestones of a patient that were a mistake, by when that was found."""
    query = select(Milestone).where(
        Milestone.study_id == patient.study_id,
        Milestone.patient_id == patient.id,
        Milestone.undone_at.is_not(None),
    )
    return session.scalars(query.order_by(Milestone.undone_at, Milestone.id)).all()


def answered_after_leaving(session: Session, patient: Patient) -> tuple[str, ...]:
    """The codes of the visits that were sent on a later local date than the one on which the patient left."""
    return _answered_after(session, patient, expects_nothing_from(patient.milestones))


def check_milestone(clock: Clock, definition: StudyDefinition, patient: Patient, event: Event) -> Event:
    """The event with what it ends, once every rule holds; RuleError names the field and the rule."""
    kinds = {each.code: each for each in definition.milestones}
    if event.kind not in kinds or event.kind in {CONSENT, RANDOMISATION}:
        raise RuleError("kind", "unknown_milestone", kind=event.kind)
    kind = kinds[event.kind]
    if kind.once and any(each.kind == event.kind for each in patient.milestones):
        raise RuleError("kind", "milestone_recorded", kind=event.kind)
    if event.value not in (kind.values or (None,)):
        raise RuleError("value", "unknown_value", value=event.value, values=", ".join(kind.values or ()))
    check_milestone_date(clock, definition, patient, "occurred_on", event.occurred_on)
    _check_order(kind, patient, event.occurred_on)
    return replace(event, ends=kind.ends)


def check_milestone_date(
    clock: Clock, definition: StudyDefinition, patient: Patient, field: str, day: date
) -> None:
    """Raises RuleError for a day before the study or the consent, or in the future."""
    check_date(clock, definition, patient.site, field, day)
    consent_on = next(each.occurred_on for each in patient.milestones if each.kind == CONSENT)
    if day < consent_on:
        raise RuleError(field, "before_consent", day=day, consent_on=consent_on)


def check_date(clock: Clock, definition: StudyDefinition, site: Site, field: str, day: date) -> None:
    """Raises RuleError for a day before the study, or in the future by the site's calendar."""
    if day < definition.starts_on:
        raise RuleError(field, "before_study", day=day, starts_on=definition.starts_on)
    today = local_date(clock.now(), ZoneInfo(site.timezone))
    if day > today:
        raise RuleError(field, "in_future", day=day, today=today)


def check_not_left(patient: Patient, field: str, day: date, ends: str | None = None) -> None:
    """Raises RuleError for a day after death, or after the withdrawal of consent unless it is the death."""
    died_on = ended_on(patient.milestones, {EVERYTHING})
    if died_on is not None and day > died_on:
        raise RuleError(field, "after_death", day=day, died_on=died_on)
    withdrawn_on = ended_on(patient.milestones, {CONSENT_ENDS})
    if withdrawn_on is not None and day > withdrawn_on and ends != EVERYTHING:
        raise RuleError(field, "after_withdrawal", day=day, withdrawn_on=withdrawn_on)


def add_milestone(session: Session, clock: Clock, patient: Patient, event: Event) -> None:
    """Adds the row of an event that was checked."""
    patient.milestones.append(
        Milestone(
            study_id=patient.study_id,
            patient_id=patient.id,
            kind=event.kind,
            occurred_on=event.occurred_on,
            recorded_at=clock.now(),
            remark=event.remark,
            value=event.value,
            ends=event.ends,
        )
    )
    session.flush()


def mark_undone(session: Session, clock: Clock, patient: Patient, milestone: Milestone, reason: str) -> None:
    """Keeps the row with the reason, and the patient without it."""
    milestone.undone_at, milestone.undone_reason = clock.now(), reason
    session.flush()
    session.refresh(patient, ["milestones"])


def hold_patient(session: Session, patient: Patient) -> None:
    """A second tap waits for the first one, and then sees what it recorded."""
    hold(session, patient)
    session.refresh(patient, ["arm", "version", "milestones"])


def _check_order(kind: MilestoneKind, patient: Patient, day: date) -> None:
    if kind.after is not None:
        first_on = next((each.occurred_on for each in patient.milestones if each.kind == kind.after), None)
        if first_on is None:
            raise RuleError("kind", "too_early", kind=kind.code, after=kind.after)
        if day < first_on:
            raise RuleError("occurred_on", "before_milestone", day=day, after=kind.after, on=first_on)
    check_not_left(patient, "occurred_on", day, kind.ends)
    if kind.ends in ENDS_ALL_LINKS:
        last = max(patient.milestones, key=lambda each: each.occurred_on)
        if last.occurred_on > day and (kind.ends == EVERYTHING or last.ends != EVERYTHING):
            raise RuleError("occurred_on", "milestone_later", day=day, kind=last.kind, on=last.occurred_on)


def _undoable(definition: StudyDefinition, patient: Patient, milestone_id: int) -> Milestone:
    milestone = next((each for each in patient.milestones if each.id == milestone_id), None)
    if milestone is None:
        raise NotFoundError("milestone", str(milestone_id))
    if milestone.kind in {CONSENT, RANDOMISATION}:
        raise RuleError("kind", "not_undone", kind=milestone.kind)
    later = {each.code for each in definition.milestones if each.after == milestone.kind}
    follower = next((each for each in patient.milestones if each.kind in later), None)
    if follower is not None:
        raise RuleError("kind", "needed_by", kind=milestone.kind, by=follower.kind)
    return milestone


def _preview(
    session: Session, patient: Patient, plan: VisitPlan, basis: Basis, *, ends_links: bool
) -> MilestonePreview:
    left_on = expects_nothing_from(basis.milestones)
    return MilestonePreview(plan, ends_links, _answered_after(session, patient, left_on))


def _answered_after(session: Session, patient: Patient, left_on: date | None) -> tuple[str, ...]:
    if left_on is None:
        return ()
    query = (
        select(Visit.code, Response.submitted_at)
        .join(Response, Response.visit_id == Visit.id)
        .where(Response.study_id == patient.study_id, Response.patient_id == patient.id)
        .where(Response.status == SUBMITTED, Response.voided_at.is_(None))
        .order_by(Visit.due_on, Visit.id)
    )
    zone = ZoneInfo(patient.site.timezone)
    late = [code for code, at in session.execute(query) if at and local_date(at, zone) > left_on]
    return tuple(dict.fromkeys(late))
