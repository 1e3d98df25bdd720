"""Several devices and taps at the same moment on one questionnaire, on real databases."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import scoring
from app.models import AuditEntry, Response, Score, Visit
from app.services import audit, responses
from app.services.links import HELD_RESPONSES
from app.services.responses import Answer, AnswerState, NotAnswerableError
from tests import factories as make
from tests.live import Live, together

ITEMS = [item.id for item in scoring.load_instrument("qlq-c30").items]


@pytest.fixture
def visit_id(live: Live) -> int:
    """A visit of a patient of its own, not begun."""
    with live.session() as session:
        visit = make.get_visit(session, live.new_patient(session))
        session.commit()
        return visit.id


def in_session(live: Live, visit_id: int, act: Callable[[Session, Visit], object]) -> object:
    """What one request does: a session, an act, a commit."""
    with live.session() as session:
        result = act(session, session.get_one(Visit, visit_id))
        session.commit()
        return result


def save_one(live: Live, item: str, value: int) -> Callable[[Session, Visit], None]:
    def act(session: Session, visit: Visit) -> None:
        (response,) = session.scalars(HELD_RESPONSES, {"key": visit.id})
        answer = Answer(item, AnswerState.ANSWERED, value)
        responses.save_answer(session, live.clock, response, visit, answer)

    return act


def stored(live: Live, visit_id: int) -> Response:
    with live.session() as session:
        return session.scalars(select(Response).where(Response.visit_id == visit_id)).one()


@pytest.mark.requirement("SUR-11")
@pytest.mark.threat("D2")
def test_a_double_tap_on_begin_makes_one_draft(live: Live, visit_id: int) -> None:
    def begin(session: Session, visit: Visit) -> object:
        return make.begin_response(session, live.clock, visit).id

    ids = together(*[lambda: in_session(live, visit_id, begin)] * 6)
    assert set(ids) == {stored(live, visit_id).id}


@pytest.mark.requirement("SUR-10")
@pytest.mark.threat("D1")
@pytest.mark.threat("D3")
def test_answers_of_two_devices_merge_item_by_item(live: Live, visit_id: int) -> None:
    in_session(live, visit_id, lambda session, visit: make.begin_response(session, live.clock, visit))

    def device(items: list[str], value: int) -> None:
        for item in items:
            in_session(live, visit_id, save_one(live, item, value))

    together(lambda: device(ITEMS[:15], 1), lambda: device(ITEMS[15:], 2))
    answers = responses.coded_answers(stored(live, visit_id))
    assert answers == {item: 1 if place < 15 else 2 for place, item in enumerate(ITEMS)}


@pytest.mark.requirement("SUR-10")
def test_of_two_answers_to_one_item_the_later_stands_and_the_trail_keeps_the_other(
    live: Live, visit_id: int
) -> None:
    in_session(live, visit_id, lambda session, visit: make.begin_response(session, live.clock, visit))
    calls = [save_one(live, "q01", value) for value in (1, 2, 3, 4)]
    together(*[lambda each=each: in_session(live, visit_id, each) for each in calls])
    response = stored(live, visit_id)
    with live.session() as session:
        query = select(AuditEntry).where(
            AuditEntry.entity_id == str(response.id), AuditEntry.action == "change"
        )
        pairs = [each.changes["answers"]["q01"] for each in session.scalars(query.order_by(AuditEntry.id))]
        assert audit.verify(session) == []
    chain = [pairs[0][0]["value"], *(new["value"] for _, new in pairs)]
    assert sorted(chain) == [1, 2, 3, 4]
    assert chain[-1] == response.answers["q01"]["value"]


@pytest.mark.requirement("SUR-11")
@pytest.mark.threat("D2")
def test_twenty_parallel_taps_send_once(live: Live, visit_id: int) -> None:
    in_session(
        live,
        visit_id,
        lambda session, visit: make.answer(session, live.clock, visit, dict.fromkeys(ITEMS, 1)),
    )

    def send(session: Session, visit: Visit) -> datetime | None:
        (sent,) = responses.submit_responses(session, live.clock, visit)
        assert sent.is_submitted
        return sent.submitted_at

    results = together(*[lambda: in_session(live, visit_id, send)] * 20)
    response = stored(live, visit_id)
    assert set(results) == {response.submitted_at}
    with live.session() as session:
        scores = select(func.count()).where(Score.response_id == response.id)
        assert session.scalar(scores) == 16
        sendings = select(AuditEntry).where(
            AuditEntry.entity_id == str(response.id), AuditEntry.action == "change"
        )
        assert len(session.scalars(sendings).all()) == 1
        assert responses.verify_scores(session)[1] == []


@pytest.mark.requirement("SUR-05")
@pytest.mark.threat("D3")
def test_an_answer_that_meets_the_sending_is_in_it_or_refused(live: Live, visit_id: int) -> None:
    in_session(
        live,
        visit_id,
        lambda session, visit: make.answer(session, live.clock, visit, dict.fromkeys(ITEMS, 1)),
    )

    def save() -> bool:
        try:
            in_session(live, visit_id, save_one(live, "q29", 7))
        except NotAnswerableError:
            return False
        return True

    def send() -> bool:
        in_session(
            live, visit_id, lambda session, visit: responses.submit_responses(session, live.clock, visit)
        )
        return True

    was_taken, _ = together(save, send)
    response = stored(live, visit_id)
    assert response.answers["q29"]["value"] == (7 if was_taken else 1)
    with live.session() as session:
        assert responses.verify_scores(session)[1] == []
