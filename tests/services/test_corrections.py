"""Corrections: the original stays, scores are kept twice, and only the site's investigator decides."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

import scoring
from app.clock import SteppedClock
from app.models import Correction, LateAnswer, Patient, Response, Score, Study, SymptomReport
from app.services import corrections, late_answers
from app.services.access import Role
from app.services.corrected_scores import grades_of, scores_of, verify_corrections
from app.services.corrections import SentForm
from app.services.errors import NotFoundError, RuleError
from app.services.responses import Answer, AnswerState, verify_scores
from app.services.studies import definition_in_force, load_study
from tests import corrected, factories
from tests.rules.test_budgets import queries

pytestmark = [pytest.mark.requirement("AUD-02"), pytest.mark.threat("E7")]
QLQ = scoring.load_instrument("qlq-c30")


@pytest.fixture
def form(session: Session, clock: SteppedClock, patient: Patient) -> SentForm:
    """The initial questionnaire of a patient, all answered with the lowest code."""
    factories.submit(session, clock, factories.get_visit(session, patient))
    clock.advance(hours=1)
    return corrected.sent_form(session, patient)


@pytest.fixture
def report(session: Session, clock: SteppedClock, patient: Patient) -> SentForm:
    """A report between visits: nausea, often and mild."""
    issued = factories.make_personal_link(session, clock, patient)
    values: dict[str, int | str | None] = {
        "symptom": "pt009",
        "pt009a": 3,
        "pt009b": 1,
        "onset": "2026-11-20",
    }
    sent = factories.report(session, clock, issued, values)
    return corrected.sent_form(session, patient, sent.visit.code, "report")


def again(session: Session, form: SentForm) -> SentForm:
    return corrected.sent_form(session, form.patient, form.visit.code, form.asked.code)


def frozen(session: Session, form: SentForm) -> list[list[Any]]:
    """All of what was sent, as the database has it."""
    columns = Response.answers, Response.revision, Response.submitted_at
    queries = (
        select(*columns).where(Response.id == form.response.id),
        select(Score.scale, Score.value, Score.n_answered).order_by(Score.scale),
        select(SymptomReport.symptom, SymptomReport.grade).order_by(SymptomReport.symptom),
    )
    return [[tuple(row) for row in session.execute(query)] for query in queries]


def late_answer(session: Session, clock: SteppedClock, form: SentForm, answer: Answer) -> LateAnswer:
    late_answers.keep_late_answers(session, clock, form.response, [answer])
    return session.scalars(select(LateAnswer).order_by(LateAnswer.id.desc()).limit(1)).one()


# What a correction is


def test_a_correction_stands_beside_what_was_sent(
    session: Session, clock: SteppedClock, form: SentForm
) -> None:
    before = frozen(session, form)
    made = corrected.correct(session, clock, form, "q01", 3)
    assert (made.ordinal, made.old, made.new) == (
        1,
        {"state": "answered", "value": 1},
        {"state": "answered", "value": 3},
    )
    assert (made.reason, made.source, made.asked_by) == ("Ticked the wrong line", "telephone", "patient")
    assert (made.decided_by, made.name, made.decided_at) == (
        "investigator.04@staff.example",
        "Dr A. Martin",
        clock.now(),
    )
    held = again(session, form)
    assert (held.answers_after(0)["q01"]["value"], held.current["q01"]["value"]) == (1, 3)
    assert frozen(session, form) == before


def test_a_chain_of_corrections_is_kept_and_undone_by_another_one_only(
    session: Session, clock: SteppedClock, form: SentForm
) -> None:
    for value in (3, None, 1):
        corrected.correct(session, clock, form, "q01", value)
    held = again(session, form)
    assert [(each.old["value"], each.new["value"]) for each in held.corrections] == [
        (1, 3),
        (3, None),
        (None, 1),
    ]
    assert held.current == held.answers_after(0)
    scores = scores_of(session, held.response)
    assert all(sent == now for sent, now in scores.values())


@pytest.mark.parametrize("table", ["correction", "corrected_score"])
def test_no_correction_is_changed_or_deleted(
    session: Session, clock: SteppedClock, form: SentForm, table: str
) -> None:
    corrected.correct(session, clock, form)
    for statement in (f"UPDATE {table} SET study_id = 1", f"DELETE FROM {table}"):  # noqa: S608
        with pytest.raises(DBAPIError, match="does not change"), session.begin_nested():
            session.execute(text(statement))


def test_scores_of_sending_and_of_now_are_both_kept(
    session: Session, clock: SteppedClock, form: SentForm
) -> None:
    corrected.correct(session, clock, form, "q01", 4)
    scores = scores_of(session, form.response)
    assert list(scores)[-1] == "SUMMARY"
    assert scores["PF2"] == pytest.approx((100.0, 80.0))
    assert scores["FA"] == (0.0, 0.0)


@pytest.mark.requirement("AE-02")
def test_symptoms_and_their_grades_are_derived_anew_and_both_kept(
    session: Session, clock: SteppedClock, report: SentForm
) -> None:
    before = grades_of(session, report.response)["pt009"][0]
    corrected.correct(session, clock, report, "pt009b", 4)
    sent, now = grades_of(session, report.response)["pt009"]
    assert (sent, now) == (before, scoring.composite_grade(frequency=3, severity=4))
    made = corrected.correct(session, clock, report, "pt009a", 0)
    assert made.answers["pt009b"] == {"state": "not_asked", "value": 0}
    assert grades_of(session, report.response)["pt009"] == (before, 0)
    corrected.correct(session, clock, report, "symptom", "other")
    assert grades_of(session, report.response) == {"pt009": (before, None), "other": (None, None)}
    assert verify_corrections(session) == (3, [])


def test_the_definition_of_the_day_of_sending_says_what_was_asked(
    session: Session, clock: SteppedClock, study: Study, report: SentForm
) -> None:
    clock.advance(days=1)
    amended = factories.source().replace('version = "1.0"', 'version = "1.1"')
    first, _, rest = amended.partition('[[symptoms]]\ncode = "pt010"')
    load_study(session, clock, f"{first}[[symptoms]]{rest.partition('[[symptoms]]')[2]}", "amended.toml")
    assert "pt010" not in {each.code for each in definition_in_force(session, study).symptoms}
    made = corrected.correct(session, clock, report, "pt009a", 2)
    assert set(made.answers) == {each.id for each in report.asked.questions}
    assert "pt010a" in made.answers
    assert verify_corrections(session) == (1, [])


# Any sequence of corrections

STEPS = st.lists(
    st.sampled_from(QLQ.items).flatmap(
        lambda each: st.tuples(st.just(each.id), st.sampled_from([None, *each.codes]))
    ),
    max_size=5,
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_is_corrected_the_original_stays_and_the_scores_are_the_scorers(
    session: Session, clock: SteppedClock, form: SentForm, steps: list[tuple[str, int | None]]
) -> None:
    before, nested = frozen(session, form), session.begin_nested()
    codes = {item: entry["value"] for item, entry in form.response.answers.items()}
    for item, value in steps:
        if codes[item] != value:
            corrected.correct(session, clock, form, item, value)
            codes[item] = value
    held = again(session, form)
    assert {item: entry["value"] for item, entry in held.current.items()} == codes
    expected = scoring.score_answers(QLQ, codes).values
    assert {scale: now for scale, (_, now) in scores_of(session, held.response).items()} == expected
    assert frozen(session, form) == before
    assert (verify_corrections(session)[1], verify_scores(session)[1]) == ([], [])
    nested.rollback()


# What is refused


@pytest.mark.parametrize(
    ("item", "value", "changes", "rule"),
    [
        ("q01", 1, {}, "nothing_changed"),
        ("q01", 5, {}, "unknown_code"),
        ("q01", "2", {}, "unknown_code"),
        ("q31", 1, {}, "unknown_item"),
        ("q01", 2, {"source": "rumour"}, "unknown_source"),
        ("q01", 2, {"source": "late_answer"}, "late_source"),
        ("q01", 2, {"late_answer_id": 1}, "late_source"),
        ("q01", 2, {"source": "late_answer", "late_answer_id": 1}, "not_the_late_answer"),
        ("q01", 2, {"asked_by": "nobody"}, "unknown_asker"),
        ("q01", 2, {"reason": " "}, "no_reason"),
        ("q01", 2, {"reason": "x" * 501}, "no_reason"),
        ("q01", 2, {"reason": "née le 01/02/1960"}, "birth_date"),
    ],
)
def test_what_says_too_little_or_is_no_answer_is_refused(
    session: Session,
    clock: SteppedClock,
    form: SentForm,
    item: str,
    value: int | str,
    changes: dict[str, object],
    rule: str,
) -> None:
    with pytest.raises(RuleError) as refused:
        corrected.correct(session, clock, form, item, value, **changes)
    assert refused.value.rule == rule
    assert session.scalars(select(Correction)).all() == []


def test_what_is_not_asked_is_corrected_by_the_answer_before_it(
    session: Session, clock: SteppedClock, report: SentForm
) -> None:
    corrected.correct(session, clock, report, "pt009a", 0)
    with pytest.raises(RuleError) as refused:
        corrected.correct(session, clock, report, "pt009b", 2)
    assert refused.value.rule == "not_asked_now"


@pytest.mark.parametrize(
    ("value", "rule"), [("2099-01-01", "in_future"), ("2001-01-01", "before_study"), ("soon", "unknown_code")]
)
def test_a_day_that_cannot_be_is_refused(
    session: Session, clock: SteppedClock, report: SentForm, value: str, rule: str
) -> None:
    with pytest.raises(RuleError) as refused:
        corrected.correct(session, clock, report, "onset", value)
    assert refused.value.rule == rule


def test_a_patients_words_are_corrected_to_what_identifies_nobody(
    session: Session, clock: SteppedClock, patient: Patient
) -> None:
    issued = factories.make_personal_link(session, clock, patient)
    sent = factories.report(
        session, clock, issued, {"symptom": "other", "othertext": "Oreilles", "othera": 1}
    )
    form = corrected.sent_form(session, patient, sent.visit.code, "report")
    with pytest.raises(RuleError) as refused:
        corrected.correct(session, clock, form, "othertext", "né le 01/02/1960")
    assert (refused.value.field, refused.value.rule) == ("text", "birth_date")
    made = corrected.correct(session, clock, form, "othertext", "Bourdonnements d’oreille")
    assert [each.words for each in made.symptoms] == ["Bourdonnements d’oreille"]


def test_two_who_correct_at_once_do_not_overwrite_each_other(
    session: Session, clock: SteppedClock, form: SentForm
) -> None:
    investigator = factories.actor_of(session, clock, Role.INVESTIGATOR, form.patient)
    corrected.correct(session, clock, form, "q01", 3)
    facts = corrected.correction_facts("q01", 4)
    with pytest.raises(RuleError) as refused:
        corrections.correct_answer(session, clock, investigator, form, facts, 0, "Dr A. Martin", clock.now())
    assert (refused.value.rule, refused.value.facts) == (
        "corrected_meanwhile",
        {"by": "investigator.04@staff.example"},
    )


# Late answers


@pytest.mark.requirement("SUR-10")
def test_a_late_answer_is_taken_over_as_a_correction(
    session: Session, clock: SteppedClock, form: SentForm
) -> None:
    came = Answer("q02", AnswerState.ANSWERED, 4, device="d" * 22, sequence=1)
    late = late_answer(session, clock, form, came)
    facts = {"source": "late_answer", "late_answer_id": late.id}
    with pytest.raises(RuleError) as refused:
        corrected.correct(session, clock, form, "q02", 3, **facts)
    assert refused.value.rule == "not_the_late_answer"
    made = corrected.correct(session, clock, form, "q02", 4, **facts)
    assert (made.source, made.late_answer_id, made.new["value"]) == ("late_answer", late.id, 4)


def test_an_answer_that_was_taken_back_too_late_is_taken_over_as_none(
    session: Session, clock: SteppedClock, form: SentForm
) -> None:
    late = late_answer(session, clock, form, Answer("q02", AnswerState.ERASED, device="d" * 22, sequence=1))
    made = corrected.correct(session, clock, form, "q02", None, source="late_answer", late_answer_id=late.id)
    assert made.new == {"state": "skipped", "value": None}


# Where they are found


def test_forms_are_listed_with_their_corrections_and_late_answers(
    session: Session,
    clock: SteppedClock,
    form: SentForm,
    report: SentForm,
    connection: Connection,
) -> None:
    corrected.correct(session, clock, form)
    late_answer(session, clock, form, Answer("q02", AnswerState.ERASED, device="d" * 22, sequence=1))
    with queries(connection) as statements:
        lines = corrections.sent_forms(session, form.patient)
    assert len(statements) == 1
    assert [(each.instrument, each.corrections, each.late) for each in lines] == [
        ("report", 0, 0),
        ("qlq-c30", 1, 1),
    ]


def test_only_what_was_sent_is_found(session: Session, clock: SteppedClock, patient: Patient) -> None:
    factories.answer(session, clock, factories.get_visit(session, patient), {"q01": 1})
    for visit, instrument in (("BASELINE", "qlq-c30"), ("BASELINE", "none"), ("M3", "qlq-c30")):
        with pytest.raises(NotFoundError):
            corrected.sent_form(session, patient, visit, instrument)
    assert corrections.sent_forms(session, patient) == []
