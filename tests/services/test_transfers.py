"""A patient at another site, a visit besides the schedule, a form filled in for the wrong patient."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, selectinload

from app.clock import SteppedClock
from app.models import Patient, Response, Study, Visit
from app.services.access import AccessDeniedError, Actor, Role, load_actor
from app.services.counts import study_counts
from app.services.errors import NotFoundError, RuleError
from app.services.patients import find_patient, has_completed_baseline, next_code
from app.services.personal_links import reports_of
from app.services.projection import project_visits
from app.services.responses import verify_scores
from app.services.studies import definition_in_force
from app.services.transfers import stays_of, transfer_patient
from app.services.unscheduled import plan_unscheduled_visit, unscheduled_visits
from app.services.visits import VisitState, is_answerable
from app.services.worklist import visit_lines
from app.services.wrong_patient import reattribute_forms, voided_forms
from tests import factories as make
from tests.conftest import NOW

pytestmark = pytest.mark.requirement("VIS-08")
TODAY, DAY = NOW.date(), timedelta(days=1)


def actor_of(
    session: Session, clock: SteppedClock, study: Study, role: Role, number: str | None = None
) -> Actor:
    site = make.get_site(session, study, number) if number else None
    return load_actor(session, clock, make.make_staff(session, clock, role, study, site))


@pytest.fixture
def manager(session: Session, clock: SteppedClock, study: Study) -> Actor:
    return actor_of(session, clock, study, Role.DATA_MANAGER)


# Another site


def move(
    session: Session,
    clock: SteppedClock,
    study: Study,
    actor: Actor,
    patient: Patient,
    number: str,
    on: object,
) -> None:
    site, definition = make.get_site(session, study, number), definition_in_force(session, study)
    transfer_patient(session, clock, definition, actor, patient, site, on)  # type: ignore[arg-type]


def test_a_transferred_patient_keeps_the_code_and_is_seen_at_the_other_site_alone(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, manager: Actor
) -> None:
    before, after = (actor_of(session, clock, study, Role.NURSE, number) for number in ("04", "03"))
    clock.advance(days=3)
    move(session, clock, study, manager, patient, "03", TODAY + 2 * DAY)
    assert find_patient(session, after, "GIST-IMA", "04-001").site.number == "03"
    with pytest.raises(NotFoundError):
        find_patient(session, before, "GIST-IMA", "04-001")
    stays = [(each.site_id, each.from_on) for each in stays_of(session, patient)]
    sites = [make.get_site(session, study, number).id for number in ("04", "03")]
    assert stays == [(sites[0], TODAY), (sites[1], TODAY + 2 * DAY)]


def test_codes_go_on_where_they_were(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, manager: Actor
) -> None:
    clock.advance(days=1)
    move(session, clock, study, manager, patient, "03", TODAY + DAY)
    assert next_code(session, make.get_site(session, study, "04")) == "04-002"
    assert next_code(session, make.get_site(session, study, "03")) == "03-001"


@pytest.mark.requirement("VIS-02")
def test_visits_to_come_open_at_midnight_of_the_new_site(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, manager: Actor
) -> None:
    make.randomise(session, clock, patient)
    make.make_link(session, clock, patient, "M3")
    m3, m6 = (make.get_visit(session, patient, code).opens_at for code in ("M3", "M6"))
    make.get_site(session, study, "03").timezone = "Indian/Reunion"
    clock.advance(days=1)
    move(session, clock, study, manager, patient, "03", TODAY + DAY)
    assert make.get_visit(session, patient, "M3").opens_at == m3
    assert make.get_visit(session, patient, "M6").opens_at == m6 - timedelta(hours=2)


def test_transfers_that_cannot_be_are_refused(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, manager: Actor
) -> None:
    clock.advance(days=5)
    for number, days, rule in (
        ("04", 1, "same_site"),
        ("03", 6, "in_future"),
        ("03", -1, "before_consent"),
        ("03", 0, "before_stay"),
    ):
        with pytest.raises(RuleError) as refused:
            move(session, clock, study, manager, patient, number, TODAY + days * DAY)
        assert refused.value.rule == rule
    move(session, clock, study, manager, patient, "03", TODAY + 3 * DAY)
    with pytest.raises(RuleError) as refused:
        move(session, clock, study, manager, patient, "04", TODAY + 3 * DAY)
    assert refused.value.rule == "before_stay"
    nurse = actor_of(session, clock, study, Role.NURSE, "03")
    with pytest.raises(AccessDeniedError):
        move(session, clock, study, nurse, patient, "04", TODAY + 4 * DAY)


# Besides the schedule


def ask(session: Session, clock: SteppedClock, study: Study, patient: Patient, *codes: str) -> Visit:
    definition = definition_in_force(session, study)
    return plan_unscheduled_visit(session, clock, definition, patient, codes)


def test_a_visit_besides_the_schedule_takes_answers_and_counts_nowhere(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    before = study_counts(session, clock, [study.id])
    visit = ask(session, clock, study, patient, "qlq-c30")
    assert (visit.code, visit.opens_on, visit.closes_on) == ("U1", TODAY, TODAY + 2 * DAY)
    assert is_answerable(visit, None, clock.now())
    make.submit(session, clock, visit)
    assert study_counts(session, clock, [study.id]) == before
    assert unscheduled_visits(session, patient) == [visit]
    assert reports_of(session, clock, patient) == []
    assert project_visits(session, clock, definition_in_force(session, study), patient).removed == ()


def test_reports_and_visits_besides_the_schedule_share_their_numbers_and_nothing_else(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    issued = make.make_personal_link(session, clock, patient)
    make.report(session, clock, issued, {"symptom": "pt009", "pt009a": 2, "onset": "2026-11-20"})
    assert ask(session, clock, study, patient, "qlq-c30").code == "U2"
    assert [each.code for each in reports_of(session, clock, patient)] == ["U1"]
    assert [each.code for each in unscheduled_visits(session, patient)] == ["U2"]


@pytest.mark.parametrize("codes", [[], ["report"], ["qlq-c30", "qlq-c30"], ["sf-36"]])
def test_only_questionnaires_of_the_study_are_asked(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, codes: list[str]
) -> None:
    with pytest.raises(RuleError) as refused:
        ask(session, clock, study, patient, *codes)
    assert (refused.value.field, refused.value.rule) == ("questionnaires", "unknown_questionnaire")


def test_nobody_who_left_is_asked_anything(
    session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    make.milestone(session, clock, patient, "consent-withdrawn")
    with pytest.raises(RuleError, match="patient left"):
        ask(session, clock, study, patient, "qlq-c30")


# The wrong patient


@pytest.fixture
def pair(session: Session, clock: SteppedClock, study: Study, patient: Patient) -> tuple[Visit, Visit]:
    """The initial visits of two patients; the form of the second was filled in at the first one's."""
    other = make.make_patient(session, clock, study, "04-002")
    wrong = make.get_visit(session, patient)
    make.submit(session, clock, wrong, {"q01": 4, "q29": 7})
    make.expose(session, clock, other, TODAY - 9 * DAY)
    return wrong, make.get_visit(session, other)


