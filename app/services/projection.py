"""The stored visits of a patient, kept in step with the schedule: planned without writing, then written.

What is answered, linked, open or past never moves; only a mistake that is undone takes back what it brought.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import SUBMITTED, Link, Patient, Response, Visit
from app.services.definition import StudyDefinition
from app.services.leaving import Happened, expects_nothing_from
from app.services.overlaps import Slot, served_by
from app.services.schedule import PlannedVisit, nominal_visits, plan_visits, window
from app.services.visits import visits_of


@dataclass(frozen=True)
class Projection:
    """What a milestone or an amendment did to visits: codes, prefixed by the patient's.

    closed: nothing is expected of them any more. reopened: the reverse.
    """

    added: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()

    def __add__(self, other: "Projection") -> "Projection":
        return Projection(
            self.added + other.added,
            self.moved + other.moved,
            self.removed + other.removed,
            self.closed + other.closed,
            self.reopened + other.reopened,
        )


@dataclass(frozen=True)
class Basis:
    """What a patient's visits follow from, as it is or as it would be."""

    arm: str | None
    milestones: tuple[Happened, ...]

    @property
    def dates(self) -> dict[str, date]:
        """The local date of each milestone by its code, of one that repeats the last."""
        return {each.kind: each.occurred_on for each in sorted(self.milestones, key=lambda x: x.occurred_on)}


@dataclass(frozen=True)
class VisitPlan:
    """What is to become of a patient's visits: ends_on and servers by code, of all visits that stay.

    closed: those that are not expected any more, or close before their time; reopened: the reverse.
    """

    stored: Mapping[str, Visit]
    added: tuple[PlannedVisit, ...]
    moved: tuple[tuple[Visit, PlannedVisit], ...]
    removed: tuple[Visit, ...]
    ends_on: Mapping[str, date | None]
    servers: Mapping[str, str | None]
    closed: tuple[str, ...]
    reopened: tuple[str, ...]


@dataclass(frozen=True)
class _Stored:
    """The visits of a patient as they stand, and which of them somebody has touched."""

    visits: Mapping[str, Visit]
    linked: Collection[int]
    begun: Collection[int]
    sent: Collection[int]

    @property
    def sent_codes(self) -> set[str]:
        """The visits whose questionnaires were sent."""
        return {code for code, visit in self.visits.items() if visit.id in self.sent}

    def is_touched(self, visit: Visit) -> bool:
        return visit.id in self.linked or visit.id in self.begun


def project_visits(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    patient: Patient,
    mistaken: Collection[str] = (),
) -> Projection:
    """Brings the stored visits in step with the schedule; what is past, open, linked or answered never moves.

    mistaken: anchors that were undone or corrected; their visits go or move while nobody touched them.
    Unscheduled visits are none of the schedule's.
    """
    plan = plan_projection(session, clock, definition, patient, _basis_of(patient), mistaken)
    _write(session, definition, patient, plan)
    return Projection(
        *(
            tuple(f"{patient.code} {code}" for code in codes)
            for codes in (
                [each.code for each in plan.added],
                [each.code for _, each in plan.moved],
                [each.code for each in plan.removed],
                plan.closed,
                plan.reopened,
            )
        )
    )


def plan_projection(
    session: Session,
    clock: Clock,
    definition: StudyDefinition,
    patient: Patient,
    basis: Basis,
    mistaken: Collection[str] = (),
) -> VisitPlan:
    """What would become of the visits on this basis; writes nothing."""
    now, zone, stored = clock.now(), ZoneInfo(patient.site.timezone), _stored(session, patient)
    planned = {each.code: each for each in plan_visits(definition, basis.arm, basis.dates)}
    free = {
        code
        for code, visit in stored.visits.items()
        if not stored.is_touched(visit) and (visit.opens_at > now or visit.anchor in mistaken)
    }
    known = stored.visits
    moved = {c for c, each in planned.items() if c in free and _differs(known[c], each, zone)}
    removed = [visit for code, visit in known.items() if code in free and code not in planned]
    gone = {each.code for each in removed}
    after: dict[str, Visit | PlannedVisit] = {c: v for c, v in known.items() if c not in gone | moved}
    after |= {code: each for code, each in planned.items() if code in moved or code not in known}
    never = _never_planned(definition, basis)
    orphans = {c for c, v in known.items() if v.anchor in mistaken or c in never}
    orphans -= {*planned, *gone, *stored.sent_codes}
    last_day = expects_nothing_from(basis.milestones)
    ends_on = {
        code: _ends_on(visit, last_day, definition, is_orphan=code in orphans)
        for code, visit in after.items()
    }
    ended = {code for code, visit in known.items() if visit.ends_on is not None}
    return VisitPlan(
        stored=known,
        added=tuple(each for code, each in planned.items() if code not in known),
        moved=tuple((known[code], planned[code]) for code in planned if code in moved),
        removed=tuple(removed),
        ends_on=ends_on,
        servers=served_by(_slots(stored, after, free, zone), now),
        closed=tuple(code for code, day in ends_on.items() if day and code not in ended),
        reopened=tuple(code for code, day in ends_on.items() if not day and code in ended),
    )


