"""Answers carried in the background: taken in order, once, and kept apart when they come too late."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import LateAnswer, Patient, Response, WebSession
from app.services import links
from tests import factories
from tests.page import Browser
from tests.patient import steps

DEVICE, OTHER = "phone-0123456789abcdef", "tablet-0123456789abcdef"
Body = dict[str, Any]


def entry(item: str, value: object, sequence: int, at: datetime, **changes: object) -> Body:
    state = "skipped" if value is None else "answered"
    facts = {"item": item, "state": state, "value": value, "language": "fr", "sequence": sequence}
    return facts | {"at": written(at)} | changes


def written(instant: datetime) -> str:
    """As a browser's toISOString writes it."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03}Z"


def post(
    browser: Browser, token: str, now: datetime, *answers: Body, device: str = DEVICE, status: int = 200
) -> Body:
    body = {"device": device, "now": written(now), "answers": list(answers)}
    reply = browser.client.post("/survey/answers", json=body, headers={"X-CSRFToken": token})
    assert reply.status_code == status, reply.get_data(as_text=True)
    return reply.get_json() if status == 200 else {}


@pytest.fixture
def csrf(browser: Browser, token: str) -> str:
    """A begun questionnaire; the form token of its pages."""
    page = steps.start(browser, token)
    return str(page.all("input", name="csrf_token")[0].get("value"))


def codes(session: Session) -> dict[str, Any]:
    return {item: each["value"] for item, each in steps.stored(session).answers.items()}


@pytest.mark.requirement("SUR-06")
def test_several_answers_come_in_one_request(
    browser: Browser, csrf: str, session: Session, clock: SteppedClock
) -> None:
    now = clock.now()
    reply = post(browser, csrf, now, entry("q01", 2, 1, now), entry("q02", None, 2, now))
    assert reply == {"state": "open", "saved_at": "10:00", "acknowledged": [1, 2], "refused": []}
    assert codes(session) == {"q01": 2, "q02": None}
    assert steps.stored(session).answers["q02"]["state"] == "skipped"


@pytest.mark.requirement("SUR-11")
@pytest.mark.threat("D5")
def test_a_replay_is_acknowledged_and_changes_nothing(
    browser: Browser, csrf: str, session: Session, clock: SteppedClock
) -> None:
    sent_at = clock.now()
    answer = entry("q01", 2, 1, sent_at)
    post(browser, csrf, sent_at, answer)
    before = dict(steps.stored(session).answers)
    clock.advance(seconds=60)
    assert post(browser, csrf, clock.now(), answer)["acknowledged"] == [1]
    assert steps.stored(session).answers == before


@pytest.mark.requirement("SUR-10")
def test_two_phones_merge_by_item(browser: Browser, csrf: str, session: Session, clock: SteppedClock) -> None:
    now = clock.now()
    post(browser, csrf, now, entry("q01", 1, 1, now), entry("q02", 1, 2, now))
    earlier = now - timedelta(minutes=5)
    late = [entry("q01", 4, 1, earlier), entry("q03", 3, 2, earlier)]
    assert post(browser, csrf, now, *late, device=OTHER)["acknowledged"] == [1, 2]
    assert codes(session) == {"q01": 1, "q02": 1, "q03": 3}


@pytest.mark.threat("D12")
@pytest.mark.parametrize("days", [-1, 1])
def test_a_wrong_clock_is_put_right(
    days: int, browser: Browser, csrf: str, session: Session, clock: SteppedClock
) -> None:
    wrong = clock.now() + timedelta(days=days)
    post(browser, csrf, wrong, entry("q01", 2, 1, wrong - timedelta(seconds=30)))
    found = steps.stored(session).answers["q01"]
    assert found["at"] == "2026-11-23T08:59:30.000+00:00"
    assert datetime.fromisoformat(found["device_at"]) == wrong - timedelta(seconds=30)
    assert found["received_at"] == "2026-11-23T09:00:00.000+00:00"


@pytest.mark.threat("D16")
@pytest.mark.parametrize(
    ("item", "changes"),
    [
        ("q01", {"value": 5}),
        ("q01", {"value": "2"}),
        ("q01", {"value": True}),
        ("q01", {"value": [2]}),
        ("q31", {}),
        ("q01", {"state": "not_asked"}),
        ("q01", {"state": "erased"}),
        ("q01", {"state": ["answered"]}),
        ("q01", {"item": {"a": 1}}),
        ("q01", {"language": "de"}),
        ("q01", {"language": None}),
        ("q01", {"at": "yesterday"}),
        ("q01", {"at": "2026-11-23T09:00:00"}),
        ("q01", {"at": 5}),
    ],
)
def test_what_is_no_answer_is_refused_and_the_rest_is_kept(
    item: str, changes: Body, browser: Browser, csrf: str, session: Session, clock: SteppedClock
) -> None:
    now = clock.now()
    bad = entry(item, 2, 1, now) | changes
    reply = post(browser, csrf, now, bad, entry("q02", 3, 2, now))
    assert (reply["acknowledged"], reply["refused"]) == ([2], [1])
    assert codes(session) == {"q02": 3}


