"""Drafts as a page's script meets them when it saves answers: rows instead of objects.

Nearly all requests of patients are these, one for each answer, and loading and flushing objects was the
greater part of their cost. Nothing is decided here: where a link stands is said by links.state_of, which
answer stands by responses.merged, and what the trail holds by replaced_answers.

Nothing is held while a draft is read and answers are merged into it: it is written only if it still is what
was read. Who finds that another browser was quicker does it once more, holding the drafts.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Text, and_, bindparam, cast, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.clock import Clock
from app.models import MAIN, SUBMITTED, Link, Patient, Response, Site, Study, Visit, WebSession
from app.models.response import replaced_answers
from app.services.audit import AuditContext, act_as, change_row
from app.services.definition import StudyDefinition
from app.services.errors import RuleError
from app.services.late_answers import keep_late_answers
from app.services.links import LinkState, state_of
from app.services.questionnaires import Questionnaire, questionnaire
from app.services.responses import Answer, check_answer, merged
from app.services.schedule import local_date
from app.services.studies import definition_of

DRAFT = (
    Response.id,
    Response.instrument,
    Response.status,
    Response.started_at,
    Response.saved_at,
    # As they are stored: most requests touch one of a visit's drafts.
    cast(Response.answers, Text),
    cast(Response.languages, Text),
    Response.revision,
)
COUNTS = (Response.visit_id == Visit.id, Response.entry == MAIN, Response.voided_at.is_(None))
# A row for each draft, or one without: what is known of the link comes twice, but by one way there and back.
# Built once: building it costs as much as running it.
SAVING = (
    select(
        *DRAFT,
        WebSession.data,
        WebSession.ended_at,
        WebSession.expires_at,
        Link.id.label("link_id"),
        Link.study_id,
        Link.patient_id,
        Link.visit_id,
        Link.revoked_at,
        Visit.opens_at,
        Visit.closes_at,
        Visit.ends_on,
        Patient.code,
        Patient.language,
        Site.timezone,
        Study.definition_version,
        Study.definition_sha256,
    )
    .join_from(WebSession, Link, Link.id == WebSession.link_id)
    .join(Visit, Visit.id == Link.visit_id)
    .join(Patient, Patient.id == Link.patient_id)
    .join(Site, Site.id == Patient.site_id)
    .join(Study, Study.id == Link.study_id)
    .outerjoin(Response, and_(*COUNTS))
    .where(WebSession.id_hash == bindparam("key"))
)
HELD_DRAFTS = select(*DRAFT).join(Visit, and_(*COUNTS)).where(Visit.id == bindparam("key"))
HELD_DRAFTS = HELD_DRAFTS.with_for_update(of=Response)


@dataclass(frozen=True)
class Draft:
    """A response as it is stored; sent ones too."""

    id: UUID
    instrument: str
    status: str
    started_at: datetime
    saved_at: datetime | None
    answers_json: str
    languages_json: str
    revision: int

    @cached_property
    def answers(self) -> dict[str, Any]:
        """What is stored by item."""
        answers: dict[str, Any] = json.loads(self.answers_json)
        return answers

    @cached_property
    def languages(self) -> list[str]:
        """In which languages it was answered."""
        languages: list[str] = json.loads(self.languages_json)
        return languages

    @property
    def is_submitted(self) -> bool:
        """Whether the patient has sent it."""
        return self.status == SUBMITTED


@dataclass(frozen=True)
class Saving:
    """What saving answers needs to know of a patient's session and of the link that opened it."""

    session_hash: str
    session_data: dict[str, Any]
    # Whether the session is, and not only was.
    is_live: bool
    link_id: int
    patient_id: int
    code: str
    language: str
    timezone: str
    definition: StudyDefinition
    drafts: tuple[Draft, ...]
    state: LinkState
    is_revoked: bool


@dataclass(frozen=True)
class Change:
    """What answers make of a draft: its columns as they will be, and the saved answers that are replaced."""

    draft: Draft
    values: dict[str, Any]
    replaced: dict[str, list[Any]]


@dataclass
class Sorted:
    """Where answers belong: to drafts, beside what was sent or is closed, or (their numbers) nowhere."""

    changes: list[Change]
    late: list[tuple[Draft, list[Answer]]]
    refused: set[int]

    @property
    def is_one_statement(self) -> bool:
        """Whether one statement keeps it all, which needs no transaction: so it is nearly always."""
        return not self.late and len(self.changes) <= 1 and not any(each.replaced for each in self.changes)


@dataclass(frozen=True)
class Saved:
    """Where the link stands, when anything was saved last, and the running numbers that no item takes."""

    state: LinkState
    saved_at: datetime | None
    refused: set[int]


class Sessions(Protocol):
    """Where a request writes."""

    @property
    def single(self) -> Session:
        """By single statements, each a transaction of its own."""
        ...

    @property
    def session(self) -> Session:
        """In transactions, which the trail needs."""
        ...


