"""Patients' links: secret, harmless to look at, good until the questionnaire is sent or closed."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import MetaData, func, select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Link, Patient, Response, Visit, WebSession
from app.services import links, sessions
from app.services.errors import RuleError
from app.services.links import FoundLink, IssuedLink, LinkState
from app.services.tokens import DemonstrationTokens, RandomTokens
from tests import factories as make
from tests.live import Live, together

pytestmark = pytest.mark.requirement("LINK-03")
SECOND = timedelta(seconds=1)


@pytest.fixture
def visit(session: Session, patient: Patient) -> Visit:
    return make.get_visit(session, patient)


@pytest.fixture
def issued(session: Session, clock: SteppedClock, patient: Patient) -> IssuedLink:
    return make.make_link(session, clock, patient)


def found(session: Session, clock: SteppedClock, issued: IssuedLink) -> FoundLink:
    link = links.find_link(session, clock, issued.token)
    assert link is not None
    return link


def begin(session: Session, clock: SteppedClock, issued: IssuedLink) -> str:
    """The patient's tap: a draft and a session, whose secret is returned."""
    link = found(session, clock, issued)
    make.begin_response(session, clock, link.visit)
    return links.begin(session, clock, link, {"language": "fr"})


def state_at(session: Session, clock: SteppedClock, issued: IssuedLink, instant: datetime) -> LinkState:
    clock.set(instant)
    return found(session, clock, issued).state


# The secret