@pytest.mark.threat("C16")
@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {"answers": []},
        {"device": "short", "now": "2026-11-23T09:00:00.000Z", "answers": []},
        {"device": DEVICE, "now": "noon", "answers": []},
        {"device": DEVICE, "now": "2026-11-23T09:00:00.000Z", "answers": {}},
        {"device": DEVICE, "now": "2026-11-23T09:00:00.000Z", "answers": [3]},
        {"device": DEVICE, "now": "2026-11-23T09:00:00.000Z", "answers": [{"sequence": 0}]},
        {"device": DEVICE, "now": "2026-11-23T09:00:00.000Z", "answers": [{"sequence": 2**31}]},
        {"device": DEVICE, "now": "2026-11-23T09:00:00.000Z", "answers": [{"sequence": 1}] * 201},
    ],
)
def test_a_body_that_is_none_is_refused_whole(
    body: object, browser: Browser, csrf: str, session: Session
) -> None:
    reply = browser.client.post("/survey/answers", json=body, headers={"X-CSRFToken": csrf})
    assert reply.status_code == 400
    assert codes(session) == {}


@pytest.mark.threat("C16")
@pytest.mark.parametrize("body", ["[" * 30_000, '{"":' * 15_000])
def test_lists_in_lists_without_end_are_no_body(
    body: str, browser: Browser, csrf: str, session: Session
) -> None:
    headers = {"X-CSRFToken": csrf, "Content-Type": "application/json"}
    reply = browser.client.post("/survey/answers", data=body, headers=headers)
    assert reply.status_code == 400
    assert codes(session) == {}


@pytest.mark.requirement("SUR-06")
def test_where_answers_are_brought_there_is_no_question(browser: Browser, csrf: str) -> None:
    assert browser.get("/survey/answers", 404).h1 == browser.get("/survey/unknown", 404).h1
    assert browser.client.head("/survey/answers").status_code == 404


@pytest.mark.requirement("AE-02")
def test_a_patients_words_are_kept_as_they_were_written(
    browser: Browser, session: Session, clock: SteppedClock
) -> None:
    study = factories.make_study(session, clock, with_symptoms=True)
    token = factories.make_link(session, clock, factories.make_patient(session, clock, study)).token
    session.commit()
    csrf = str(steps.start(browser, token).all("input", name="csrf_token")[0].get("value"))
    now, words = clock.now(), "J’ai la tête qui tourne 👩\u200d🍳 \U0001faea, vrai\u00adment"
    about = [entry("other", 1, 1, now), entry("othertext", words, 2, now)]
    assert post(browser, csrf, now, *about)["refused"] == []
    assert post(browser, csrf, now, entry("othertext", "a\ud83d", 3, now))["refused"] == [3]
    kept = session.scalars(select(Response).where(Response.instrument == "symptoms")).one()
    assert kept.answers["othertext"]["value"] == words
    assert words in browser.get("/survey/othertext").html


@pytest.mark.threat("C1")
def test_without_the_form_token_nothing_is_taken(
    browser: Browser, csrf: str, session: Session, clock: SteppedClock
) -> None:
    now = clock.now()
    post(browser, "", now, entry("q01", 2, 1, now), status=400)
    assert codes(session) == {}


@pytest.mark.threat("C1")
def test_a_form_token_that_was_right_serves_no_other_session(
    browser: Browser, csrf: str, token: str, session: Session, clock: SteppedClock, app: Flask
) -> None:
    now, other = clock.now(), Browser(app)
    post(browser, csrf, now, entry("q01", 1, 1, now))
    steps.start(other, token)
    post(other, csrf, now, entry("q01", 4, 1, now), device=OTHER, status=400)
    assert codes(session) == {"q01": 1}


@pytest.mark.threat("C1")
def test_only_a_token_that_was_looked_at_is_taken_for_right_later(
    browser: Browser, csrf: str, session: Session, clock: SteppedClock
) -> None:
    # The form's own field goes before the header.
    form, header = {"csrf_token": csrf, "item": "q01", "q01": "1"}, {"X-CSRFToken": "nonsense"}
    assert browser.client.post("/survey/q01", data=form, headers=header).status_code == 303
    now, before = clock.now(), codes(session)
    post(browser, "nonsense", now, entry("q02", 4, 1, now), status=400)
    assert codes(session) == before


def late(session: Session) -> list[tuple[str, Any]]:
    query = select(LateAnswer).order_by(LateAnswer.sequence)
    return [(each.item, each.answer["value"]) for each in session.scalars(query)]


