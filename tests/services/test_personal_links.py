"""A patient's own link: reports between visits, until the follow-up ends, one living link at a time."""

from datetime import timedelta

import pytest
from sqlalchemy import MetaData, func, select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Link, Patient, Visit
from app.services import links, personal_links, sessions
from app.services.errors import RuleError
from app.services.links import FoundLink, IssuedLink, LinkState, NoReportError
from app.services.personal_links import LinkOverError
from app.services.visits import GRACE, UNSCHEDULED, visits_of
from tests import factories as make
from tests.live import Live, together

pytestmark = [pytest.mark.requirement("AE-03"), pytest.mark.requirement("LINK-03")]
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture
def issued(session: Session, clock: SteppedClock, patient: Patient) -> IssuedLink:
    """A personal link of a patient whose initial visit is open."""
    return make.make_personal_link(session, clock, patient)


def found(session: Session, clock: SteppedClock, issued: IssuedLink) -> FoundLink:
    link = links.find_link(session, clock, issued.token)
    assert link is not None
    return link


def open_session(session: Session, clock: SteppedClock, issued: IssuedLink) -> str:
    """The patient's start of a report: a session, whose secret is returned."""
    make.begin_report(session, clock, issued)
    return links.begin(session, clock, found(session, clock, issued), {})


def takes_reports(session: Session, clock: SteppedClock, issued: IssuedLink) -> bool:
    return personal_links.takes_reports(found(session, clock, issued), clock.now())


# The link


@pytest.mark.requirement("LINK-01")
@pytest.mark.threat("A2")
def test_neither_token_nor_code_is_anywhere_in_the_database(
    session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    open_session(session, clock, issued)
    tables = MetaData()
    tables.reflect(session.connection())
    dump = {name: str(session.execute(select(table)).all()) for name, table in tables.tables.items()}
    assert issued.link.token_hash in dump["link"]
    for name, content in dump.items():
        assert issued.token not in content, name
        assert f"'{issued.code}'" not in content, name


def test_before_the_first_report_it_leads_to_no_visit(
    session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    link = found(session, clock, issued)
    assert (link.link.kind, link.link.visit_id, link.responses) == ("personal", None, ())
    assert link.patient.code == "04-001"
    assert takes_reports(session, clock, issued)
    with pytest.raises(NoReportError) as refused:
        _ = link.visit
    assert refused.value.link_id == link.link.id


def test_it_works_until_the_last_planned_visit_has_closed_and_a_day(
    session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    initial = make.get_visit(session, patient)
    clock.set(initial.closes_at + GRACE - SECOND)
    assert takes_reports(session, clock, issued)
    clock.set(initial.closes_at + GRACE)
    assert not takes_reports(session, clock, issued)
    with pytest.raises(LinkOverError) as refused:
        make.begin_report(session, clock, issued)
    assert refused.value.link_id == issued.link.id
    # The visits that a randomisation brings put the end off; a report does not.
    make.randomise(session, clock, patient)
    assert takes_reports(session, clock, issued)
    make.begin_report(session, clock, issued)
    last = max(visit.closes_at for visit in visits_of(session, patient))
    clock.set(last + GRACE - SECOND)
    assert takes_reports(session, clock, issued)
    make.begin_report(session, clock, issued)
    clock.set(last + GRACE)
    assert not takes_reports(session, clock, issued)


def test_none_is_issued_once_the_follow_up_is_over(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    clock.set(make.get_visit(session, patient).closes_at + GRACE)
    with pytest.raises(RuleError, match="follow up over") as refused:
        make.make_personal_link(session, clock, patient)
    assert (refused.value.field, refused.value.facts) == ("link", {"code": "04-001"})


def test_a_visits_link_takes_no_reports(session: Session, clock: SteppedClock, patient: Patient) -> None:
    issued = make.make_link(session, clock, patient)
    assert issued.code is None
    assert not takes_reports(session, clock, issued)


@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A8")
def test_a_new_one_kills_the_old_one_and_its_sessions(
    session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    secret = open_session(session, clock, issued)
    second = make.make_personal_link(session, clock, patient)
    assert (second.link.ordinal, second.token == issued.token) == (2, False)
    assert (issued.link.revoked_reason, issued.link.revoked_at) == ("reissued", clock.now())
    assert sessions.find_session(session, clock, secret) is None
    assert not takes_reports(session, clock, issued)
    assert takes_reports(session, clock, second)
    with pytest.raises(LinkOverError):
        make.begin_report(session, clock, issued)


@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A7")
def test_after_a_revocation_nothing_opens(
    session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    secret = open_session(session, clock, issued)
    personal_links.revoke_personal_link(session, clock, patient, "lost_phone")
    assert found(session, clock, issued).state is LinkState.CLOSED
    assert not takes_reports(session, clock, issued)
    assert sessions.find_session(session, clock, secret) is None
    assert personal_links.live_personal_link(session, patient) is None


def test_it_leaves_the_links_of_visits_alone_and_they_it(
    session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    visit_link = make.make_link(session, clock, patient)
    make.make_personal_link(session, clock, patient)
    assert visit_link.link.revoked_at is None
    make.make_link(session, clock, patient)
    live = personal_links.live_personal_link(session, patient)
    assert live is not None
    assert live.ordinal == 2


# At the same moment


@pytest.mark.threat("D2")
def test_starts_at_the_same_moment_make_one_report(live: Live) -> None:
    with live.session() as session:
        issued = make.make_personal_link(session, live.clock, live.new_patient(session))
        session.commit()

    def start() -> int:
        with live.session() as session:
            link = session.get_one(Link, issued.link.id)
            visit = make.begin_report(session, live.clock, IssuedLink(link, issued.token))
            session.commit()
            return visit.id

    assert len(set(together(*[start] * 8))) == 1
    with live.session() as session:
        mine = select(func.count()).where(
            Visit.patient_id == issued.link.patient_id, Visit.anchor == UNSCHEDULED
        )
        assert session.scalar(mine) == 1


@pytest.mark.threat("A8")
def test_of_links_issued_at_the_same_moment_one_lives(live: Live) -> None:
    with live.session() as session:
        patient_id = live.new_patient(session).id
        session.commit()

    def issue() -> int:
        with live.session() as session:
            issued = make.make_personal_link(session, live.clock, session.get_one(Patient, patient_id))
            session.commit()
            return issued.link.ordinal

    assert sorted(together(*[issue] * 6)) == [1, 2, 3, 4, 5, 6]
    with live.session() as session:
        alive = select(func.count()).where(Link.patient_id == patient_id, Link.revoked_at.is_(None))
        assert session.scalar(alive) == 1
