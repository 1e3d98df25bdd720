"""The pages of alerts: those of the own site, one with its facts, and the answer of the site."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Alert, Study
from app.services.access import Role
from app.services.alert_messages import plan_alert_messages
from tests import alerting, factories
from tests.page import Browser, Page, text_of

pytestmark = pytest.mark.requirement("ALR-02")
LIST, ANSWER = "/nurse/alerts", "Record the answer"


@pytest.fixture
def study(session: Session, clock: SteppedClock) -> Study:
    """The first study with a rule on."""
    return alerting.with_alerts(session, clock, alerting.alert_rule())


@pytest.fixture
def alert(session: Session, clock: SteppedClock, study: Study) -> Alert:
    """The worst pain of a patient of Lyon."""
    found = alerting.answered_with_alert(session, clock, factories.make_patient(session, clock, study))
    session.commit()
    return found


@pytest.fixture
def elsewhere(session: Session, clock: SteppedClock, study: Study) -> Alert:
    """The same of a patient of Limoges."""
    patient = factories.make_patient(session, clock, study, "03-001")
    found = alerting.answered_with_alert(session, clock, patient)
    session.commit()
    return found


def path(alert: Alert, code: str = "04-001") -> str:
    return f"/nurse/GIST-IMA/{code}/alerts/{alert.id}"


def faults(page: Page) -> str:
    return " ".join(text_of(each) for each in page.all("div", role="alert"))


def test_without_alerts_the_list_says_so(nurse: Browser) -> None:
    assert "No alert waits for an answer." in nurse.get(LIST).text


@pytest.mark.requirement("ALR-01")
def test_the_list_names_code_and_rule_and_no_answer(nurse: Browser, alert: Alert, elsewhere: Alert) -> None:
    page = nurse.get(LIST)
    (row,) = [text_of(each) for each in page.all("tr")][1:]
    assert "04-001" in row
    assert "Rule pain" in row
    assert "Baseline" in row
    assert "To be answered" in row
    assert "24 Nov 2026 at 10:00" in row
    assert "100" not in row
    assert "03-001" not in page.text
    assert path(alert) in [each.get("href") for each in page.all("a")]


def test_an_alert_shows_the_facts_of_its_response(nurse: Browser, alert: Alert) -> None:
    page = nurse.get(path(alert))
    assert page.h1 == "04-001 – Rule pain"
    facts = [text_of(each) for each in page.all("dd")]
    assert facts == [
        "Baseline",
        "23 Nov 2026 at 10:00",
        "Pain 100",
        "50 or more",
        "24 Nov 2026 at 10:00",
    ]


def test_what_was_done_is_recorded_and_leaves_the_list(
    nurse: Browser, session: Session, alert: Alert
) -> None:
    page = nurse.press(nurse.get(path(alert)), ANSWER, action="physician_told", note="Dr seen at noon")
    assert page.path.split("?")[0] == LIST
    assert "What was done is recorded." in page.text
    assert "No alert waits for an answer." in page.text
    again = nurse.get(path(alert))
    assert "The physician was told" in again.text
    assert "Dr seen at noon" in again.text
    assert "nurse.04@staff.example" in again.text
    assert ANSWER not in again.text
    session.expire_all()
    assert alert.state == "acknowledged"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "Choose what was done."),
        ({"action": "no_action"}, "Say why, or what was done, in a few words."),
        ({"action": "other", "note": " "}, "Say why, or what was done, in a few words."),
        ({"action": "called", "note": "2 57 03 69 123 456 78"}, "social security number"),
        ({"action": "called", "note": "x" * 501}, "Write at most 500 characters."),
    ],
)
def test_an_answer_that_says_too_little_or_too_much_is_refused_and_kept_on_the_page(
    nurse: Browser, session: Session, alert: Alert, fields: dict[str, str], told: str
) -> None:
    page = nurse.press(nurse.get(path(alert)), ANSWER, 422, **fields)
    assert told in faults(page)
    if "action" in fields:
        assert page.one("input", name="action", value=fields["action"]).get("checked") is not None
    session.expire_all()
    assert alert.is_open


def test_who_comes_second_is_told_who_answered(nurse: Browser, alert: Alert) -> None:
    first, second = nurse.get(path(alert)), nurse.get(path(alert))
    nurse.press(first, ANSWER, action="called")
    page = nurse.press(second, ANSWER, 422, action="no_action", note="Known for long")
    assert "nurse.04@staff.example has answered this alert meanwhile." in faults(page)
    assert "The patient was called" in page.text


def test_one_that_was_not_answered_in_time_says_so(
    nurse: Browser, session: Session, clock: SteppedClock, alert: Alert
) -> None:
    clock.set(alert.due_at)
    plan_alert_messages(session, clock)
    session.commit()
    user = factories.make_staff(
        session,
        clock,
        Role.NURSE,
        factories.get_study(session, alert.study_id),
        factories.get_site(session, factories.get_study(session, alert.study_id)),
        "n2@staff.example",
        "en",
    )
    factories.sign_in(nurse, session, clock, user)
    assert "Not answered in time" in nurse.get(LIST).text
    assert "Passed on" in nurse.get(path(alert)).text


# Access


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_sites_alert_looks_like_none(
    nurse: Browser, session: Session, alert: Alert, elsewhere: Alert
) -> None:
    token = nurse.get(path(alert)).one("input", name="csrf_token", id="csrf_token").get("value", "")
    for address in (path(elsewhere, "03-001"), path(elsewhere), path(alert, "04-999"), path(alert) + "x"):
        assert "Rule pain" not in nurse.get(address, 404).html
        nurse.post(address, {"csrf_token": token, "action": "called"}, 404)
    session.expire_all()
    assert elsewhere.is_open


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("role", [Role.MONITOR, Role.INSPECTOR, Role.DATA_MANAGER])
def test_who_may_only_look_sees_no_form(
    app: Flask, session: Session, clock: SteppedClock, study: Study, alert: Alert, role: Role
) -> None:
    user = factories.make_staff(session, clock, role, study, language="en")
    reader = factories.sign_in(Browser(app), session, clock, user)
    page = reader.get(path(alert))
    assert "Pain 100" in page.text
    assert ANSWER not in page.text
    token = page.all("input", name="csrf_token")[0].get("value", "")
    reader.post(path(alert), {"csrf_token": token, "action": "called"}, 403)
    session.expire_all()
    assert alert.is_open