@pytest.mark.requirement("SUR-10")
def test_after_sending_an_answer_is_kept_apart(
    browser: Browser, csrf: str, session: Session, clock: SteppedClock
) -> None:
    now = clock.now()
    answers = [entry(item, 1, number, now) for number, item in enumerate(steps.ITEMS, start=1)]
    post(browser, csrf, now, *answers)
    browser.press(browser.get("/survey/review"), steps.FR["send"])
    sent = steps.stored(session).answers
    reply = post(browser, csrf, now, *answers, entry("q01", 4, 31, now), device=DEVICE)
    assert (reply["state"], reply["refused"]) == ("sent", [])
    assert reply["acknowledged"] == list(range(1, 32))
    assert late(session) == [("q01", 4)]
    post(browser, csrf, now, entry("q02", 3, 1, now), device=OTHER)
    assert sorted(late(session)) == [("q01", 4), ("q02", 3)]
    assert steps.stored(session).answers == sent
    assert len(session.scalars(select(Response)).all()) == 1


@pytest.mark.requirement("SUR-10")
@pytest.mark.parametrize(("language", "told"), [("fr", "trop tard"), ("en", "too late")])
def test_the_thanks_tell_of_answers_that_came_after_sending(
    language: str, told: str, browser: Browser, csrf: str, token: str, clock: SteppedClock
) -> None:
    now = clock.now()
    answers = [entry(item, 1, number, now) for number, item in enumerate(steps.ITEMS, start=1)]
    post(browser, csrf, now, *answers)
    browser.press(browser.get("/survey/review"), steps.FR["send"])
    post(browser, csrf, now, *answers)
    thanks = [f"/l/{token}?lang={language}", f"/survey/sent?lang={language}"]
    assert not [path for path in thanks if told in browser.get(path).text]
    post(browser, csrf, now, entry("q02", 3, 1, now), device=OTHER)
    assert [path for path in thanks if told in browser.get(path).text] == thanks


@pytest.mark.requirement("SUR-15")
@pytest.mark.threat("D11")
def test_what_comes_after_the_window_and_its_grace_is_kept_apart(
    browser: Browser, csrf: str, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    visit = factories.get_visit(session, patient)
    given_at = clock.now()
    clock.set(visit.closes_at + timedelta(hours=23, minutes=59))
    assert post(browser, csrf, clock.now(), entry("q01", 1, 1, clock.now()))["state"] == "open"
    clock.set(visit.closes_at + timedelta(hours=24))
    reply = post(browser, csrf, clock.now(), entry("q02", 2, 2, given_at))
    assert (reply["state"], reply["acknowledged"]) == ("closed", [2])
    assert codes(session) == {"q01": 1}
    assert late(session) == [("q02", 2)]


@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A7")
def test_a_revoked_link_takes_nothing_more(
    browser: Browser, csrf: str, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    links.revoke_links(session, clock, factories.get_visit(session, patient), "lost phone")
    session.commit()
    now = clock.now()
    post(browser, csrf, now, entry("q01", 1, 1, now), status=410)
    assert codes(session) == {}
    assert late(session) == []


def test_without_a_session_nothing_is_told(app_browser: Browser, clock: SteppedClock) -> None:
    page = app_browser.get("/l/unknown", 404)
    assert page.status == 404
    body = {"device": DEVICE, "now": written(clock.now()), "answers": []}
    assert app_browser.client.post("/survey/answers", json=body).status_code == 400


@pytest.fixture
def app_browser(browser: Browser) -> Browser:
    """A browser that opened no link."""
    return browser


@pytest.mark.requirement("AE-01")
@pytest.mark.requirement("AE-02")
def test_symptoms_and_words_go_to_their_own_questionnaire(
    browser: Browser, session: Session, clock: SteppedClock
) -> None:
    study = factories.make_study(session, clock, with_symptoms=True)
    patient = factories.make_patient(session, clock, study)
    token = factories.make_link(session, clock, patient).token
    session.commit()
    page = steps.start(browser, token)
    csrf = str(page.all("input", name="csrf_token")[0].get("value"))
    now, words = clock.now(), "  <b>Goût</b>\n=métallique’ "
    answers = [entry("q01", 1, 1, now), entry("pt009a", 0, 2, now), entry("othertext", words, 3, now)]
    assert post(browser, csrf, now, *answers)["acknowledged"] == [1, 2, 3]
    both = {each.instrument: each for each in session.scalars(select(Response))}
    assert set(both["qlq-c30"].answers) == {"q01"}
    found = {item: each["value"] for item, each in both["symptoms"].answers.items()}
    assert found == {"pt009a": 0, "othertext": words}


@pytest.mark.requirement("LINK-02")
def test_reading_the_questions_changes_no_row_of_a_session(
    browser: Browser, token: str, session: Session
) -> None:
    form_token = browser.get(f"/l/{token}").all("input", name="csrf_token")[0].get("value")
    assert browser.client.post(f"/l/{token}", data={"csrf_token": form_token}).status_code == 303
    query = select(WebSession.data, WebSession.seen_at, WebSession.ended_at)
    before = session.execute(query).all()
    assert len(before) == 1
    session.commit()
    browser.get("/survey/q01")
    browser.get("/survey/review")
    assert session.execute(query).all() == before