class RevokedError(RuntimeError):
    """The link was revoked: nothing that comes by it is kept."""


def find_saving(
    session: Session, clock: Clock, session_hash: str, *, to_change: bool = False
) -> Saving | None:
    """The link of a patient's session, live or over, by its secret's hash; None for any other.

    to_change: its responses are held from now on, until the transaction ends.
    """
    connection, now = session.connection(), clock.now()
    rows = connection.execute(SAVING, {"key": session_hash}).all()
    if not rows:
        return None
    link = rows[0]
    if to_change:
        rows = connection.execute(HELD_DRAFTS, {"key": link.visit_id}).all()
    drafts = tuple(Draft(*row[: len(DRAFT)]) for row in rows if row.id is not None)
    return Saving(
        session_hash=session_hash,
        session_data=link.data,
        is_live=link.ended_at is None and link.expires_at > now,
        link_id=link.link_id,
        patient_id=link.patient_id,
        code=link.code,
        language=link.language,
        timezone=link.timezone,
        definition=definition_of(session, link.study_id, link.definition_version, link.definition_sha256),
        drafts=drafts,
        state=state_of(link.revoked_at, link, drafts, now),
        is_revoked=link.revoked_at is not None,
    )


def save_answers(sessions: Sessions, clock: Clock, saving: Saving, answers: list[Answer]) -> Saved:
    """Merges answers into the visit's drafts; after sending or closing keeps them apart. Commits.

    Raises RevokedError.
    """
    found = sort_answers(clock, saving, answers)
    try:
        session = sessions.single if found.is_one_statement else _writer(sessions, clock, saving)
        return _keep(session, clock, saving, found)
    except StaleDataError:
        # Another browser with the same link was quicker. Once more, and nobody gets in between.
        writer = _writer(sessions, clock, saving)
        held = find_saving(writer, clock, saving.session_hash, to_change=True)
        assert held is not None, "sessions and links are never deleted"
        return _keep(writer, clock, held, sort_answers(clock, held, answers))


def sort_answers(clock: Clock, saving: Saving, answers: list[Answer]) -> Sorted:
    """Which answers belong where, and what they make of the drafts. Raises RevokedError."""
    if saving.is_revoked:
        raise RevokedError
    now = clock.now()
    today = local_date(now, ZoneInfo(saving.timezone))
    found = Sorted([], [], set())
    for draft in saving.drafts:
        asked = questionnaire(saving.definition, draft.instrument)
        mine = [each for each in answers if each.item in asked.by_id]
        answers = [each for each in answers if each.item not in asked.by_id]
        right = [each for each in mine if _is_right(asked, each, today)]
        found.refused |= {each.sequence for each in mine if each not in right}
        if not right:
            continue
        if saving.state is not LinkState.OPEN or draft.is_submitted:
            found.late.append((draft, right))
        elif change := change_of(draft, right, now):
            found.changes.append(change)
    found.refused |= {each.sequence for each in answers}
    return found


def change_of(draft: Draft, answers: Iterable[Answer], now: datetime) -> Change | None:
    """What a draft becomes with these answers, merged as responses.merge_answers does; None for the same."""
    after = merged(draft, answers, now)
    if after is None:
        return None
    stored, languages = after
    values = {"answers": stored, "languages": languages, "saved_at": now}
    return Change(draft, values, replaced_answers(draft.answers, stored))


def keep(session: Session, clock: Clock, saving: Saving, found: Sorted) -> None:
    """Writes changes of drafts with their trail, and what came too late beside them.

    Raises StaleDataError where a draft is not what was read any more.
    """
    for change in found.changes:
        change_row(
            session,
            Response,
            (change.draft.id, change.draft.revision),
            change.values,
            f"patient:{saving.patient_id}",
            {"answers": change.replaced} if change.replaced else {},
        )
    for draft, answers in found.late:
        # Held, so that of two replays at once one keeps them.
        response = session.get_one(Response, draft.id, with_for_update=True)
        keep_late_answers(session, clock, response, answers)


def _keep(session: Session, clock: Clock, saving: Saving, found: Sorted) -> Saved:
    keep(session, clock, saving, found)
    session.commit()
    instants = [draft.saved_at for draft in saving.drafts if draft.saved_at]
    instants += [change.values["saved_at"] for change in found.changes]
    return Saved(saving.state, max(instants, default=None), found.refused)


def _writer(sessions: Sessions, clock: Clock, saving: Saving) -> Session:
    """The session with transactions, at the beginning of one; the other one gives its connection back."""
    sessions.single.rollback()
    sessions.session.rollback()
    act_as(sessions.session, clock, AuditContext(f"patient {saving.code}", "patient"))
    return sessions.session


def _is_right(asked: Questionnaire, answer: Answer, today: date) -> bool:
    try:
        check_answer(asked, answer, today)
    except RuleError:
        return False
    return True