def _never_planned(definition: StudyDefinition, basis: Basis) -> set[str]:
    """The visits whose milestone has not happened, or whose arm is another one: left by a mistake undone."""
    return {
        each.code
        for each in nominal_visits(definition)
        if each.anchor not in basis.dates or (each.arms is not None and basis.arm not in each.arms)
    }


def _basis_of(patient: Patient) -> Basis:
    return Basis(patient.arm, tuple(patient.milestones))


def _stored(session: Session, patient: Patient) -> _Stored:
    visits = {visit.code: visit for visit in visits_of(session, patient)}
    linked = select(Link.visit_id).where(
        Link.study_id == patient.study_id, Link.patient_id == patient.id, Link.visit_id.is_not(None)
    )
    answered = select(Response.visit_id, Response.status).where(
        Response.study_id == patient.study_id, Response.patient_id == patient.id
    )
    found = session.execute(answered).all()
    return _Stored(
        visits,
        {each for each in session.scalars(linked) if each is not None},
        {visit for visit, _ in found},
        {visit for visit, status in found if status == SUBMITTED},
    )


def _ends_on(
    visit: Visit | PlannedVisit, last_day: date | None, definition: StudyDefinition, *, is_orphan: bool
) -> date | None:
    """From when on a visit is not expected: one whose anchor was a mistake never was.

    The study's end leaves the window of a visit that is due before it as it is.
    """
    if is_orphan:
        return min(visit.due_on, last_day or visit.due_on)
    if definition.ends_on is not None and visit.due_on >= definition.ends_on:
        return min(definition.ends_on, last_day or definition.ends_on)
    return last_day if last_day is not None and visit.closes_on >= last_day else None


def _slots(
    stored: _Stored,
    after: Mapping[str, Visit | PlannedVisit],
    free: Collection[str],
    zone: ZoneInfo,
) -> Iterable[Slot]:
    codes = {visit.id: code for code, visit in stored.visits.items()}
    for code, each in after.items():
        visit = stored.visits.get(code)
        opens_at, closes_at = window(each, zone)
        yield Slot(
            code=code,
            anchor=each.anchor,
            opens_at=opens_at,
            closes_at=closes_at,
            due_on=each.due_on,
            questionnaires=frozenset(each.questionnaires),
            is_free=visit is None or code in free,
            is_begun=visit is not None and visit.id in stored.begun,
            server=codes.get(visit.served_by_id or 0) if visit is not None else None,
        )


def _write(session: Session, definition: StudyDefinition, patient: Patient, plan: VisitPlan) -> None:
    zone, visits = ZoneInfo(patient.site.timezone), dict(plan.stored)
    for planned in plan.added:
        visit = Visit(study_id=patient.study_id, patient_id=patient.id, code=planned.code)
        _place(visit, planned, zone, definition)
        session.add(visit)
        visits[planned.code] = visit
    for visit, planned in plan.moved:
        _place(visit, planned, zone, definition)
    for code, day in plan.ends_on.items():
        visits[code].ends_on = day
    # The rows that a visit refers to have their ids by now, and those that go are referred to no more.
    session.flush()
    for code, server in plan.servers.items():
        visits[code].served_by_id = visits[server].id if server else None
    session.flush()
    for visit in plan.removed:
        session.delete(visit)
    session.flush()


def _differs(visit: Visit, planned: PlannedVisit, zone: ZoneInfo) -> bool:
    return any(getattr(visit, name) != value for name, value in _dates(planned, zone).items())


def _place(visit: Visit, planned: PlannedVisit, zone: ZoneInfo, definition: StudyDefinition) -> None:
    for name, value in _dates(planned, zone).items():
        setattr(visit, name, value)
    visit.definition_version = definition.version


def _dates(planned: PlannedVisit, zone: ZoneInfo) -> dict[str, Any]:
    opens_at, closes_at = window(planned, zone)
    return {
        "anchor": planned.anchor,
        "due_on": planned.due_on,
        "opens_on": planned.opens_on,
        "closes_on": planned.closes_on,
        "opens_at": opens_at,
        "closes_at": closes_at,
        "questionnaires": list(planned.questionnaires),
    }
