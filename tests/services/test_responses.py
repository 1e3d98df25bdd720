"""Responses: kept answer by answer, merged item by item, sent once and for all."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

import scoring
from app.clock import SteppedClock
from app.models import AuditEntry, Patient, Response, Score, Visit
from app.services import responses
from app.services.errors import RuleError
from app.services.questionnaires import questionnaire
from app.services.responses import Answer, AnswerState, NotAnswerableError, UnansweredError
from app.services.visits import GRACE
from app.version import SOFTWARE_VERSION
from tests import factories as make
from tests.conftest import NOW

ITEMS = {item.id: item for item in scoring.load_instrument("qlq-c30").items}
SECOND = timedelta(seconds=1)
ANSWERED, SKIPPED, ERASED = AnswerState.ANSWERED, AnswerState.SKIPPED, AnswerState.ERASED


@pytest.fixture
def visit(session: Session, patient: Patient) -> Visit:
    return make.get_visit(session, patient)


@pytest.fixture
def response(session: Session, clock: SteppedClock, visit: Visit) -> Response:
    return make.begin_response(session, clock, visit)


def save(
    session: Session, clock: SteppedClock, response: Response, visit: Visit, *answers: Answer
) -> Response:
    for answer in answers:
        responses.save_answer(session, clock, response, visit, answer)
    return response


# Beginning


@pytest.mark.requirement("INS-06")
def test_a_draft_keeps_by_what_it_was_made(session: Session, response: Response, visit: Visit) -> None:
    assert (response.status, response.entry, response.mode) == ("draft", "main", "web")
    assert (response.instrument, response.instrument_version) == (
        "qlq-c30",
        scoring.load_instrument("qlq-c30").version,
    )
    assert (response.wording_status, response.wording_sha256) == ("stand-in", "0" * 64)
    assert (response.languages, response.software_version) == (["fr"], SOFTWARE_VERSION)
    assert (response.started_at, response.saved_at, response.submitted_at) == (NOW, None, None)
    assert (response.study_id, response.patient_id) == (visit.study_id, visit.patient_id)
    assert response.answers == {}


@pytest.mark.requirement("LINK-03")
def test_beginning_again_finds_the_same_draft(
    session: Session, clock: SteppedClock, response: Response, visit: Visit
) -> None:
    clock.advance(days=1)
    again = responses.begin_responses(session, clock, visit, make.WORDING, "en")
    assert again == [response]
    assert (response.started_at, response.languages) == (NOW, ["fr"])
    assert session.scalar(select(func.count(Response.id))) == 1


# Saving


@pytest.mark.requirement("SUR-06")
@pytest.mark.requirement("SUR-09")
def test_an_answer_is_kept_with_its_time_language_and_place_in_the_order(
    session: Session, clock: SteppedClock, response: Response, visit: Visit
) -> None:
    save(session, clock, response, visit, Answer("q01", ANSWERED, 3))
    clock.advance(seconds=90)
    save(session, clock, response, visit, Answer("q02", ANSWERED, 1, language="en"))
    session.expire_all()
    assert response.answers["q01"] == {
        "state": "answered",
        "value": 3,
        "at": "2026-11-23T09:00:00.000+00:00",
        "language": "fr",
        "sequence": 1,
    }
    assert response.answers["q02"]["at"] == "2026-11-23T09:01:30.000+00:00"
    assert response.answers["q02"]["sequence"] > response.answers["q01"]["sequence"]
    assert response.saved_at == clock.now()


@pytest.mark.requirement("SUR-12")
@pytest.mark.threat("D17")
def test_every_language_used_is_recorded_once(
    session: Session, clock: SteppedClock, response: Response, visit: Visit
) -> None:
    used = zip(ITEMS, ("fr", "en", "en", "fr"), strict=False)
    save(session, clock, response, visit, *(Answer(item, ANSWERED, 1, language) for item, language in used))
    assert response.languages == ["fr", "en"]
    assert response.answers["q02"]["language"] == "en"


@pytest.mark.requirement("SUR-02")
@pytest.mark.requirement("SUR-03")
@pytest.mark.threat("D15")
def test_answered_skipped_erased_and_not_reached_are_told_apart(
    session: Session, clock: SteppedClock, response: Response, visit: Visit
) -> None:
    answers = [Answer("q01", ANSWERED, 2), Answer("q02", SKIPPED), Answer("q03", ANSWERED, 4)]
    save(session, clock, response, visit, *answers, Answer("q03", ERASED))
    states = {item: entry["state"] for item, entry in response.answers.items()}
    assert states == {"q01": "answered", "q02": "skipped", "q03": "erased"}
    assert responses.coded_answers(response) == {"q01": 2, "q02": None, "q03": None}
    settled = [item for item in ITEMS if responses.is_settled(response.answers.get(item))]
    assert settled == ["q01", "q02"]
    asked = questionnaire(make.definition(), "qlq-c30")
    assert responses.open_items(response, asked) == [item for item in ITEMS if item not in settled]


@pytest.mark.requirement("SUR-11")
@pytest.mark.parametrize(
    "answer",
    [Answer("q01", ANSWERED, 3), Answer("q01", SKIPPED), Answer("q01", ERASED), Answer("q02", ERASED)],
    ids=str,
)
def test_the_same_again_changes_nothing(
    session: Session, clock: SteppedClock, response: Response, visit: Visit, answer: Answer
) -> None:
    save(session, clock, response, visit, Answer("q01", ANSWERED, 3), answer)
    before = response.revision, dict(response.answers), response.saved_at
    entries = session.scalar(select(func.count(AuditEntry.id)))
    clock.advance(minutes=1)
    save(session, clock, response, visit, answer)
    assert (response.revision, response.answers, response.saved_at) == before
    assert session.scalar(select(func.count(AuditEntry.id))) == entries


@pytest.mark.threat("D16")
@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (Answer("q31", ANSWERED, 1), "unknown_item"),
        (Answer("", ANSWERED, 1), "unknown_item"),
        (Answer("SUMMARY", SKIPPED), "unknown_item"),
        (Answer("q01", ANSWERED, 0), "unknown_code"),
        (Answer("q01", ANSWERED, 5), "unknown_code"),
        (Answer("q01", ANSWERED, -1), "unknown_code"),
        (Answer("q01", ANSWERED, None), "unknown_code"),
        (Answer("q30", ANSWERED, 8), "unknown_code"),
        (Answer("q01", SKIPPED, 1), "unknown_code"),
        (Answer("q01", SKIPPED, 9), "unknown_code"),
        (Answer("q01", ERASED, 9), "unknown_code"),
    ],
    ids=str,
)
def test_an_item_or_a_code_that_the_instrument_has_not_is_refused(
    session: Session, clock: SteppedClock, response: Response, visit: Visit, answer: Answer, rule: str
) -> None:
    with pytest.raises(RuleError) as refused:
        save(session, clock, response, visit, answer)
    assert (refused.value.field, refused.value.rule) == (answer.item, rule)
    assert response.answers == {}
    assert response.revision == 1


@pytest.mark.threat("D16")
@given(item=st.sampled_from(sorted(ITEMS)), code=st.integers(-3, 12))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_exactly_the_codes_of_an_item_are_taken(
    session: Session, clock: SteppedClock, response: Response, visit: Visit, item: str, code: int
) -> None:
    if code in ITEMS[item].codes:
        save(session, clock, response, visit, Answer(item, ANSWERED, code))
        assert response.answers[item]["value"] == code
    else:
        with pytest.raises(RuleError):
            save(session, clock, response, visit, Answer(item, ANSWERED, code))


@pytest.mark.threat("D15")
@given(
    taps=st.lists(
        st.tuples(
            st.sampled_from(["q01", "q02", "q29"]), st.one_of(st.integers(1, 4), st.none(), st.just("erase"))
        ),
        max_size=12,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_last_tap_at_each_item_stands(
    session: Session, clock: SteppedClock, response: Response, visit: Visit, taps: list[tuple[str, object]]
) -> None:
    with session.begin_nested() as savepoint:
        for item, given_ in taps:
            state = {None: SKIPPED, "erase": ERASED}.get(given_, ANSWERED)  # type: ignore[call-overload]
            value = given_ if isinstance(given_, int) else None
            save(session, clock, response, visit, Answer(item, state, value))
        last = dict(taps)
        kept = {item: code for item, code in responses.coded_answers(response).items() if code is not None}
        assert kept == {item: code for item, code in last.items() if isinstance(code, int)}
        skipped = {item for item, entry in response.answers.items() if entry["state"] == "skipped"}
        assert skipped == {item for item, given_ in last.items() if given_ is None}
        savepoint.rollback()


# Until when


@pytest.mark.requirement("SUR-15")
def test_answers_and_the_sending_are_taken_until_the_grace_is_over(
    session: Session, clock: SteppedClock, response: Response, visit: Visit
) -> None:
    make.answer(session, clock, visit, dict.fromkeys(ITEMS, 1))
    clock.set(visit.closes_at + GRACE - SECOND)
    save(session, clock, response, visit, Answer("q01", ANSWERED, 2))
    clock.advance(seconds=1)
    with pytest.raises(NotAnswerableError) as refused:
        save(session, clock, response, visit, Answer("q01", ANSWERED, 3))
    assert refused.value.is_submitted is False
    with pytest.raises(NotAnswerableError):
        responses.submit_responses(session, clock, visit)
    assert (response.status, response.answers["q01"]["value"]) == ("draft", 2)
    clock.advance(seconds=-1)
    responses.submit_responses(session, clock, visit)
    assert response.is_submitted


# Sending


def test_items_that_are_open_are_named_and_nothing_is_sent(
    session: Session, clock: SteppedClock, response: Response, visit: Visit
) -> None:
    make.answer(session, clock, visit, {item: 1 for item in ITEMS if item not in {"q07", "q30"}})
    save(session, clock, response, visit, Answer("q29", ERASED))
    with pytest.raises(UnansweredError, match="q07, q29, q30") as refused:
        responses.submit_responses(session, clock, visit)
    assert refused.value.items == ["q07", "q29", "q30"]
    assert (response.status, response.submitted_at, response.revision) == ("draft", None, 30)
    assert session.scalar(select(func.count()).select_from(Score)) == 0


@pytest.mark.requirement("SCO-02")
def test_scores_are_stored_as_the_scorer_computes_them(
    session: Session, clock: SteppedClock, visit: Visit
) -> None:
    given_ = {item: place % 4 + 1 for place, item in enumerate(ITEMS)} | {"q03": None, "q29": None, "q30": 7}
    response = make.submit(session, clock, visit, given_)
    expected = scoring.score_answers(scoring.load_instrument("qlq-c30"), given_)
    session.expire_all()
    stored = session.scalars(select(Score).where(Score.response_id == response.id)).all()
    assert {each.scale: each.value for each in stored} == dict(expected.values)
    assert {each.scale: each.n_answered for each in stored} == dict(expected.answered)
    assert {each.scorer_version for each in stored} == {scoring.__version__}
    assert {each.study_id for each in stored} == {visit.study_id}
    assert len(stored) == 16


def test_a_questionnaire_of_which_all_is_skipped_is_sent_without_a_score(
    session: Session, clock: SteppedClock, visit: Visit
) -> None:
    response = make.submit(session, clock, visit, dict.fromkeys(ITEMS))
    assert {score.value for score in response.scores} == {None}
    assert {score.n_answered for score in response.scores} == {0}


@pytest.mark.requirement("SUR-11")
def test_sending_again_changes_nothing_also_long_after(
    session: Session, clock: SteppedClock, visit: Visit
) -> None:
    response = make.submit(session, clock, visit)
    before = response.revision, response.submitted_at
    entries = session.scalar(select(func.count(AuditEntry.id)))
    clock.set(visit.closes_at + timedelta(days=400))
    assert responses.submit_responses(session, clock, visit) == [response]
    assert (response.revision, response.submitted_at) == before
    assert session.scalar(select(func.count(AuditEntry.id))) == entries
    assert session.scalar(select(func.count()).select_from(Score)) == 16


@pytest.mark.requirement("SUR-05")
def test_after_sending_no_answer_is_taken(session: Session, clock: SteppedClock, visit: Visit) -> None:
    response = make.submit(session, clock, visit)
    with pytest.raises(NotAnswerableError) as refused:
        save(session, clock, response, visit, Answer("q01", ANSWERED, 2))
    assert refused.value.is_submitted is True


@pytest.mark.requirement("SUR-05")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE response SET answers = '{}'",
        "UPDATE response SET status = 'draft'",
        "UPDATE response SET submitted_at = NULL",
        "DELETE FROM response",
    ],
)
def test_the_database_itself_keeps_what_was_sent(
    session: Session, clock: SteppedClock, visit: Visit, statement: str
) -> None:
    response = make.submit(session, clock, visit)
    answers = dict(response.answers)
    with pytest.raises(DBAPIError, match="does not change"), session.begin_nested():
        session.execute(text(statement))
    session.expire_all()
    assert (response.status, response.answers) == ("submitted", answers)


@pytest.mark.requirement("SUR-05")
def test_the_database_keeps_what_was_sent_from_the_models_too(
    session: Session, clock: SteppedClock, visit: Visit
) -> None:
    response = make.submit(session, clock, visit)
    savepoint = session.begin_nested()
    response.answers = {}
    with pytest.raises(DBAPIError, match="does not change"):
        session.flush()
    savepoint.rollback()


# Verifying


@pytest.mark.threat("D20")
def test_a_score_that_was_tampered_with_is_named(session: Session, clock: SteppedClock, visit: Visit) -> None:
    response = make.submit(session, clock, visit)
    assert responses.verify_scores(session) == (1, [])
    session.execute(update(Score).where(Score.scale == "PF2").values(value=99.9))
    session.expire_all()
    checked, found = responses.verify_scores(session)
    assert checked == 1
    assert found == [f"response {response.id}, PF2: stored (99.9, 5), computed (100.0, 5)"]


@pytest.mark.threat("D20")
def test_a_score_that_is_missing_is_named(session: Session, clock: SteppedClock, visit: Visit) -> None:
    response = make.submit(session, clock, visit)
    session.execute(text("DELETE FROM score WHERE scale = 'SUMMARY'"))
    session.expire_all()
    assert responses.verify_scores(session) == (
        1,
        [f"response {response.id}, SUMMARY: stored None, computed (100.0, 27)"],
    )


@pytest.mark.threat("D20")
@pytest.mark.parametrize("value", [4, 9], ids=["another code", "no code"])
def test_answers_that_were_tampered_with_are_named(
    session: Session, clock: SteppedClock, visit: Visit, value: int
) -> None:
    response = make.submit(session, clock, visit)
    on = "" if session.get_bind().dialect.name == "sqlite" else " ON response"
    name = "response_keeps_update" if not on else "response_keeps_answers"
    session.execute(text(f"DROP TRIGGER {name}{on}"))
    answers = response.answers | {"q29": response.answers["q29"] | {"value": value}}
    session.connection().execute(update(Response.__table__).values(answers=answers))  # type: ignore[arg-type]
    session.expire_all()
    checked, found = responses.verify_scores(session)
    assert checked == 1
    assert found
    assert all(each.startswith(f"response {response.id}") for each in found)


def test_drafts_have_no_scores_to_verify(session: Session, clock: SteppedClock, visit: Visit) -> None:
    make.answer(session, clock, visit, {"q01": 1})
    assert responses.verify_scores(session) == (0, [])
