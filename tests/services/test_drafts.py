"""Saving by rows: the same answers, the same trail and the same refusals as with objects."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.clock import SteppedClock
from app.models import AuditEntry, LateAnswer, Patient, Response, Study
from app.services import audit, drafts, links, responses
from app.services.access import Role
from app.services.drafts import Saving
from app.services.links import IssuedLink, LinkState
from app.services.responses import Answer, AnswerState
from app.services.sessions import end_sessions_of_links, open_staff_session
from app.services.tokens import hash_secret
from tests import factories as make
from tests.conftest import NOW

DEVICE = "phone-0123456789abcdef"


@pytest.fixture
def issued(session: Session, clock: SteppedClock, patient: Patient) -> IssuedLink:
    return make.make_link(session, clock, patient)


def keep(session: Session, clock: SteppedClock, saving: Saving, *answers: Answer) -> None:
    """What a request does with answers to the first draft."""
    drafts.keep(session, clock, saving, drafts.sort_answers(clock, saving, list(answers)))


def said(item: str, value: int | None, sequence: int) -> Answer:
    state = AnswerState.ANSWERED if value is not None else AnswerState.SKIPPED
    at = NOW - timedelta(hours=1) + timedelta(seconds=sequence)
    return Answer(item, state, value, "fr", at, at, DEVICE, sequence)


def trail(session: Session, response: Response) -> list[dict[str, object]]:
    query = select(AuditEntry.changes).where(
        AuditEntry.entity_id == str(response.id), AuditEntry.action == "change"
    )
    return list(session.scalars(query.order_by(AuditEntry.sequence)))


batches = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["q01", "q02", "q03"]), st.none() | st.integers(1, 4)),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.requirement("SUR-10")
@pytest.mark.requirement("AUD-01")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches)
def test_rows_and_objects_store_the_same_and_leave_the_same_trail(
    session: Session, clock: SteppedClock, study: Study, history: list[list[tuple[str, int | None]]]
) -> None:
    with session.begin_nested() as savepoint:
        one, other = (make.make_patient(session, clock, study, f"04-{number}") for number in ("801", "802"))
        by_rows, by_objects = (
            make.begin_response(session, clock, make.get_visit(session, each)) for each in (one, other)
        )
        issued, numbers = make.make_link(session, clock, one), iter(range(1, 100))
        for batch in history:
            answers = [said(item, value, next(numbers)) for item, value in batch]
            saving = make.find_saving(session, clock, issued)
            keep(session, clock, saving, *answers)
            responses.merge_answers(session, clock, by_objects, answers)
        session.refresh(by_rows)
        session.refresh(by_objects)
        assert by_rows.answers == by_objects.answers
        assert (by_rows.revision, by_rows.saved_at) == (by_objects.revision, by_objects.saved_at)
        assert trail(session, by_rows) == trail(session, by_objects)
        assert audit.verify(session) == []
        savepoint.rollback()


def test_a_row_that_was_changed_meanwhile_is_not_overwritten(
    session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    response = make.begin_response(session, clock, make.get_visit(session, patient))
    before = make.find_saving(session, clock, issued)
    responses.merge_answers(session, clock, response, [said("q01", 1, 1)])
    with pytest.raises(StaleDataError):
        keep(session, clock, before, said("q02", 2, 2))
    session.refresh(response)
    assert list(response.answers) == ["q01"]


@pytest.mark.parametrize(
    ("days", "state"),
    [(-1, LinkState.NOT_YET), (0, LinkState.OPEN), (28, LinkState.OPEN), (29, LinkState.CLOSED)],
)
def test_a_link_stands_where_its_pages_say(
    session: Session, clock: SteppedClock, issued: IssuedLink, days: int, state: LinkState
) -> None:
    clock.set(NOW + timedelta(days=days))
    found = links.find_link_by_id(session, clock, issued.link.id)
    assert found is not None
    assert make.find_saving(session, clock, issued).state is found.state is state


def test_a_revoked_link_and_one_that_was_used_up_are_told_apart(
    session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    visit = make.get_visit(session, patient)
    make.submit(session, clock, visit)
    sent = make.find_saving(session, clock, issued)
    links.revoke_links(session, clock, visit, "lost")
    revoked = make.find_saving(session, clock, issued)
    assert (sent.state, sent.is_revoked) == (LinkState.SENT, False)
    assert (revoked.state, revoked.is_revoked) == (LinkState.CLOSED, True)


@pytest.mark.requirement("SUR-10")
def test_what_comes_after_sending_is_kept_apart(
    session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    make.submit(session, clock, make.get_visit(session, patient))
    saving = make.find_saving(session, clock, issued)
    keep(session, clock, saving, said("q01", 4, 1))
    assert [each.item for each in session.scalars(select(LateAnswer))] == ["q01"]
    assert make.find_saving(session, clock, issued).drafts[0].answers == saving.drafts[0].answers


@pytest.mark.parametrize(
    ("ended", "days", "is_live"), [(False, 0, True), (True, 0, False), (False, 1, False)]
)
def test_a_session_that_is_over_is_told_from_a_live_one(
    session: Session, clock: SteppedClock, issued: IssuedLink, ended: bool, days: int, is_live: bool
) -> None:
    before = make.find_saving(session, clock, issued)
    if ended:
        end_sessions_of_links(session, clock, [issued.link.id])
    clock.advance(days=days)
    now = drafts.find_saving(session, clock, before.session_hash)
    assert now is not None
    assert (before.is_live, now.is_live, now.link_id) == (True, is_live, issued.link.id)


def test_a_session_of_nobody_and_one_of_staff_save_nothing(
    session: Session, clock: SteppedClock, study: Study
) -> None:
    staff = make.make_staff(session, clock, Role.ANALYST, study)
    for secret in ("unknown", open_staff_session(session, clock, staff.id, {})):
        assert drafts.find_saving(session, clock, hash_secret(secret)) is None


@pytest.mark.parametrize(
    ("answers", "is_alone"),
    [
        ([], True),
        ([said("q02", 1, 2)], True),
        ([said("q02", 1, 2), said("q03", None, 3)], True),
        ([said("q01", 1, 2)], True),
        ([said("q01", 2, 2)], False),
        ([said("q01", None, 2), said("q02", 1, 3)], False),
    ],
)
def test_only_first_answers_are_kept_without_a_transaction(
    session: Session,
    clock: SteppedClock,
    patient: Patient,
    issued: IssuedLink,
    answers: list[Answer],
    is_alone: bool,
) -> None:
    make.begin_response(session, clock, make.get_visit(session, patient))
    keep(session, clock, make.find_saving(session, clock, issued), said("q01", 1, 1))
    found = drafts.sort_answers(clock, make.find_saving(session, clock, issued), answers)
    assert found.is_one_statement is is_alone
