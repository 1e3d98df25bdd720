"""Drafts as a page's script meets them when it saves answers: rows instead of objects.

Nearly all requests of patients are these, one for each answer, and loading and flushing objects was the
greater part of their cost. Nothing is decided here: where a link stands is said by links.state_of, which
answer stands by responses.merged, and what the trail holds by replaced_answers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import MAIN, SUBMITTED, Link, Patient, Response, Site, Study, Visit
from app.models.response import replaced_answers
from app.services.audit import change_row
from app.services.definition import StudyDefinition
from app.services.late_answers import keep_late_answers
from app.services.links import LinkState, state_of
from app.services.responses import Answer, merged
from app.services.studies import definition_of

# Built once: building them costs as much as running them.
LINK = (
    select(
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
    .join(Visit, Visit.id == Link.visit_id)
    .join(Patient, Patient.id == Link.patient_id)
    .join(Site, Site.id == Patient.site_id)
    .join(Study, Study.id == Link.study_id)
    .where(Link.id == bindparam("key"))
)
DRAFTS = (
    select(
        Response.id,
        Response.instrument,
        Response.status,
        Response.started_at,
        Response.saved_at,
        Response.answers,
        Response.languages,
        Response.revision,
    )
    .where(Response.visit_id == bindparam("key"), Response.entry == MAIN, Response.voided_at.is_(None))
    .with_for_update()
)


@dataclass(frozen=True)
class Draft:
    """A response as it is stored; sent ones too."""

    id: UUID
    instrument: str
    status: str
    started_at: datetime
    saved_at: datetime | None
    answers: dict[str, Any]
    languages: list[str]
    revision: int

    @property
    def is_submitted(self) -> bool:
        """Whether the patient has sent it."""
        return self.status == SUBMITTED


@dataclass(frozen=True)
class Saving:
    """What saving answers needs to know of the link that they come from."""

    patient_id: int
    code: str
    language: str
    timezone: str
    definition: StudyDefinition
    drafts: tuple[Draft, ...]
    state: LinkState
    is_revoked: bool


def find_saving(session: Session, clock: Clock, link_id: int) -> Saving | None:
    """The link that a patient's session was opened by, its responses held until the transaction ends."""
    connection = session.connection()
    link = connection.execute(LINK, {"key": link_id}).one_or_none()
    if link is None:
        return None
    drafts = tuple(Draft(*row) for row in connection.execute(DRAFTS, {"key": link.visit_id}))
    return Saving(
        patient_id=link.patient_id,
        code=link.code,
        language=link.language,
        timezone=link.timezone,
        definition=definition_of(session, link.study_id, link.definition_version, link.definition_sha256),
        drafts=drafts,
        state=state_of(link.revoked_at, link, drafts, clock.now()),
        is_revoked=link.revoked_at is not None,
    )


def keep_answers(
    session: Session, clock: Clock, saving: Saving, draft: Draft, answers: Iterable[Answer]
) -> bool:
    """Merges answers into a draft as responses.merge_answers does; what comes too late is kept apart.

    Says whether the draft changed.
    """
    if saving.state is not LinkState.OPEN or draft.is_submitted:
        keep_late_answers(session, clock, session.get_one(Response, draft.id), answers)
        return False
    now = clock.now()
    after = merged(draft, answers, now)
    if after is None:
        return False
    stored, languages = after
    replaced = replaced_answers(draft.answers, stored)
    change_row(
        session,
        Response,
        (draft.id, draft.revision),
        {"answers": stored, "languages": languages, "saved_at": now},
        f"patient:{saving.patient_id}",
        {"answers": replaced} if replaced else {},
    )
    return True
