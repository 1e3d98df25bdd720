"""Scores and grades over time: only what counts, in the order of time, and marked as it came in."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

import scoring
from app.clock import SteppedClock
from app.models import Patient, Response, Visit
from app.services.course import Course, course_of, derivation
from app.services.errors import NotFoundError
from app.services.missing import close_forms
from app.services.visits import GRACE
from tests import corrected
from tests import factories as make
from tests.conftest import NOW
from tests.course import send_with_symptoms
from tests.sheets import ask_for_two_transcriptions, sheet, take

pytestmark = pytest.mark.requirement("CLI-03")


@pytest.fixture
def visit(session: Session, patient: Patient) -> Visit:
    """The initial visit, open."""
    return make.get_visit(session, patient)


def test_nothing_was_sent(session: Session, clock: SteppedClock, patient: Patient, visit: Visit) -> None:
    make.answer(session, clock, visit, {"q01": 1})
    assert course_of(session, patient) == Course((), ())


def test_a_form_has_the_scores_on_record_with_the_items_answered(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    make.submit(session, clock, visit, {"q01": 4, "q02": None, "q09": None, "q19": None})
    (found,) = course_of(session, patient).scored
    assert found.values["PF2"] == (75, 4)
    assert found.values["PA"] == (None, 0)
    assert found.values["SUMMARY"] == (None, 24)
    form = found
    assert (form.visit, form.instrument, form.on, form.mode) == ("BASELINE", "qlq-c30", NOW.date(), "web")
    assert (form.is_partial, form.is_late) == (False, False)


def test_forms_stand_in_the_order_of_time_by_the_sites_own_date(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    make.randomise(session, clock, patient)
    later = make.get_visit(session, patient, "M3")
    clock.set(later.opens_at + timedelta(hours=23, minutes=30))
    make.submit(session, clock, later)
    late_in_the_day = clock.now()
    assert late_in_the_day.date() == later.opens_on
    clock.set(NOW.replace(hour=23, minute=30))
    make.submit(session, clock, visit)
    assert [(each.visit, each.on) for each in course_of(session, patient).scored] == [
        ("BASELINE", date(2026, 11, 24)),
        ("M3", later.opens_on),
    ]


@pytest.mark.requirement("VIS-05")
def test_what_is_late_or_partial_says_so(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    make.answer(session, clock, visit, {"q08": 2})
    other = make.make_patient(session, clock, make.get_study(session, patient.study_id), "04-002")
    make.answer(session, clock, make.get_visit(session, other), {"q01": 1})
    clock.set(visit.closes_at)
    make.submit(session, clock, make.get_visit(session, other))
    clock.set(visit.closes_at + GRACE)
    assert close_forms(session, clock) == 1
    (partial,) = course_of(session, patient).scored
    assert (partial.is_partial, partial.is_late, partial.on) == (True, False, NOW.date())
    assert partial.values["DY"][1] == 1
    (late,) = course_of(session, other).scored
    assert (late.is_partial, late.is_late) == (False, True)


@pytest.mark.requirement("CLI-04")
def test_a_sheet_has_the_date_it_bears_and_only_what_counts_is_there(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    ask_for_two_transcriptions(session, clock)
    clock.advance(days=2)
    written = sheet(completed_on=date(2026, 11, 24))
    take(session, clock, patient, written, "anna")
    assert course_of(session, patient).scored == ()
    take(session, clock, patient, written, "bea")
    (found,) = course_of(session, patient).scored
    assert (found.mode, found.on, found.is_late) == ("paper", date(2026, 11, 24), False)


@pytest.mark.requirement("VIS-08")
def test_a_void_form_counts_nowhere(session: Session, clock: SteppedClock, patient: Patient) -> None:
    send_with_symptoms(session, clock, patient, "BASELINE", {"pt009a": 1, "pt009b": 1})
    for response in session.query(Response):
        response.voided_at = clock.now()
    session.flush()
    assert course_of(session, patient) == Course((), ())
    with pytest.raises(NotFoundError):
        derivation(session, patient, "BASELINE", "qlq-c30", "PF2")


@pytest.mark.requirement("AE-04")
def test_grades_are_those_on_record_and_reports_stand_among_the_lists(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    send_with_symptoms(session, clock, patient, "BASELINE", {"pt009a": 2, "pt009b": None, "pt016a": 4})
    issued = make.make_personal_link(session, clock, patient)
    clock.advance(days=1)
    make.report(session, clock, issued, {"symptom": "pt009", "pt009a": 4, "pt009b": 4, "onset": "2026-11-23"})
    first, report = course_of(session, patient).graded
    assert (first.is_report, report.is_report) == (False, True)
    assert (first.grades["pt009"], first.grades["pt053"], first.grades["own01"]) == (None, 0, None)
    assert report.grades == {"pt009": 3}


@pytest.mark.requirement("AUD-02")
def test_corrected_answers_count_as_they_stand(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    send_with_symptoms(session, clock, patient, "BASELINE", {"pt009a": 0})
    form, listed = (
        corrected.sent_form(session, patient),
        corrected.sent_form(session, patient, instrument="symptoms"),
    )
    corrected.correct(session, clock, form, "q09", 2)
    corrected.correct(session, clock, form, "q19", 4)
    corrected.correct(session, clock, listed, "pt009a", 4)
    course = course_of(session, patient)
    (scored,), (graded,) = course.scored, course.graded
    assert scored.values["PA"][0] == pytest.approx(200 / 3)
    assert graded.grades["pt009"] is None
    assert scored.is_corrected
    assert graded.is_corrected
    found = derivation(session, patient, "BASELINE", "qlq-c30", "PA")
    assert isinstance(found.steps, scoring.ScaleArithmetic)
    assert dict(found.steps.codes) == {"q09": 2, "q19": 4}
    assert (found.is_corrected, found.is_as_stored) == (True, True)


@pytest.mark.threat("C13")
def test_another_patients_forms_are_not_among_them(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    other = make.make_patient(session, clock, make.get_study(session, patient.study_id), "04-002")
    make.submit(session, clock, make.get_visit(session, other))
    assert course_of(session, patient).scored == ()
    with pytest.raises(NotFoundError):
        derivation(session, patient, "BASELINE", "qlq-c30", "PF2")


@pytest.mark.requirement("SCO-02")
def test_a_derivation_gives_the_steps_and_the_score_on_record(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit
) -> None:
    make.submit(session, clock, visit, {"q01": 4, "q02": None})
    found = derivation(session, patient, "BASELINE", "qlq-c30", "PF2")
    assert (found.stored, found.steps.value, found.is_as_stored, found.is_summary) == (75, 75, True, False)
    assert found.scorer_version == "0.2.0"
    assert derivation(session, patient, "BASELINE", "qlq-c30", "SUMMARY").is_summary


def test_the_queries_do_not_grow_with_the_forms(
    session: Session, clock: SteppedClock, patient: Patient, visit: Visit, connection: Connection
) -> None:
    def count() -> int:
        statements: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
            statements.append(statement)

        session.flush()
        session.expunge_all()
        known = session.get_one(Patient, patient.id, options=[])
        known.site = make.get_site(session, make.get_study(session, known.study_id))
        event.listen(connection, "before_cursor_execute", note)
        course_of(session, known)
        event.remove(connection, "before_cursor_execute", note)
        session.rollback()
        return len([each for each in statements if each.startswith("SELECT")])

    make.submit(session, clock, visit)
    make.randomise(session, clock, patient)
    session.commit()
    few = count()
    for code in ("M3", "M6", "M9"):
        known = make.get_visit(session, session.get_one(Patient, patient.id), code)
        clock.set(known.opens_at)
        make.submit(session, clock, known)
    session.commit()
    assert count() == few == 4