def whole(session: Session, response: Response) -> Response:
    options = [selectinload(Response.scores), selectinload(Response.symptoms)]
    return session.get_one(Response, response.id, options=options, populate_existing=True)


def states(session: Session, clock: SteppedClock, *visits: Visit) -> list[VisitState]:
    lines = visit_lines(session, clock, [each.patient_id for each in visits])
    return [lines[each.patient_id][0].state for each in visits]


def test_the_copy_stands_where_it_belongs_and_the_original_is_kept(
    session: Session, clock: SteppedClock, study: Study, pair: tuple[Visit, Visit], manager: Actor
) -> None:
    wrong, right = pair
    clock.advance(hours=5)
    (copy,) = reattribute_forms(session, clock, manager, wrong, right, "Tablet handed to the wrong patient")
    (original,) = voided_forms(session, session.get_one(Patient, wrong.patient_id))
    assert (original.entry, original.voided_at) == ("void-1", clock.now())
    assert original.voided_reason == "Tablet handed to the wrong patient"
    copy, original = whole(session, copy), whole(session, original)
    assert (copy.patient_id, copy.visit_id, copy.entry) == (right.patient_id, right.id, "main")
    assert copy.answers == original.answers
    assert (copy.submitted_at, copy.started_at) == (original.submitted_at, original.started_at)
    assert {each.scale: each.value for each in copy.scores} == {
        each.scale: each.value for each in original.scores
    }
    assert len(copy.scores) > 10
    assert (copy.treatment_state, copy.treatment_days) == ("on_imatinib", 9)
    assert original.treatment_state == "unknown"
    assert verify_scores(session)[1] == []


