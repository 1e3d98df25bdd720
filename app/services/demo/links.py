"""The demonstration's open links: listed again from the secret key, and never fewer than a floor."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from app.clock import Clock
from app.models import VISIT_LINK, Link, Patient, Site, Study, Visit
from app.services.audit import AuditContext, act_as
from app.services.definition import BASELINE, StudyDefinition
from app.services.demo.drugs import begin_treatment
from app.services.links import LinkState, find_link, issue_link
from app.services.patients import Registration, next_code, register_patient
from app.services.schedule import local_date
from app.services.studies import definition_in_force
from app.services.tokens import DemonstrationTokens, hash_secret
from app.services.visits import GRACE, find_visit

# Some spare ones, so that a link that is used up does not ask for a new patient at once.
FLOOR, FILL_TO = 10, 12


@dataclass(frozen=True)
class OpenLink:
    """A link that a tap would open now, and whose it is."""

    code: str
    site: str
    arm: str | None
    language: str
    visit: str
    token: str


def open_links(session: Session, clock: Clock, tokens: DemonstrationTokens, study: Study) -> list[OpenLink]:
    """The links of the study that a tap would open now, drafts in progress included, by patient and visit.

    Links whose token does not come from this secret key are left out: nobody can print them.
    """
    return list(_open_links(session, clock, tokens, study))


def top_up(session: Session, clock: Clock, tokens: DemonstrationTokens, study: Study) -> int:
    """Registers further patients, each with an open link, in every language that has too few; how many.

    Older links stay as they are. Raises RuleError when a site's codes are used up.
    """
    definition = definition_in_force(session, study)
    found = Counter(each.language for each in open_links(session, clock, tokens, study))
    missing = [
        language
        for language in definition.languages
        if found[language] < FLOOR
        for _ in range(FILL_TO - found[language])
    ]
    act_as(session, clock, AuditContext("demonstration", "system"))
    for language in missing:
        _register_with_link(session, clock, tokens, definition, _quietest_site(session, study), language)
    return len(missing)


def is_short(definition: StudyDefinition, links: Sequence[OpenLink]) -> bool:
    """Whether a language has fewer open links than promised."""
    found = Counter(each.language for each in links)
    return any(found[language] < FLOOR for language in definition.languages)


def _open_links(
    session: Session, clock: Clock, tokens: DemonstrationTokens, study: Study
) -> Iterator[OpenLink]:
    now = clock.now()
    query = (
        select(Link, Visit)
        .join(Link.visit)
        .join(Visit.patient)
        .where(
            Link.study_id == study.id,
            Link.kind == VISIT_LINK,
            Link.revoked_at.is_(None),
            Visit.opens_at <= now,
            Visit.closes_at > now - GRACE,
            Visit.ends_on.is_(None),
            Visit.served_by_id.is_(None),
        )
        .options(joinedload(Visit.patient).joinedload(Patient.site))
        .order_by(Patient.code, Visit.due_on, Link.id)
    )
    for link, visit in session.execute(query).all():
        patient = visit.patient
        token = tokens.token(patient.code, visit, link.ordinal)
        if hash_secret(token) != link.token_hash:
            continue
        found = find_link(session, clock, token)
        if found is not None and found.state is LinkState.OPEN:
            yield OpenLink(
                patient.code, patient.site.number, patient.arm, patient.language, visit.code, token
            )


def _quietest_site(session: Session, study: Study) -> Site:
    """The recruiting site with the fewest patients."""
    query = (
        select(Site)
        .outerjoin(Patient, Patient.site_id == Site.id)
        .where(Site.study_id == study.id, Site.recruiting)
        .group_by(Site.id)
        .order_by(func.count(Patient.id), Site.number)
    )
    return session.scalars(query.limit(1)).one()


def _register_with_link(
    session: Session,
    clock: Clock,
    tokens: DemonstrationTokens,
    definition: StudyDefinition,
    site: Site,
    language: str,
) -> None:
    today = local_date(clock.now(), ZoneInfo(site.timezone))
    registration = Registration(next_code(session, site), today, language)
    patient = register_patient(session, clock, definition, site, registration)
    begin_treatment(session, clock, definition, patient, today)
    visit = find_visit(session, patient, BASELINE)
    assert visit is not None, "consent opens the initial visit"
    issue_link(session, clock, tokens, visit, patient)