@pytest.mark.requirement("LINK-01")
@pytest.mark.threat("A2")
def test_only_the_hash_of_a_token_is_in_the_database(
    session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    secret = begin(session, clock, issued)
    make.make_link(session, clock, found(session, clock, issued).patient)
    session.flush()
    tables = MetaData()
    tables.reflect(session.connection())
    assert {"link", "web_session", "audit_entry"} <= set(tables.tables)
    dump = {name: str(session.execute(select(table)).all()) for name, table in tables.tables.items()}
    assert issued.link.token_hash in dump["link"]
    for name, content in dump.items():
        assert issued.token not in content, name
        assert secret not in content, name


@pytest.mark.requirement("LINK-01")
def test_a_token_is_found_by_itself_alone(session: Session, clock: SteppedClock, issued: IssuedLink) -> None:
    assert found(session, clock, issued).link is issued.link
    others = ("", issued.token[:-1], issued.token + "A", issued.token.swapcase(), issued.link.token_hash, "é")
    for other in others:
        assert links.find_link(session, clock, other) is None


def test_a_found_link_brings_what_its_pages_need(
    session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    session.expunge_all()
    link = found(session, clock, issued)
    assert (link.patient.code, link.visit.code, link.responses) == ("04-001", "BASELINE", ())
    assert (link.patient.site.number, link.patient.study.code) == ("04", "GIST-IMA")
    by_id = links.find_link_by_id(session, clock, link.link.id)
    assert by_id is not None
    assert by_id.link is link.link
    assert links.find_link_by_id(session, clock, 999) is None


@pytest.mark.requirement("LINK-02")
@pytest.mark.threat("A4")
def test_looking_at_a_link_changes_nothing(session: Session, clock: SteppedClock, issued: IssuedLink) -> None:
    before = session.scalar(select(func.count(AuditEntry.id)))
    for _ in range(50):
        assert found(session, clock, issued).state is LinkState.OPEN
    assert not session.new
    assert not session.dirty
    assert issued.link.opened_at is None
    assert session.scalar(select(func.count(WebSession.id))) == 0
    assert session.scalar(select(func.count(Response.id))) == 0
    assert session.scalar(select(func.count(AuditEntry.id))) == before


# When it works


@pytest.mark.threat("A6")
def test_a_link_opens_and_closes_with_its_window_to_the_second(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    make.randomise(session, clock, patient)
    issued, visit = make.make_link(session, clock, patient, "M3"), make.get_visit(session, patient, "M3")
    paris = ZoneInfo("Europe/Paris")
    assert visit.opens_at == datetime(2027, 2, 9, tzinfo=paris)
    assert visit.closes_at == datetime(2027, 3, 10, tzinfo=paris)
    at = [visit.opens_at - SECOND, visit.opens_at, visit.closes_at - SECOND, visit.closes_at]
    assert [state_at(session, clock, issued, instant) for instant in at] == [
        LinkState.NOT_YET,
        LinkState.OPEN,
        LinkState.OPEN,
        LinkState.CLOSED,
    ]


@pytest.mark.requirement("SUR-15")
@pytest.mark.threat("A6")
def test_a_draft_begun_in_the_window_keeps_its_link_open_a_day_longer(
    session: Session, clock: SteppedClock, issued: IssuedLink, visit: Visit
) -> None:
    clock.set(visit.closes_at - SECOND)
    begin(session, clock, issued)
    end = visit.closes_at + timedelta(hours=24)
    assert end == links.last_use(visit)
    at = [visit.closes_at, end - SECOND, end, end + SECOND]
    assert [state_at(session, clock, issued, instant) for instant in at] == [
        LinkState.OPEN,
        LinkState.OPEN,
        LinkState.CLOSED,
        LinkState.CLOSED,
    ]


@pytest.mark.threat("A12")
def test_a_link_whose_questionnaire_was_sent_says_so_for_good(
    session: Session, clock: SteppedClock, issued: IssuedLink, visit: Visit
) -> None:
    make.submit(session, clock, visit)
    assert found(session, clock, issued).state is LinkState.SENT
    assert state_at(session, clock, issued, visit.closes_at + timedelta(days=400)) is LinkState.SENT


def test_all_links_of_a_visit_lead_to_one_draft(
    session: Session, clock: SteppedClock, issued: IssuedLink, patient: Patient, visit: Visit
) -> None:
    begin(session, clock, issued)
    make.answer(session, clock, visit, {"q01": 3})
    second = make.make_link(session, clock, patient)
    begin(session, clock, second)
    assert session.scalar(select(func.count(Response.id))) == 1
    assert found(session, clock, second).responses[0].answers["q01"]["value"] == 3


def test_the_first_tap_is_remembered_and_each_tap_gets_its_own_session(
    session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    first = begin(session, clock, issued)
    opened_at = issued.link.opened_at
    clock.advance(hours=2)
    second = begin(session, clock, issued)
    assert first != second
    assert issued.link.opened_at == opened_at == clock.now() - timedelta(hours=2)


# Issuing, reissuing, revoking


@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A8")
def test_a_new_link_kills_the_older_one_and_its_sessions(
    session: Session, clock: SteppedClock, issued: IssuedLink, patient: Patient
) -> None:
    secret = begin(session, clock, issued)
    clock.advance(hours=1)
    second = make.make_link(session, clock, patient)
    assert found(session, clock, issued).state is LinkState.CLOSED
    assert found(session, clock, second).state is LinkState.OPEN
    assert sessions.find_session(session, clock, secret) is None
    assert (issued.link.revoked_at, issued.link.revoked_reason) == (clock.now(), "reissued")
    assert (issued.link.ordinal, second.link.ordinal) == (1, 2)
    assert links.live_links(session, second.link.visit) == [second.link]


@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A7")
def test_revoking_ends_the_link_and_its_sessions_at_once(
    session: Session, clock: SteppedClock, issued: IssuedLink, visit: Visit
) -> None:
    secret = begin(session, clock, issued)
    links.revoke_links(session, clock, visit, "lost telephone")
    assert found(session, clock, issued).state is LinkState.CLOSED
    assert sessions.find_session(session, clock, secret) is None
    assert links.live_links(session, visit) == []
    revoked_at = issued.link.revoked_at
    clock.advance(hours=1)
    links.revoke_links(session, clock, visit, "again")
    assert (issued.link.revoked_at, issued.link.revoked_reason) == (revoked_at, "lost telephone")


def test_revoking_touches_no_other_visit_and_no_other_patient(
    session: Session, clock: SteppedClock, issued: IssuedLink, patient: Patient, visit: Visit
) -> None:
    make.randomise(session, clock, patient)
    later = make.make_link(session, clock, patient, "M3")
    other = make.make_patient(session, clock, patient.study, "04-002")
    others = make.make_link(session, clock, other)
    secret = begin(session, clock, others)
    links.revoke_links(session, clock, visit, "lost telephone")
    assert found(session, clock, later).state is LinkState.NOT_YET
    assert found(session, clock, others).state is LinkState.OPEN
    assert sessions.find_session(session, clock, secret) is not None


@pytest.mark.threat("A6")
def test_a_revoked_link_looks_like_an_expired_one_also_after_the_sending(
    session: Session, clock: SteppedClock, issued: IssuedLink, visit: Visit
) -> None:
    links.revoke_links(session, clock, visit, "lost telephone")
    make.submit(session, clock, visit)
    assert found(session, clock, issued).state is LinkState.CLOSED


def test_no_link_is_issued_after_the_sending(
    session: Session, clock: SteppedClock, issued: IssuedLink, patient: Patient, visit: Visit
) -> None:
    make.submit(session, clock, visit)
    with pytest.raises(RuleError) as refused:
        make.make_link(session, clock, patient)
    assert (refused.value.rule, refused.value.facts) == ("already_sent", {"visit": "BASELINE"})
    assert issued.link.revoked_at is None


def test_no_link_is_issued_once_the_window_has_closed(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    clock.set(visit.closes_at)
    with pytest.raises(RuleError) as refused:
        make.make_link(session, clock, patient)
    assert (refused.value.field, refused.value.rule) == ("visit", "window_closed")
    assert refused.value.facts == {"visit": "BASELINE", "closes_on": visit.closes_on}
    assert session.scalar(select(func.count(Link.id))) == 0
    clock.set(visit.closes_at - SECOND)
    assert make.make_link(session, clock, patient).link.ordinal == 1


@pytest.mark.requirement("SUR-15")
def test_a_link_is_issued_in_the_grace_of_a_draft(
    session: Session, clock: SteppedClock, issued: IssuedLink, patient: Patient, visit: Visit
) -> None:
    begin(session, clock, issued)
    clock.set(links.last_use(visit) - SECOND)
    assert found(session, clock, make.make_link(session, clock, patient)).state is LinkState.OPEN
    clock.advance(seconds=1)
    with pytest.raises(RuleError):
        make.make_link(session, clock, patient)


def test_demonstration_links_can_be_printed_again(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    tokens = DemonstrationTokens("k" * 40)
    first, second = (links.issue_link(session, clock, tokens, visit, patient) for _ in range(2))
    assert first.token != second.token
    assert tokens.token(patient.code, visit, 2) == second.token
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", second.token)


def test_two_nurses_at_once_leave_one_live_link(live: Live) -> None:
    with live.session() as session:
        patient_id = live.new_patient(session).id
        session.commit()

    def issue() -> str:
        with live.session() as session:
            patient = session.get_one(Patient, patient_id)
            visit = make.get_visit(session, patient)
            token = links.issue_link(session, live.clock, RandomTokens(), visit, patient).token
            session.commit()
            return token

    tokens = together(*[issue] * 5)
    with live.session() as session:
        states = [links.find_link(session, live.clock, token) for token in tokens]
        assert [each.state for each in states if each].count(LinkState.OPEN) == 1
        assert sorted(each.link.ordinal for each in states if each) == [1, 2, 3, 4, 5]


@pytest.mark.requirement("INS-05")
def test_a_study_in_production_gives_no_link_while_its_wording_is_the_stand_in(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    patient.study.mode = "production"
    session.flush()
    with pytest.raises(RuleError, match="no approved wording"):
        make.make_link(session, clock, patient)
    assert session.scalar(select(func.count(Link.id))) == 0
