"""Links sent from the patient's page, what became of them, and what explains the states of forms."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.channels import Outcome
from app.clock import SteppedClock
from app.models import Message, Patient, Study
from app.services import links, missing
from app.services.access import Role
from app.services.link_fetches import note_fetch
from tests import factories
from tests.conftest import CONTACT_KEYS
from tests.nurse.test_front import FRONT, rows, to_do
from tests.page import Browser
from tests.services.test_message_list import attempt, planned

PAGE = "/nurse/GIST-IMA/04-001"


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient who can be reached both ways and prefers SMS."""
    patient = factories.make_patient(session, clock, study)
    factories.keep_contact(session, clock, patient, CONTACT_KEYS)
    session.commit()
    return patient


def sent(session: Session) -> list[tuple[str, str, int]]:
    """Each message's channel, state and issue."""
    session.expire_all()
    query = select(Message).order_by(Message.id)
    return [(each.channel, each.state, each.ordinal) for each in session.scalars(query)]


@pytest.mark.requirement("LINK-06")
@pytest.mark.parametrize(("label", "channel"), [("Send by SMS", "sms"), ("Send by e-mail", "email")])
def test_a_link_is_put_into_the_outbox_by_one_tap(
    nurse: Browser, session: Session, patient: Patient, label: str, channel: str
) -> None:
    page = nurse.press(nurse.get(PAGE), f"{label} Baseline")
    assert "The link is in the outbox: it leaves within minutes." in page.text
    assert sent(session) == [(channel, "waiting", 1)]
    way = "SMS" if channel == "sms" else "e-mail"
    assert f"In the outbox: leaves by {way} within minutes" in rows(page)[0]
    assert f"Link for Baseline by {way} Waiting" in rows(page)[-1]
    assert "no link given" not in nurse.get(FRONT).text


@pytest.mark.requirement("LINK-06")
def test_the_preferred_way_stands_first_and_none_is_offered_where_none_is_kept(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    factories.make_patient(session, clock, study, "04-002")
    session.commit()
    buttons = [each.get("value") for each in nurse.get(PAGE).all("button", name="channel")]
    assert buttons == ["sms", "email"]
    assert nurse.get("/nurse/GIST-IMA/04-002").all("button", name="channel") == []


@pytest.mark.requirement("LINK-06")
@pytest.mark.parametrize("channel", ["pigeon", "", "email"])
def test_what_cannot_be_sent_is_refused_in_words(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study, channel: str
) -> None:
    factories.make_patient(session, clock, study)
    session.commit()
    token = nurse.get(PAGE).all("input", name="csrf_token")[0].get("value")
    page = nurse.post(f"{PAGE}/visits/BASELINE/send", {"csrf_token": token, "channel": channel}, 422)
    said = "04-001 cannot be reached that way" if channel == "email" else "Choose how the link is sent."
    assert said in page.text
    assert sent(session) == []


@pytest.mark.requirement("REM-03")
def test_a_failed_sending_is_noted_and_leaves_the_list(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    attempt(session, clock, planned(session, clock, patient), Outcome.UNKNOWN)
    session.commit()
    page = nurse.follow(nurse.get(FRONT), "See 04-001")
    assert "Link for Baseline by e-mail Uncertain detail Take note" in rows(page)[-1]
    page = nurse.press(page, "Take note Link for Baseline by e-mail")
    assert "noted on 23 Nov 2026" in rows(page)[-1]
    assert not [row for row in to_do(nurse.get(FRONT)) if "Uncertain" in row]


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_a_message_is_noted_under_its_own_patient_alone_and_by_its_own_site(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    other = factories.make_patient(session, clock, study, "01-001")
    foreign = planned(session, clock, other)
    attempt(session, clock, foreign, Outcome.REFUSED)
    session.commit()
    token = nurse.get(PAGE).all("input", name="csrf_token")[0].get("value")
    for path in (f"{PAGE}/messages/{foreign.id}/note", f"/nurse/GIST-IMA/01-001/messages/{foreign.id}/note"):
        nurse.post(path, {"csrf_token": token}, 404)
    session.refresh(foreign)
    assert foreign.resolved_at is None
    assert "01-001" not in nurse.get(PAGE).html


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_a_monitor_reads_the_log_and_sends_nothing(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    attempt(session, clock, planned(session, clock, patient), Outcome.REFUSED)
    user = factories.make_staff(session, clock, Role.MONITOR, study, language="en")
    session.commit()
    page = factories.sign_in(browser, session, clock, user).get(PAGE)
    assert "Link for Baseline by e-mail Not sent" in rows(page)[-1]
    assert page.all("button", name="channel") == []
    assert not [each for each in page.all("form") if "/nurse/GIST" in (each.get("action") or "")]


@pytest.mark.requirement("LINK-08")
def test_the_page_says_how_far_a_link_has_come(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    visit = factories.get_visit(session, patient)

    def told() -> str:
        session.commit()
        return rows(nurse.get(PAGE))[0]

    message = planned(session, clock, patient)
    message.link_id = links.join_issue(session, clock, (), visit, patient, "email").link.id
    attempt(session, clock, message, Outcome.SENT)
    assert "Sent by e-mail on 23 Nov 2026, not opened yet" in told()
    issued = factories.make_link(session, clock, patient)
    assert "Given on 23 Nov 2026, not opened yet" in told()
    note_fetch(session, clock, issued.link.id)
    assert "Looked at on 23 Nov 2026 by a program or a person, not begun yet" in told()
    found = links.find_link(session, clock, issued.token)
    assert found is not None
    factories.begin_response(session, clock, visit)
    links.begin(session, clock, found, {})
    assert "Begun by a person on 23 Nov 2026" in told()
    factories.answer(session, clock, visit, {f"q{number:02}": 1 for number in range(1, 13)})
    assert "Opened; 12 questions of 30 settled" in told()
    factories.submit(session, clock, visit)
    assert "Received 23 Nov 2026" in told()
    assert "settled" not in told()


@pytest.mark.requirement("VIS-05")
def test_a_missing_form_shows_its_reason_and_asks_for_it(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    consent_on = clock.now().date() - factories.days(35)
    patient = factories.make_patient(session, clock, study, consent_on=consent_on)
    session.commit()
    page = nurse.get(PAGE)
    assert "Missing Reason missing" in rows(page)[0]
    assert nurse.follow(page, "Give the reason Baseline").h1 == "Why is the questionnaire missing?"
    missing.record_missing_reason(session, clock, factories.get_visit(session, patient), "forgot")
    session.commit()
    page = nurse.get(PAGE)
    assert "Missing The patient forgot" in rows(page)[0]
    assert "Change the reason Baseline" in page.text


@pytest.mark.requirement("VIS-05")
def test_after_leaving_the_page_says_from_when_on_nothing_is_expected(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.randomise(session, clock, patient)
    factories.milestone(session, clock, patient, "death")
    session.commit()
    page = nurse.get(PAGE)
    assert "Not expected Nothing is expected from 23 Nov 2026 on" in rows(page)[1]
    assert page.all("button", name="channel") == []
