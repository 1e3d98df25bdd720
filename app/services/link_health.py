"""How far the links of a visit have come: issued, sent, fetched, opened, at item 12 of 30, submitted.

Fetched: a program or a person looked at it. Opened: a person tapped, which no program does.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, joinedload

from app.clock import Clock
from app.models import (
    BOUNCED,
    DRAFT,
    FAILED,
    SENT,
    UNCERTAIN,
    VISIT_LINK,
    Link,
    Message,
    Patient,
    Response,
    Visit,
)
from app.services.definition import StudyDefinition
from app.services.links import find_link_by_id
from app.services.survey import Survey, progress


class Stage(StrEnum):
    """The furthest that any link of the latest issue has come."""

    NONE = "none"
    REVOKED = "revoked"
    ISSUED = "issued"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    BOUNCED = "bounced"
    SENT = "sent"
    FETCHED = "fetched"
    OPENED = "opened"
    IN_PROGRESS = "in progress"
    SUBMITTED = "submitted"


# Where a link is not known to have been opened: what became of its message.
BY_MESSAGE = {
    SENT: Stage.SENT,
    BOUNCED: Stage.BOUNCED,
    FAILED: Stage.FAILED,
    UNCERTAIN: Stage.UNCERTAIN,
}


@dataclass(frozen=True)
class LinkStep:
    """One link and what is known of it; `channel` "screen", "paper", "email" or "sms".

    fetched_at: when it was last noted that somebody or something looked at it, before anybody began.
    """

    issue: int
    channel: str
    issued_at: datetime
    sent_at: datetime | None
    fetched_at: datetime | None
    opened_at: datetime | None
    revoked_at: datetime | None
    revoked_reason: str | None
    stage: Stage


@dataclass(frozen=True)
class VisitLinks:
    """The links of a visit, the latest first; settled: questions answered or skipped, of `total`."""

    stage: Stage
    links: tuple[LinkStep, ...]
    settled: int = 0
    total: int = 0
    submitted_at: datetime | None = None

    @property
    def fetched_at(self) -> datetime | None:
        """When a link of the latest issue was last looked at."""
        return max((each.fetched_at for each in self._latest if each.fetched_at), default=None)

    @property
    def opened_at(self) -> datetime | None:
        """When a person first began by a link of the latest issue."""
        return min((each.opened_at for each in self._latest if each.opened_at), default=None)

    @property
    def _latest(self) -> list[LinkStep]:
        return [each for each in self.links if each.issue == self.links[0].issue]


def link_health(session: Session, clock: Clock, definition: StudyDefinition, visit: Visit) -> VisitLinks:
    """How far the links of a visit have come. The caller has made sure that the visit may be seen."""
    query = (
        select(Link, Message)
        .outerjoin(Message, Message.link_id == Link.id)
        .where(Link.study_id == visit.study_id, Link.visit_id == visit.id, Link.kind == VISIT_LINK)
        .options(joinedload(Link.fetch))
        .order_by(Link.ordinal.desc(), Link.id.desc())
    )
    steps = tuple(_step(link, message) for link, message in session.execute(query))
    found = find_link_by_id(session, clock, _latest_id(session, visit)) if steps else None
    if found is None:
        return VisitLinks(Stage.NONE, ())
    survey = Survey(found, definition)
    settled, total = sum(place.is_settled for place in survey.asked), len(survey.asked)
    sent_back = max((each.submitted_at for each in found.responses if each.submitted_at), default=None)
    stage = _furthest(steps)
    if sent_back is not None:
        stage = Stage.SUBMITTED
    elif settled and stage is Stage.OPENED:
        stage = Stage.IN_PROGRESS
    return VisitLinks(stage, steps, settled, total, sent_back)


def health_of_patient(
    session: Session, definition: StudyDefinition, patient: Patient
) -> dict[int, VisitLinks]:
    """How far the links of each visit of a patient have come, by the visit's id. One query.

    What was submitted is left to the visit's own state: here such a link stays opened.
    """
    query = (
        select(Link, Message, Visit.questionnaires, Response.instrument, Response.answers)
        .join(Visit, Visit.id == Link.visit_id)
        .outerjoin(Message, Message.link_id == Link.id)
        .outerjoin(Response, _draft_of_visit())
        .where(Link.study_id == patient.study_id, Link.patient_id == patient.id, Link.kind == VISIT_LINK)
        .options(joinedload(Link.fetch))
        .order_by(Link.ordinal.desc(), Link.id.desc())
    )
    steps: dict[int, dict[int, LinkStep]] = {}
    asked: dict[int, list[str]] = {}
    drafts: dict[int, dict[str, dict[str, Any]]] = {}
    for link, message, questionnaires, instrument, answers in session.execute(query):
        steps.setdefault(link.visit_id, {})[link.id] = _step(link, message)
        asked[link.visit_id] = questionnaires
        if instrument is not None:
            drafts.setdefault(link.visit_id, {})[instrument] = answers
    return {
        key: _health(tuple(found.values()), progress(definition, asked[key], drafts.get(key, {})))
        for key, found in steps.items()
    }


def _health(steps: tuple[LinkStep, ...], settled_of_total: tuple[int, int]) -> VisitLinks:
    stage, (settled, total) = _furthest(steps), settled_of_total
    if settled and stage is Stage.OPENED:
        stage = Stage.IN_PROGRESS
    return VisitLinks(stage, steps, settled, total)


def _draft_of_visit() -> ColumnElement[bool]:
    return and_(Response.visit_id == Visit.id, Response.status == DRAFT, Response.voided_at.is_(None))


def _latest_id(session: Session, visit: Visit) -> int:
    query = select(Link.id).where(
        Link.study_id == visit.study_id, Link.visit_id == visit.id, Link.kind == VISIT_LINK
    )
    return session.scalars(query.order_by(Link.ordinal.desc(), Link.id.desc()).limit(1)).one()


def _furthest(steps: tuple[LinkStep, ...]) -> Stage:
    order = list(Stage)
    latest = [each.stage for each in steps if each.issue == steps[0].issue]
    return max(latest, key=order.index)


def _step(link: Link, message: Message | None) -> LinkStep:
    return LinkStep(
        issue=link.ordinal,
        channel=link.channel,
        issued_at=link.issued_at,
        sent_at=message.sent_at if message else None,
        fetched_at=link.fetch.last_at if link.fetch else None,
        opened_at=link.opened_at,
        revoked_at=link.revoked_at,
        revoked_reason=link.revoked_reason,
        stage=_stage(link, message),
    )


def _stage(link: Link, message: Message | None) -> Stage:
    if link.revoked_at is not None:
        return Stage.REVOKED
    if link.opened_at is not None:
        return Stage.OPENED
    if link.fetch is not None:
        return Stage.FETCHED
    return BY_MESSAGE.get(message.state, Stage.ISSUED) if message else Stage.ISSUED
