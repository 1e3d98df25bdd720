"""The page of a patient's scores and symptoms: what was said when, and how each score came about."""

import re
from xml.etree.ElementTree import Element

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, Response, Score, Study, User
from app.services.access import Role
from app.services.missing import close_forms
from app.services.visits import GRACE
from tests import factories
from tests.course import send_with_symptoms
from tests.page import Browser, Page, text_of
from tests.sheets import sheet, take

pytestmark = pytest.mark.requirement("CLI-03")
PATIENT = "/nurse/GIST-IMA/04-001"
PAGE = f"{PATIENT}/scores"
SVG = "{http://www.w3.org/2000/svg}"


def see(nurse: Browser, session: Session, clock: SteppedClock, path: str = PAGE) -> Page:
    """A page as the nurse sees it who has just signed in again: months went by."""
    session.commit()
    user = session.scalars(select(User).where(User.email == "nurse.04@staff.example")).one()
    return factories.sign_in(nurse, session, clock, user).get(path)


def figure(page: Page, name: str) -> Element:
    """The chart of a scale with all that stands beside it."""
    return next(each for each in page.all("section") if text_of(next(each.iter("h3"))) == name)


def table(page: Page, name: str) -> list[str]:
    """The rows of a chart's table."""
    return [text_of(row) for body in figure(page, name).iter("tbody") for row in body.iter("tr")]


def drawn(page: Page, name: str, look: str) -> list[Element]:
    """The parts of a chart with this class."""
    (chart,) = [each for each in figure(page, name).iter(f"{SVG}svg") if each.get("class") == "chart"]
    return [each for each in chart.iter() if look in (each.get("class") or "").split()]


def send_baseline_and_m3(
    session: Session, clock: SteppedClock, patient: Patient, **codes: int | None
) -> None:
    """Both questionnaires in time: the lowest codes, then these."""
    factories.submit(session, clock, factories.get_visit(session, patient))
    factories.randomise(session, clock, patient)
    clock.advance(days=91)
    factories.submit(session, clock, factories.get_visit(session, patient, "M3"), codes)
    session.commit()


def test_before_any_questionnaire_the_page_says_what_will_appear(nurse: Browser, patient: Patient) -> None:
    page = nurse.follow(nurse.get(PATIENT), "Scores and symptoms over time")
    assert page.h1 == "Scores and symptoms of 04-001"
    assert "No score yet. Each scale appears here as a chart over the visits" in page.text
    assert not page.all("section")


