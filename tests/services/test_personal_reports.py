"""Reports between visits: the visits they hang on, what becomes of their answers; nobody expects them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Patient, Study, SymptomReport, Visit, WebSession
from app.services import morning, personal_links, sessions, worklist
from app.services.access import Role, load_actor
from app.services.codes import Lock
from app.services.counts import StudyCounts, study_counts
from app.services.demo import visit_counts
from app.services.errors import RuleError
from app.services.links import IssuedLink, LinkState
from app.services.projection import project_visits
from app.services.responses import verify_scores
from app.services.studies import definition_in_force
from app.services.visits import GRACE, UNSCHEDULED, VisitState, find_visit, visits_of
from tests import factories as make
from tests.services.test_personal_links import found, open_session, takes_reports

pytestmark = [pytest.mark.requirement("AE-03"), pytest.mark.requirement("LINK-03")]
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
PARIS = ZoneInfo("Europe/Paris")
NAUSEA: dict[str, int | str | None] = {
    "symptom": "pt009",
    "pt009a": 3,
    "pt009b": 2,
    "onset": "2026-11-20",
    "ongoing": 1,
}


@pytest.fixture
def issued(session: Session, clock: SteppedClock, patient: Patient) -> IssuedLink:
    """A personal link of a patient whose initial visit is open."""
    return make.make_personal_link(session, clock, patient)


def unscheduled(session: Session) -> list[Visit]:
    return list(session.scalars(select(Visit).where(Visit.anchor == UNSCHEDULED).order_by(Visit.id)))


# Reports


def test_a_report_hangs_on_an_unscheduled_visit_of_three_days(
    session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    # Half past midnight in Paris is still the day before in UTC.
    clock.set(datetime(2026, 11, 24, 23, 30, tzinfo=PARIS) + timedelta(hours=1))
    visit = make.begin_report(session, clock, issued)
    assert (visit.code, visit.anchor, visit.questionnaires) == ("U1", UNSCHEDULED, ["report"])
    assert (visit.due_on, visit.opens_on, visit.closes_on) == (
        date(2026, 11, 25),
        date(2026, 11, 25),
        date(2026, 11, 27),
    )
    assert visit.closes_at == datetime(2026, 11, 28, tzinfo=PARIS)
    link = found(session, clock, issued)
    assert link.visit is visit
    assert link.state is LinkState.OPEN
    assert [response.instrument for response in link.responses] == ["report"]


def test_a_report_is_gone_on_with_and_after_sending_comes_another(
    session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    first = make.begin_report(session, clock, issued)
    clock.set(clock.now() + DAY)
    assert make.begin_report(session, clock, issued) is first
    make.report(session, clock, issued, NAUSEA)
    assert found(session, clock, issued).state is LinkState.SENT
    second = make.begin_report(session, clock, issued)
    assert (first.code, second.code) == ("U1", "U2")
    assert found(session, clock, issued).state is LinkState.OPEN
    assert found(session, clock, issued).responses[0].answers == {}


def test_a_report_that_was_left_gives_way_to_a_new_one_after_its_days_and_the_grace(
    session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    first = make.begin_report(session, clock, issued)
    clock.set(first.closes_at + GRACE - SECOND)
    assert make.begin_report(session, clock, issued) is first
    clock.set(first.closes_at + GRACE)
    assert found(session, clock, issued).state is LinkState.CLOSED
    assert takes_reports(session, clock, issued)
    assert make.begin_report(session, clock, issued).code == "U2"


@pytest.mark.threat("A9")
def test_a_session_ends_with_its_reports_days_and_with_the_next_report(
    session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    make.randomise(session, clock, patient)
    first = open_session(session, clock, issued)
    same = open_session(session, clock, issued)
    ends = session.scalars(select(WebSession.expires_at)).all()
    assert set(ends) == {unscheduled(session)[0].closes_at + GRACE}
    make.report(session, clock, issued, NAUSEA)
    assert sessions.find_session(session, clock, same) is not None
    second = open_session(session, clock, issued)
    assert sessions.find_session(session, clock, first) is None
    assert sessions.find_session(session, clock, same) is None
    assert sessions.find_session(session, clock, second) is not None


def test_a_sent_report_is_a_symptom_with_onset_and_whether_it_is_still_there(
    session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    make.report(session, clock, issued, NAUSEA)
    row = session.scalars(select(SymptomReport)).one()
    assert (row.symptom, row.frequency, row.severity, row.interference) == ("pt009", 3, 2, None)
    assert (row.onset_on, row.is_ongoing) == (date(2026, 11, 20), True)
    assert row.grade is not None
    assert verify_scores(session) == (1, [])


def test_another_symptom_is_kept_in_the_patients_words(
    session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    words: dict[str, int | str | None] = {
        "symptom": "other",
        "othertext": "Bourdonnements",
        "othera": 1,
        "otherb": 0,
    }
    make.report(session, clock, issued, {**words, "ongoing": 0})
    row = session.scalars(select(SymptomReport)).one()
    assert (row.symptom, row.words, row.frequency, row.severity) == ("other", "Bourdonnements", 1, 0)
    assert (row.not_asked, row.onset_on, row.is_ongoing, row.grade) == (["interference"], None, False, None)


def test_a_report_without_a_symptom_is_no_symptom(
    session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    make.report(session, clock, issued, {"symptom": None, "onset": "2026-11-20"})
    assert session.scalars(select(SymptomReport)).all() == []


@pytest.mark.parametrize(
    ("day", "rule"),
    [("2026-11-24", "in_future"), ("2026-01-04", "before_study"), ("2026-02-30", "unknown_code")],
)
def test_an_onset_is_a_day_of_the_study_and_not_to_come(
    session: Session, clock: SteppedClock, issued: IssuedLink, day: str, rule: str
) -> None:
    with pytest.raises(RuleError) as refused:
        make.report(session, clock, issued, NAUSEA | {"onset": day})
    assert (refused.value.field, refused.value.rule) == ("onset", rule)


@pytest.mark.parametrize("day", ["2026-11-23", "2026-01-05"])
def test_the_first_day_of_the_study_and_today_are_days_of_onset(
    session: Session, clock: SteppedClock, issued: IssuedLink, day: str
) -> None:
    assert make.report(session, clock, issued, NAUSEA | {"onset": day}).is_submitted


def test_today_is_the_sites_own(session: Session, clock: SteppedClock, issued: IssuedLink) -> None:
    clock.set(datetime(2026, 11, 24, 0, 30, tzinfo=PARIS))
    assert make.report(session, clock, issued, NAUSEA | {"onset": "2026-11-24"}).is_submitted


# Nobody expects a report


@dataclass(frozen=True)
class Seen:
    """What staff see of a study and a patient."""

    counts: StudyCounts
    states: dict[str, int]
    visits: list[str]
    lines: list[worklist.VisitLine]
    work: worklist.Worklist
    to_do: list[morning.MorningRow]


def seen(session: Session, clock: SteppedClock, study: Study, patient: Patient) -> Seen:
    user = make.make_staff(
        session, clock, Role.NURSE, study, patient.site, f"n{clock.now():%d%H%M}@staff.example"
    )
    actor = load_actor(session, clock, user)
    return Seen(
        counts=study_counts(session, clock, [study.id])[study.id],
        states=dict(visit_counts(session, clock, study)),
        visits=[visit.code for visit in visits_of(session, patient)],
        lines=worklist.visit_lines(session, clock, [patient.id])[patient.id],
        work=worklist.worklist(session, clock, actor),
        to_do=morning.morning_list(session, clock, actor),
    )


@pytest.mark.parametrize("is_sent", [True, False])
def test_reports_are_in_no_count_list_or_task(
    session: Session, clock: SteppedClock, study: Study, patient: Patient, issued: IssuedLink, is_sent: bool
) -> None:
    make.submit(session, clock, make.get_visit(session, patient))
    make.randomise(session, clock, patient)
    clock.set(clock.now() + 3 * DAY)
    before = seen(session, clock, study, patient)
    if is_sent:
        make.report(session, clock, issued, NAUSEA)
    make.begin_report(session, clock, issued)
    assert len(unscheduled(session)) == 1 + is_sent
    clock.set(clock.now() + timedelta(minutes=1))
    after = seen(session, clock, study, patient)
    assert after == before
    assert after.to_do == []
    assert find_visit(session, patient, "U1") is None


def test_the_schedule_leaves_reports_alone(
    session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    make.begin_report(session, clock, issued)
    make.randomise(session, clock, patient)
    make.begin_report(session, clock, issued)
    definition = definition_in_force(session, patient.study)
    assert project_visits(session, clock, definition, patient).removed == ()
    assert [visit.code for visit in unscheduled(session)] == ["U1"]


def test_staff_see_that_something_was_reported_and_never_what(
    session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    assert personal_links.reports_of(session, clock, patient) == []
    make.report(session, clock, issued, NAUSEA)
    # Opened and nothing said: there is nothing to list.
    make.begin_report(session, clock, issued)
    (line,) = personal_links.reports_of(session, clock, patient)
    assert (line.code, line.begun_at, line.state) == ("U1", clock.now(), VisitState.RECEIVED)
    assert line.received_at == clock.now()


def test_staff_see_how_the_link_stands(session: Session, clock: SteppedClock, patient: Patient) -> None:
    assert personal_links.personal_link_of(session, clock, patient) is None
    issued = make.make_personal_link(session, clock, patient)
    begun = clock.now()
    clock.set(begun + DAY)
    open_session(session, clock, issued)
    issued.link.locked_until, issued.link.wrong_tries = clock.now() + SECOND, 5
    session.flush()
    line = personal_links.personal_link_of(session, clock, patient)
    assert line is not None
    assert (line.issued_at, line.used_at) == (begun, begun + DAY)
    assert (line.lock, line.wrong_tries) == (Lock(clock.now() + SECOND), 5)
    personal_links.revoke_personal_link(session, clock, patient, "other")
    line = personal_links.personal_link_of(session, clock, patient)
    assert line is not None
    assert (line.revoked_at, line.revoked_reason) == (clock.now(), "other")


def test_the_trail_tells_of_link_and_report(
    session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    visit = make.begin_report(session, clock, issued)
    entries = session.scalars(select(AuditEntry).where(AuditEntry.chain == f"patient:{patient.id}"))
    told = [(each.action, each.entity) for each in entries]
    assert told.count(("create", "link")) == 1
    assert ("create", "response") in told
    changed = session.scalars(
        select(AuditEntry.changes).where(AuditEntry.entity == "link", AuditEntry.action == "change")
    )
    assert changed.all() == [{"visit_id": [None, visit.id]}]
