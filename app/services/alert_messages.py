"""Messages about alerts to the staff of a site: a patient's code, nothing of what was reported."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.channels import Outgoing
from app.clock import Clock
from app.models import (
    ALERT_MESSAGE,
    CANCELLED,
    EMAIL,
    ESCALATION_MESSAGE,
    OPEN_ALERT,
    SENDING,
    Alert,
    Message,
    Patient,
    RoleAssignment,
    Site,
    Study,
    User,
)
from app.services.alerts import rule_of
from app.services.outbox import AT_ONCE, LEASE
from app.services.studies import definition_in_force

# From the kind of message, the reader's language and what it names to its subject and its text.
StaffWords = Callable[[str, str, Mapping[str, str]], tuple[str, str]]


def plan_alert_messages(session: Session, clock: Clock, at_most: int = AT_ONCE) -> Counter[str]:
    """Plans the messages of some alerts that are new or that nobody answered in time; what was done, if any.

    Each alert is told once and escalates once, by whichever tick comes first, even where there is nobody to
    tell. Commit and call again until nothing is left.
    """
    now = clock.now()
    is_new, is_late = Alert.told_at.is_(None), and_(Alert.escalated_at.is_(None), Alert.due_at <= now)
    query = (
        select(Alert)
        .where(Alert.state == OPEN_ALERT, or_(is_new, is_late))
        .order_by(Alert.due_at, Alert.id)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    done: Counter[str] = Counter()
    for alert in session.scalars(query).all():
        rule = rule_of(session, alert)
        if alert.told_at is None:
            alert.told_at = now
            _plan(session, clock, alert, ALERT_MESSAGE, rule.tells)
            done["alerts"] += 1
        if alert.escalated_at is None and alert.due_at <= now:
            alert.escalated_at = now
            _plan(session, clock, alert, ESCALATION_MESSAGE, rule.escalates_to)
            done["escalations"] += 1
    session.flush()
    return done


def begin_alert_message(
    session: Session, clock: Clock, message: Message, public_url: str, words: StaffWords
) -> Outgoing | None:
    """What is to be sent of a message that is held, marked as being sent; None when it is not to go any more.

    Looked at again now: whether the alert is open, and whether the reader still works at the patient's site.
    """
    alert = session.get_one(Alert, message.alert_id, populate_existing=True)
    rule = rule_of(session, alert)
    roles = rule.tells if message.kind == ALERT_MESSAGE else rule.escalates_to
    user = next((each for each in _staff(session, clock, alert, roles) if each.id == message.user_id), None)
    if user is None or not alert.is_open:
        message.state, message.leased_until = CANCELLED, None
        message.error = "no_role" if user is None else "acknowledged"
        session.flush()
        return None
    message.state, message.language, message.error = SENDING, user.language, None
    message.tries, message.leased_until = message.tries + 1, clock.now() + LEASE
    session.flush()
    values = _values(session, alert, user.language) | {"link": f"{public_url}/nurse/alerts"}
    subject, text = words(message.kind, user.language, values)
    return Outgoing(message.idempotency_key, user.email, values["study"], subject, text)


def _plan(session: Session, clock: Clock, alert: Alert, kind: str, roles: Iterable[str]) -> None:
    session.add_all(
        Message(
            study_id=alert.study_id,
            user_id=user.id,
            alert_id=alert.id,
            kind=kind,
            ordinal=1,
            channel=EMAIL,
            language=user.language,
            idempotency_key=f"{kind}:{alert.id}:{user.id}",
            planned_at=clock.now(),
            due_at=clock.now(),
        )
        for user in _staff(session, clock, alert, roles)
    )


def _staff(session: Session, clock: Clock, alert: Alert, roles: Iterable[str]) -> list[User]:
    """Those who hold one of the roles now at the patient's site, or at all sites of the study."""
    now = clock.now()
    at_site = select(Patient.site_id).where(Patient.id == alert.patient_id).scalar_subquery()
    holders = select(RoleAssignment.user_id).where(
        RoleAssignment.study_id == alert.study_id,
        RoleAssignment.role.in_(list(roles)),
        or_(RoleAssignment.site_id.is_(None), RoleAssignment.site_id == at_site),
        RoleAssignment.granted_at <= now,
        or_(RoleAssignment.ended_at.is_(None), RoleAssignment.ended_at > now),
    )
    query = select(User).where(User.id.in_(holders), User.active).order_by(User.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def _values(session: Session, alert: Alert, language: str) -> dict[str, str]:
    query = select(Patient.code, Site.timezone).join(Site, Site.id == Patient.site_id)
    code, zone = session.execute(query.where(Patient.id == alert.patient_id)).one()
    names = definition_in_force(session, session.get_one(Study, alert.study_id)).public_name
    until = alert.due_at.astimezone(ZoneInfo(zone))
    return {
        "code": code,
        "study": names.get(language) or next(iter(names.values())),
        "until": f"{until:%d/%m/%Y %H:%M}",
    }