def test_one_questionnaire_has_a_point_in_each_scale(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.submit(session, clock, factories.get_visit(session, patient))
    session.commit()
    page = nurse.get(PAGE)
    names = [text_of(next(each.iter("h3"))) for each in page.all("section")]
    assert names[:3] == ["Global health status / QoL", "Summary score", "Physical functioning"]
    assert len(names) == 16
    assert table(page, "Physical functioning") == [
        "Baseline 23 Nov 2026 100 – the arithmetic of Physical functioning at Baseline 5 of 5"
    ]
    assert len(drawn(page, "Physical functioning", "dot")) == 1
    assert not drawn(page, "Physical functioning", "course")


def test_scores_stand_in_the_order_of_time_with_the_latest_in_words(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    send_baseline_and_m3(session, clock, patient, q10=4, q12=4, q18=3)
    page = see(nurse, session, clock)
    rows = table(page, "Fatigue")
    assert [row.split(" – ")[0] for row in rows] == ["Baseline 23 Nov 2026 0", "Month 3 22 Feb 2027 88.9"]
    (line,) = drawn(page, "Fatigue", "course")
    (x1, y1), (x2, y2) = (pair.split(",") for pair in (line.get("points") or "").split())
    assert float(x1) < float(x2)
    assert float(y1) > float(y2), "a higher score stands higher"
    text = text_of(figure(page, "Fatigue"))
    assert "88.9 M3, 22 Feb 2027 Past the threshold" in text
    assert "Lower is better · Clinically important above 39" in text
    assert "Past the threshold of clinical importance: Fatigue 88.9" in page.text
    assert "Latest questionnaire: Month 3, 22 February 2027." in page.text


def test_each_chart_says_in_a_sentence_what_it_shows(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    send_baseline_and_m3(session, clock, patient, q10=4, q12=4, q18=3)
    charts = see(nurse, session, clock).all(f"{SVG}svg", role="img")
    assert charts[7].get("aria-label") == "Fatigue: 0 on 23 Nov 2026, 88.9 on 22 Feb 2027"
    assert all(each.get("aria-label") for each in charts)


def test_thresholds_that_nobody_checked_say_so_with_their_source(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.submit(session, clock, factories.get_visit(session, patient))
    session.commit()
    page = nurse.get(PAGE)
    assert (
        "wait to be checked against their publication: Giesinger JM et al. J Clin Epidemiol 2020" in page.text
    )
    assert len(drawn(page, "Pain", "threshold")) == 1
    assert not drawn(page, "Summary score", "threshold")


def test_a_missing_visit_breaks_the_line_and_is_in_the_table(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    send_baseline_and_m3(session, clock, patient)
    clock.advance(days=182)
    visit = factories.get_visit(session, patient, "M9")
    clock.set(visit.opens_at)
    factories.submit(session, clock, visit)
    page = see(nurse, session, clock)
    assert len(drawn(page, "Pain", "gap")) == 1
    assert len(drawn(page, "Pain", "course")) == 1
    assert len(drawn(page, "Pain", "dot")) == 3
    assert table(page, "Pain")[2] == "Month 6 23 May 2027 · Missing – –"
    assert "1 time without a value" in page.html


def test_a_scale_with_too_few_answers_has_no_value_but_its_arithmetic(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    send_baseline_and_m3(session, clock, patient, q09=None, q19=None, q30=None)
    page = see(nurse, session, clock)
    assert len(drawn(page, "Pain", "gap")) == 1
    assert table(page, "Pain")[1].endswith("No score – the arithmetic of Pain at Month 3 0 of 2")
    assert table(page, "Global health status / QoL")[1].endswith(" 1 of 2")
    assert (
        "There is no score: too little was answered."
        in see(nurse, session, clock, f"{PAGE}/M3/qlq-c30/PA").text
    )


@pytest.mark.requirement("VIS-05")
def test_what_is_partial_late_or_on_paper_is_marked_by_shape_and_in_words(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    take(session, clock, patient, sheet())
    late = factories.make_patient(session, clock, study, "04-002")
    visit = factories.get_visit(session, late)
    factories.answer(session, clock, visit, {"q01": 1})
    partial = factories.make_patient(session, clock, study, "04-003")
    factories.answer(session, clock, factories.get_visit(session, partial), {"q08": 1})
    clock.set(visit.closes_at)
    factories.submit(session, clock, visit)
    clock.set(visit.closes_at + GRACE)
    close_forms(session, clock)
    page = see(nurse, session, clock)
    assert [each.tag for each in drawn(page, "Pain", "dot")] == [f"{SVG}rect"]
    assert "On paper" in table(page, "Pain")[0]
    page = see(nurse, session, clock, "/nurse/GIST-IMA/04-002/scores")
    assert len(drawn(page, "Pain", "ring")) == 1
    assert "Late" in table(page, "Pain")[0]
    page = see(nurse, session, clock, "/nurse/GIST-IMA/04-003/scores")
    assert len(drawn(page, "Dyspnoea", "is-hollow")) == 1
    assert "Partial" in table(page, "Dyspnoea")[0]
    assert "Partial: begun and never sent" in page.text


def test_the_treatment_is_marked_by_letters_that_are_explained(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    today = clock.now().date()
    send_baseline_and_m3(session, clock, patient)
    factories.expose(
        session, clock, patient, today - factories.days(4000), today + factories.days(1), "protocol"
    )
    factories.expose(session, clock, patient, today + factories.days(60))
    page = see(nurse, session, clock)
    letters = [text_of(each) for each in drawn(page, "Pain", "letter")]
    assert letters == ["B", "C"], "what began before the questionnaires is on no chart"
    assert "B 24 Nov 2026 – Imatinib: stopped (as the protocol asks)" in page.text
    assert "C 22 Jan 2027 – Imatinib: first day again" in page.text


# Symptoms


@pytest.mark.requirement("AE-04")
def test_a_symptom_has_its_composite_grades_over_the_visits(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    send_with_symptoms(session, clock, patient, "BASELINE", {"pt009a": 0})
    factories.randomise(session, clock, patient)
    send_with_symptoms(session, clock, patient, "M3", {"pt009a": 3, "pt009b": 3})
    page = see(nurse, session, clock)
    assert table(page, "Nausea") == ["Baseline 23 Nov 2026 0", "Month 3 9 Feb 2027 3"]
    assert len(drawn(page, "Nausea", "dot")) == len(drawn(page, "Nausea", "course")) == 2
    assert "It is no CTCAE grade." in page.text
    assert "Asked about, and never reported:" in page.text
    assert "Vomiting" in page.text
    assert "Muscle cramps" not in page.text, "a symptom of the study's own has no composite grade"


@pytest.mark.requirement("AE-03")
def test_a_report_between_visits_is_a_point_of_its_symptom_alone(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    send_with_symptoms(session, clock, patient, "BASELINE", {"pt009a": 1, "pt009b": 1, "pt053a": 1})
    issued = factories.make_personal_link(session, clock, patient)
    clock.advance(days=1)
    answers: dict[str, int | str | None] = {
        "symptom": "pt009",
        "pt009a": 4,
        "pt009b": 4,
        "onset": "2026-11-23",
        "ongoing": 1,
    }
    factories.report(session, clock, issued, answers)
    page = see(nurse, session, clock)
    assert table(page, "Nausea")[-1] == "Report between visits (U1) 24 Nov 2026 3"
    assert len(table(page, "Fatigue")) == 1


def test_a_skipped_symptom_is_a_gap_and_never_a_guess(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    send_with_symptoms(session, clock, patient, "BASELINE", {"pt009a": 2, "pt009b": 2})
    factories.randomise(session, clock, patient)
    send_with_symptoms(session, clock, patient, "M3", {"pt009a": None})
    page = see(nurse, session, clock)
    assert table(page, "Nausea")[-1].endswith(" –")
    assert len(drawn(page, "Nausea", "gap")) == 1


# The arithmetic


def test_a_score_leads_to_its_arithmetic_in_words_and_numbers(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    codes = {"q01": 2, "q02": 3, "q03": 1, "q04": None, "q05": 1}
    factories.submit(session, clock, factories.get_visit(session, patient), codes)
    session.commit()
    page = nurse.follow(nurse.get(PAGE), "75 – the arithmetic of Physical functioning at Baseline")
    assert page.h1 == "Physical functioning PF2"
    answers = [text_of(row) for body in page.all("tbody") for row in body.iter("tr")]
    assert answers == ["Question 1 2", "Question 2 3", "Question 3 1", "Question 4 No answer", "Question 5 1"]
    assert "4 of 5; at least 3 are needed" in page.text
    assert "(2 + 3 + 1 + 1) / 4 = 1.75" in page.text
    assert "(1 − (1.75 − 1) / 3) × 100 = 75" in page.text
    assert "Higher is better." in page.text


def test_a_symptom_scale_is_not_turned_round(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.submit(session, clock, factories.get_visit(session, patient), {"q09": 3, "q19": 4, "q08": 2})
    session.commit()
    assert "(3.5 − 1) / 3 × 100 = 83.3333" in nurse.get(f"{PAGE}/BASELINE/qlq-c30/PA").text
    page = nurse.get(f"{PAGE}/BASELINE/qlq-c30/DY")
    assert "2 = 2" in page.text
    assert "(2 − 1) / 3 × 100 = 33.3333" in page.text


def test_the_summary_shows_its_thirteen_scores_and_which_are_turned(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.submit(session, clock, factories.get_visit(session, patient), {"q08": 4, "q29": 7})
    session.commit()
    page = nurse.get(f"{PAGE}/BASELINE/qlq-c30/SUMMARY")
    rows = [text_of(row) for body in page.all("tbody") for row in body.iter("tr")]
    assert len(rows) == 13
    assert "Physical functioning 100 100" in rows
    assert "Dyspnoea 100 0 100 − 100" in rows
    assert re.search(r"\(100 \+ .*\) / 13 = 92\.3077", page.text)


@pytest.mark.parametrize(
    "path",
    ["M3/qlq-c30/PF2", "BASELINE/qlq-c30/XX", "BASELINE/symptoms/PF2", "NONE/x/y", "BASELINE/..%2Fx/PF2"],
)
def test_a_score_that_is_not_there_is_not_found(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient, path: str
) -> None:
    factories.submit(session, clock, factories.get_visit(session, patient))
    session.commit()
    nurse.get(f"{PAGE}/{path}", 404)


def test_a_score_on_record_that_does_not_follow_from_the_answers_is_told(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    factories.submit(session, clock, factories.get_visit(session, patient))
    session.execute(update(Score).where(Score.scale == "PF2").values(value=12.5))
    session.commit()
    page = nurse.get(f"{PAGE}/BASELINE/qlq-c30/PF2")
    assert "The score on record is 12.5: it does not follow from these answers." in page.text


# Who sees it


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_sites_scores_look_like_none(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study
) -> None:
    other = factories.make_patient(session, clock, study, "01-001")
    factories.submit(session, clock, factories.get_visit(session, other))
    session.commit()
    for path in ("scores", "scores/BASELINE/qlq-c30/PF2"):
        missing = nurse.get(f"/nurse/GIST-IMA/01-999/{path}", 404).html
        assert nurse.get(f"/nurse/GIST-IMA/01-001/{path}", 404).html == missing


@pytest.mark.requirement("ACC-01")
@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.MONITOR, 200), (Role.INSPECTOR, 200), (Role.ANALYST, 403), (Role.ADMINISTRATOR, 403)],
)
def test_who_reads_patients_reads_their_scores(
    browser: Browser,
    session: Session,
    clock: SteppedClock,
    study: Study,
    patient: Patient,
    role: Role,
    status: int,
) -> None:
    factories.submit(session, clock, factories.get_visit(session, patient))
    user = factories.make_staff(session, clock, role, study, language="en")
    page = factories.sign_in(browser, session, clock, user).get(PAGE, status)
    assert ("Physical functioning" in page.text) == (status == 200)


def test_a_void_questionnaire_is_on_no_chart(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    sent = factories.submit(session, clock, factories.get_visit(session, patient))
    session.get_one(Response, sent.id).voided_at = clock.now()
    session.commit()
    assert "No score yet." in nurse.get(PAGE).text
    nurse.get(f"{PAGE}/BASELINE/qlq-c30/PF2", 404)