def test_the_wrong_patients_visit_is_open_again_and_the_right_one_received(
    session: Session, clock: SteppedClock, study: Study, pair: tuple[Visit, Visit], manager: Actor
) -> None:
    wrong, right = pair
    reattribute_forms(session, clock, manager, wrong, right, "Mistake")
    assert states(session, clock, wrong, right) == [VisitState.OPEN, VisitState.RECEIVED]
    people = [session.get_one(Patient, each.patient_id) for each in (wrong, right)]
    assert [has_completed_baseline(session, each) for each in people] == [False, True]
    assert study_counts(session, clock, [study.id])[study.id].received == 1
    make.make_link(session, clock, people[0])
    make.submit(session, clock, wrong)
    assert states(session, clock, wrong, right) == [VisitState.RECEIVED, VisitState.RECEIVED]


def test_what_cannot_be_reattributed_is_refused(
    session: Session, clock: SteppedClock, study: Study, pair: tuple[Visit, Visit], manager: Actor
) -> None:
    wrong, right = pair
    nurse = actor_of(session, clock, study, Role.NURSE, "04")
    with pytest.raises(AccessDeniedError):
        reattribute_forms(session, clock, nurse, wrong, right, "Mistake")
    other = ask(session, clock, study, session.get_one(Patient, wrong.patient_id), "qlq-c30")
    asks_more = make.get_visit(session, make.make_patient(session, clock, study, "04-003"))
    asks_more.questionnaires = ["qlq-c30", "symptoms"]
    session.flush()
    for visits, reason, rule in (
        ((wrong, right), " ", "no_reason"),
        ((wrong, other), "Mistake", "not_another_patient"),
        ((right, wrong), "Mistake", "nothing_sent"),
        ((wrong, asks_more), "Mistake", "other_questionnaires"),
    ):
        with pytest.raises(RuleError) as refused:
            reattribute_forms(session, clock, manager, *visits, reason)
        assert refused.value.rule == rule
    right.served_by_id = asks_more.id
    session.flush()
    with pytest.raises(RuleError, match="form of other"):
        reattribute_forms(session, clock, manager, wrong, right, "Mistake")
    right.served_by_id = None
    make.begin_response(session, clock, right)
    with pytest.raises(RuleError, match="form there"):
        reattribute_forms(session, clock, manager, wrong, right, "Mistake")


@pytest.mark.threat("D13")
@pytest.mark.parametrize(
    "changes",
    [
        "answers = '{}'",
        "voided_at = NULL",
        "voided_reason = 'another'",
        "patient_id = patient_id",
        "entry = 'main', voided_at = '2027-01-01'",
    ],
)
def test_the_database_keeps_a_void_form_as_it_is(
    session: Session, clock: SteppedClock, pair: tuple[Visit, Visit], manager: Actor, changes: str
) -> None:
    reattribute_forms(session, clock, manager, *pair, "Mistake")
    statement = text(f"UPDATE response SET {changes} WHERE entry = 'void-1'")  # noqa: S608 - a test's own
    with session.begin_nested() as savepoint:
        with pytest.raises(DBAPIError, match="does not change"):
            session.execute(statement)
        savepoint.rollback()


# What voiding writes besides when, and the row's own counter.
VOIDING = {"voided_at", "voided_reason", "entry", "revision"}
# A value that a column does not hold, by the type of what it holds.
OTHER = {
    "String": "'another'",
    "Integer": "999",
    "JSON": "'{}'",
    "Date": "'2000-01-01'",
    "UtcDateTime": "'2000-01-01 00:00:00'",
    "Uuid": "'00000000-0000-7000-8000-000000000000'",
}


@pytest.mark.threat("D13")
@pytest.mark.parametrize("name", sorted(set(Response.__table__.columns.keys()) - VOIDING))
def test_voiding_changes_nothing_else(
    session: Session, clock: SteppedClock, pair: tuple[Visit, Visit], name: str
) -> None:
    moment = datetime(2027, 1, 1, tzinfo=UTC).strftime("%Y-%m-%d %H:%M:%S")
    other = OTHER[type(Response.__table__.columns[name].type).__name__]
    changes = f"voided_at = '{moment}', {name} = {other}"
    with session.begin_nested() as savepoint:
        with pytest.raises(DBAPIError, match="does not change"):
            session.execute(text(f"UPDATE response SET {changes}"))  # noqa: S608 - a test's own
        savepoint.rollback()
