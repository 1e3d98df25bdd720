"""What a patient sent, answer by answer: all of the site see it, the investigator corrects it."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Correction, LateAnswer, Patient, Response, Study
from app.services.access import Role
from app.services.late_answers import keep_late_answers
from app.services.responses import Answer, AnswerState
from app.services.sign_in import FREE_TRIES
from tests import factories, wording
from tests.nurse.conftest import PASSWORD
from tests.page import Browser, Page, text_of

pytestmark = [pytest.mark.requirement("AUD-02"), pytest.mark.threat("E7")]
FORMS = "/nurse/GIST-IMA/04-001/answers"
FORM = f"{FORMS}/BASELINE/qlq-c30"
CORRECTION = f"{FORM}/q01/correction"
OTHERS = "/nurse/GIST-IMA/01-001/answers"
CONTINUE, SIGN, BACK = "Continue", "Sign and record", "Correct"
FACTS: dict[str, Any] = {
    "answer": "3",
    "source": "telephone",
    "asked_by": "patient",
    "reason": "Ticked the line above",
}
SIGNATURE: dict[str, Any] = {"name": "Dr A. Martin", "password": PASSWORD}


@pytest.fixture
def patient(session: Session, clock: SteppedClock, study: Study) -> Patient:
    """A patient of Lyon who sent the initial questionnaire, and a report of nausea."""
    patient = factories.make_patient(session, clock, study)
    factories.submit(session, clock, factories.get_visit(session, patient))
    issued = factories.make_personal_link(session, clock, patient)
    values: dict[str, int | str | None] = {
        "symptom": "pt009",
        "pt009a": 3,
        "pt009b": 1,
        "onset": "2026-11-20",
    }
    factories.report(session, clock, issued, values)
    session.commit()
    return patient


@pytest.fixture
def late(session: Session, patient: Patient, clock: SteppedClock) -> LateAnswer:
    """An answer that came after sending."""
    query = select(Response).where(Response.instrument == "qlq-c30")
    answer = Answer("q02", AnswerState.ANSWERED, 4, device="d" * 22, sequence=1)
    keep_late_answers(session, clock, session.scalars(query).one(), [answer])
    session.commit()
    return session.scalars(select(LateAnswer)).one()


def stored(session: Session) -> list[Correction]:
    session.expire_all()
    return list(session.scalars(select(Correction).order_by(Correction.id)))


def row(page: Page, item: str) -> str:
    found = (text_of(each) for each in page.all("tr"))
    return next(each for each in found if each.startswith(item))


def alert(page: Page) -> str:
    return " ".join(text_of(each) for each in page.all("div", role="alert"))


def report_url(browser: Browser) -> str:
    page = browser.get(FORMS)
    return next(each.get("href", "") for each in page.all("a") if "Report between visits" in text_of(each))


def token(browser: Browser) -> dict[str, str]:
    return {"csrf_token": browser.get("/").all("input", name="csrf_token")[0].get("value", "")}


# Correcting


@pytest.mark.threat("E8")
def test_an_investigator_corrects_an_answer_and_both_are_shown(
    investigator: Browser, nurse: Browser, session: Session, patient: Patient
) -> None:
    page = investigator.follow(
        investigator.get("/nurse/GIST-IMA/04-001"), "Answers sent, and their corrections"
    )
    page = investigator.follow(page, "Baseline – QLQ-C30")
    look = investigator.press(investigator.get(CORRECTION), CONTINUE, **FACTS)
    assert "Nothing is recorded yet." in look.text
    assert "Ticked the line above" in look.text
    assert stored(session) == []
    page = investigator.press(look, SIGN, **SIGNATURE)
    assert page.path.startswith(FORM)
    assert "The correction is recorded." in page.text
    (made,) = stored(session)
    assert (made.old["value"], made.new["value"], made.name) == (1, 3, "Dr A. Martin")
    shown = row(nurse.get(FORM), "q01")
    for told in (
        "1 –",
        "3 –",
        "Ticked the line above (The patient, by telephone; asked for by: The patient)",
    ):
        assert told in shown
    assert "Dr A. Martin (investigator.04@staff.example) on 23 Nov 2026 at 10:00 Signature valid" in shown
    assert row(nurse.get(FORM), "Physical functioning").split()[2:] == ["100.0", "86.7"]
    assert PASSWORD not in str(session.scalars(select(AuditEntry.changes)).all())


def test_what_a_correction_rules_out_is_shown_before_and_after(
    investigator: Browser, session: Session, patient: Patient
) -> None:
    url = report_url(investigator)
    page = investigator.get(f"{url}/pt009a/correction")
    look = investigator.press(page, CONTINUE, **(FACTS | {"answer": "0"}))
    assert "What follows for other questions" in look.text
    assert [text_of(each) for each in look.all("li")][-1].startswith("pt009b Nausea, severity 1 –")
    assert [text_of(each) for each in look.all("li")][-1].endswith("→ Not asked")
    page = investigator.press(look, SIGN, **SIGNATURE)
    assert "Not asked" in row(page, "pt009b")
    assert f"{url}/pt009b/correction" not in {each.get("href") for each in page.all("a")}
    assert row(page, "Nausea, composite grade").split()[-2:] != ["0", "0"]
    assert row(page, "Nausea, composite grade").split()[-1] == "0"
    refused = investigator.press(
        investigator.get(f"{url}/pt009b/correction"), CONTINUE, 422, **(FACTS | {"answer": "2"})
    )
    assert "This question is not asked, going by the answer before it" in alert(refused)


def test_a_second_look_leads_back_with_all_that_was_typed(
    investigator: Browser, session: Session, patient: Patient
) -> None:
    look = investigator.press(investigator.get(CORRECTION), CONTINUE, **FACTS)
    page = investigator.press(look, BACK)
    assert page.one("input", name="answer", value="3").get("checked") is not None
    assert "Ticked the line above" in page.html
    assert stored(session) == []


def test_a_correction_to_no_answer_and_back_keeps_the_chain(
    investigator: Browser, session: Session, patient: Patient
) -> None:
    for answer in ("none", "1"):
        look = investigator.press(investigator.get(CORRECTION), CONTINUE, **(FACTS | {"answer": answer}))
        page = investigator.press(look, SIGN, **SIGNATURE)
    assert [(each.old["value"], each.new["value"]) for each in stored(session)] == [(1, None), (None, 1)]
    assert row(page, "q01").count("No answer") == 2


def test_words_and_a_day_are_corrected_in_their_own_fields(
    investigator: Browser, session: Session, patient: Patient, clock: SteppedClock
) -> None:
    url = report_url(investigator)
    facts: dict[str, Any] = {name: value for name, value in FACTS.items() if name != "answer"}
    page = investigator.get(f"{url}/onset/correction")
    look = investigator.press(page, CONTINUE, **facts, day="2026-11-21")
    investigator.press(look, SIGN, **SIGNATURE)
    refused = investigator.press(page, CONTINUE, 422, **facts, day="2026-11-24")
    assert "corrected this questionnaire meanwhile" in alert(refused)
    again = investigator.get(f"{url}/onset/correction")
    refused = investigator.press(again, CONTINUE, 422, **facts, day="2026-11-24")
    assert "This date is in the future." in alert(refused)
    assert [each.new["value"] for each in stored(session)] == ["2026-11-21"]
    other = investigator.press(
        investigator.get(f"{url}/symptom/correction"), CONTINUE, **(FACTS | {"answer": "other"})
    )
    investigator.press(other, SIGN, **SIGNATURE)
    other = investigator.press(
        investigator.get(f"{url}/othertext/correction"), CONTINUE, **facts, text="Bourdonnements <b>"
    )
    assert "Bourdonnements <b>" in investigator.press(other, SIGN, **SIGNATURE).text
    assert stored(session)[-1].new == {"state": "answered", "value": "Bourdonnements <b>"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"answer": ""}, "Choose the answer."),
        ({"answer": "9"}, "Choose the answer."),
        ({"answer": "1"}, "Nothing was changed."),
        ({"source": ""}, "Choose the source."),
        ({"source": "late_answer"}, "is taken over from the questionnaire’s page"),
        ({"asked_by": ""}, "Choose who asked for it."),
        ({"reason": " "}, "Give the reason, in at most 500 characters."),
        ({"reason": "x" * 501}, "Write at most 500 characters."),
        ({"reason": "née le 01/02/1960"}, "what may be a birth date"),
    ],
)
def test_what_is_missing_is_told_at_the_form(
    investigator: Browser, session: Session, patient: Patient, changes: dict[str, Any], told: str
) -> None:
    page = investigator.press(investigator.get(CORRECTION), CONTINUE, 422, **(FACTS | changes))
    assert told in alert(page)
    assert stored(session) == []


@pytest.mark.threat("E8")
@pytest.mark.threat("B14")
def test_nothing_is_recorded_without_name_and_password(
    investigator: Browser, session: Session, patient: Patient
) -> None:
    look = investigator.press(investigator.get(CORRECTION), CONTINUE, **FACTS)
    wrong = investigator.press(look, SIGN, 422, name="Dr A. Martin", password="guessed")
    assert "This is not your password." in alert(wrong)
    assert "Give your first and last name" in alert(
        investigator.press(wrong, SIGN, 422, name=" ", password=PASSWORD)
    )
    for _ in range(FREE_TRIES):
        investigator.press(look, SIGN, 422, name="Dr A. Martin", password="guessed")
    locked = investigator.press(look, SIGN, 422, **SIGNATURE)
    assert "Too many tries." in alert(locked)
    assert stored(session) == []


@pytest.mark.threat("E8")
def test_a_correction_that_was_altered_outside_shows(
    investigator: Browser, session: Session, patient: Patient
) -> None:
    look = investigator.press(investigator.get(CORRECTION), CONTINUE, **FACTS)
    investigator.press(look, SIGN, **SIGNATURE)
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    name = "correction_keeps_update" if is_sqlite else "correction_keeps_rows ON correction"
    session.execute(text(f"DROP TRIGGER {name}"))
    session.execute(text("UPDATE correction SET name = 'Dr Nobody'"))
    session.commit()
    shown = row(investigator.get(FORM), "q01")
    assert "Signature not valid: the record was altered outside the application" in shown


@pytest.mark.requirement("INS-04")
def test_where_the_wording_is_not_what_was_approved_codes_stand_alone(
    investigator: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    assert "Provisional wording" in investigator.get(FORM).text
    wording.make_broken(session, clock, study, language="en")
    session.commit()
    page = investigator.get(FORM)
    assert row(page, "q01") == "q01 1 1 Correct q01"
    assert "Provisional wording" not in page.text


# Late answers


@pytest.mark.requirement("SUR-10")
def test_a_late_answer_is_taken_over(investigator: Browser, session: Session, late: LateAnswer) -> None:
    page = investigator.get(FORM)
    assert "Came after sending: 4 –" in row(page, "q02")
    form = investigator.follow(page, "Take over q02")
    assert form.one("input", name="answer", value="4").get("checked") is not None
    other = investigator.press(form, CONTINUE, 422, asked_by="patient", reason="She says so", answer="3")
    assert "The late answer says otherwise" in alert(other)
    look = investigator.press(form, CONTINUE, asked_by="patient", reason="She says so")
    assert "An answer that came after sending" in look.text
    page = investigator.press(look, SIGN, **SIGNATURE)
    assert "(taken over)" in row(page, "q02")
    assert "Take over" not in page.text
    (made,) = stored(session)
    assert (made.source, made.late_answer_id, made.new["value"]) == ("late_answer", late.id, 4)
    investigator.get(f"{CORRECTION}?late={late.id}", 404)
    investigator.get(f"{CORRECTION}?late=x", 404)


# Access


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_a_nurse_sees_all_and_corrects_nothing(nurse: Browser, session: Session, late: LateAnswer) -> None:
    page = nurse.get(FORM)
    assert "Came after sending" in page.text
    assert not [each for each in page.all("a") if "/correction" in each.get("href", "")]
    nurse.get(CORRECTION, 403)
    data = token(nurse) | FACTS | SIGNATURE | {"seen": "0", "confirm": "yes"}
    nurse.post(CORRECTION, data, 403)
    assert stored(session) == []


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_sites_answers_look_like_none(
    investigator: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    elsewhere = factories.make_patient(session, clock, study, "01-001")
    factories.submit(session, clock, factories.get_visit(session, elsewhere), {"q01": 4})
    session.commit()
    for ending in ("", "/BASELINE/qlq-c30", "/BASELINE/qlq-c30/q01/correction"):
        investigator.get(OTHERS + ending, 404)
    data = token(investigator) | FACTS | SIGNATURE | {"seen": "0", "confirm": "yes"}
    investigator.post(f"{OTHERS}/BASELINE/qlq-c30/q01/correction", data, 404)
    assert stored(session) == []


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("role", [Role.MONITOR, Role.INSPECTOR, Role.DATA_MANAGER])
def test_who_may_only_look_corrects_nothing(
    app: Flask, session: Session, clock: SteppedClock, study: Study, patient: Patient, role: Role
) -> None:
    user = factories.make_staff(session, clock, role, study, language="en")
    reader = factories.sign_in(Browser(app), session, clock, user)
    page = reader.get(FORM)
    assert not [each for each in page.all("a") if "/correction" in each.get("href", "")]
    reader.get(CORRECTION, 403)
    reader.post(CORRECTION, token(reader) | FACTS | SIGNATURE | {"seen": "0", "confirm": "yes"}, 403)
    assert stored(session) == []


def test_what_was_not_sent_is_not_found(investigator: Browser, patient: Patient) -> None:
    for path in (f"{FORMS}/M3/qlq-c30", f"{FORMS}/BASELINE/none", f"{FORM}/q31/correction"):
        investigator.get(path, 404)


def test_a_patient_who_sent_nothing_has_an_empty_list(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    factories.make_patient(session, clock, study, "04-002")
    session.commit()
    assert "has sent no questionnaire yet" in nurse.get("/nurse/GIST-IMA/04-002/answers").text
