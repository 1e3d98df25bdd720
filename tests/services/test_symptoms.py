"""Symptoms: rows derived at sending, with the published grade and no guess."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

import scoring
from app.clock import SteppedClock
from app.models import Patient, Response, Study, SymptomReport, Visit
from app.services import responses
from app.services.questionnaires import questionnaire
from app.services.responses import Answer, AnswerState, UnansweredError
from app.services.studies import definition_in_force
from tests import factories as make


@pytest.fixture
def study(session: Session, clock: SteppedClock) -> Study:
    return make.make_study(session, clock, with_symptoms=True)


@pytest.fixture
def visit(session: Session, patient: Patient) -> Visit:
    return make.get_visit(session, patient)


Given = dict[str, int | str | None]


def send(session: Session, clock: SteppedClock, visit: Visit, study: Study, **given: Any) -> Response:
    """Sends a visit without complaints but for what is given; None skips."""
    both = responses.begin_responses(session, clock, visit, make.WORDING, "fr")
    definition = definition_in_force(session, study)
    for response in both:
        asked = questionnaire(definition, response.instrument)
        values: Given = {each.id: each.codes[0] for each in asked.questions if each.codes}
        for item, value in (values | {k: v for k, v in given.items() if k in asked.by_id}).items():
            if item in asked.not_asked(response.answers):
                continue
            state = AnswerState.SKIPPED if value is None else AnswerState.ANSWERED
            responses.save_answer(session, clock, response, visit, Answer(item, state, value))
    return responses.submit_responses(session, clock, visit)[1]


def report(response: Response, symptom: str) -> SymptomReport:
    return next(each for each in response.symptoms if each.symptom == symptom)


@pytest.mark.requirement("AE-01")
def test_not_asked_is_stored_as_nought_and_marked(
    session: Session, clock: SteppedClock, visit: Visit, study: Study
) -> None:
    response = send(session, clock, visit, study, pt022a=2, pt022b=0)
    entries = {item: (entry["state"], entry["value"]) for item, entry in response.answers.items()}
    assert entries["pt022a"] == ("answered", 2)
    assert entries["pt022b"] == ("answered", 0)
    assert entries["pt022c"] == ("not_asked", 0)
    assert entries["pt009b"] == ("not_asked", 0)
    assert entries["othertext"] == ("not_asked", None)
    found = report(response, "pt022")
    assert (found.frequency, found.severity, found.interference) == (2, 0, 0)
    assert (found.not_asked, found.skipped) == (["interference"], [])


@pytest.mark.requirement("AE-01")
def test_skipped_stays_apart_from_not_asked(
    session: Session, clock: SteppedClock, visit: Visit, study: Study
) -> None:
    response = send(session, clock, visit, study, pt022a=3, pt022b=None, pt049a=None)
    swelling, headache = report(response, "pt022"), report(response, "pt049")
    assert (swelling.frequency, swelling.severity, swelling.interference) == (3, None, None)
    assert (swelling.skipped, swelling.not_asked) == (["severity"], ["interference"])
    assert (headache.skipped, headache.not_asked) == (["frequency"], ["severity", "interference"])
    assert (swelling.grade, headache.grade) == (None, None)


@pytest.mark.requirement("AE-04")
@pytest.mark.parametrize(
    ("given", "symptom", "grade"),
    [
        ({"pt022a": 4, "pt022b": 4, "pt022c": 4}, "pt022", 3),
        ({"pt022a": 3, "pt022b": 0}, "pt022", 1),
        ({"pt009a": 2, "pt009b": 3}, "pt009", 2),
        ({"pt016a": 4}, "pt016", 3),
        ({"pt008a": 4, "pt008b": 2}, "pt008", 2),
        ({}, "pt022", 0),
        ({"pt009a": 2, "pt009b": None}, "pt009", None),
        ({"pt024a": 1}, "pt024", None),
        ({"own01a": 4}, "own01", None),
    ],
)
def test_the_composite_grade_is_the_published_one(
    given: Given,
    symptom: str,
    grade: int | None,
    session: Session,
    clock: SteppedClock,
    visit: Visit,
    study: Study,
) -> None:
    assert report(send(session, clock, visit, study, **given), symptom).grade == grade


@pytest.mark.requirement("AE-02")
def test_another_symptom_is_kept_word_for_word_and_never_graded(
    session: Session, clock: SteppedClock, visit: Visit, study: Study
) -> None:
    words = "=<b>Bœuf’s</b>\n  goût métallique 😀 "
    given: Given = {"other": 1, "othertext": words, "othera": 4, "otherb": 4, "otherc": 4}
    response = send(session, clock, visit, study, **given)
    found = report(response, "other")
    assert (found.words, found.frequency, found.severity, found.interference) == (words, 4, 4, 4)
    assert (found.presence, found.grade) == (1, None)


def test_a_symptom_that_nobody_named_has_no_row(
    session: Session, clock: SteppedClock, visit: Visit, study: Study
) -> None:
    response = send(session, clock, visit, study)
    listed = [each.code for each in definition_in_force(session, study).symptoms]
    assert [each.symptom for each in response.symptoms] == listed
    assert {each.scorer_version for each in response.symptoms} == {scoring.__version__}
    assert response.scores == []


def test_what_is_open_in_the_list_holds_up_the_sending(
    session: Session, clock: SteppedClock, visit: Visit
) -> None:
    make.answer(session, clock, visit, {f"q{n:02}": 1 for n in range(1, 31)})
    with pytest.raises(UnansweredError) as refused:
        responses.submit_responses(session, clock, visit)
    assert refused.value.items[0] == "pt022a"
    assert "pt022b" in refused.value.items
    assert not any(item.startswith("q") for item in refused.value.items)
