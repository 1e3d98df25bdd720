"""A tick end to end, with a real SMTP server and a real SMS gateway: never twice, never lost."""

import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.models import AuditEntry, Link, Milestone, Patient, Study
from app.services import links, outbox
from app.services.audit import verify
from app.settings import ROOT
from tests import factories as make
from tests.conftest import NOW
from tests.hospital import COMMAND, PATIENCE, Hospital, open_hospital
from tests.live import together

LINK = re.compile(r"http://localhost/l/([A-Za-z0-9_-]{43})")
pytestmark = pytest.mark.requirement("REM-01")


@pytest.fixture
def hospital(database_kind: str, tmp_path: Path, worker_id: str) -> Iterator[Hospital]:
    """A fresh database and two receivers."""
    with open_hospital(database_kind, tmp_path, worker_id) as found:
        yield found


def token_in(text: str) -> str:
    found = LINK.search(text)
    assert found is not None, text
    return found[1]


def state_of(hospital: Hospital, token: str) -> str:
    with hospital.live.session() as session:
        found = links.find_link(session, hospital.live.clock, token)
        assert found is not None
        return found.state.value


# What goes out


@pytest.mark.requirement("LINK-06")
def test_a_link_goes_by_two_channels_of_one_issue_each_with_a_token_of_its_own(hospital: Hospital) -> None:
    patient = hospital.add_patient()
    planned = hospital.plan_link(patient, "email", "sms")
    assert hospital.tick() == {"sent": 2}
    mails = [str(each.get_content()) for each in hospital.mailbox.received]
    by_mail, by_sms = token_in(mails[0]), token_in(hospital.gateway.bodies[0]["text"])
    assert by_mail != by_sms
    assert {state_of(hospital, each) for each in (by_mail, by_sms)} == {"open"}
    with hospital.live.session() as session:
        assert {(each.ordinal, each.channel) for each in hospital.links(session)} == {
            (1, "email"),
            (1, "sms"),
        }
    message = hospital.message(planned[1])
    assert (message.state, message.provider_id, message.tries) == ("sent", "m-1", 1)
    assert message.sent_at == NOW


@pytest.mark.requirement("LINK-01")
def test_neither_token_nor_address_nor_text_is_kept(hospital: Hospital) -> None:
    hospital.plan_link(hospital.add_patient("sms"), "sms")
    hospital.tick()
    body = hospital.gateway.bodies[0]
    with hospital.live.session() as session:
        trail = str([each.changes for each in session.scalars(select(AuditEntry))])
        rows = str([vars(each) for each in hospital.links(session)])
        assert verify(session) == []
    messages = str([vars(each) for each in hospital.messages(1)])
    for secret in (token_in(body["text"]), body["to"]):
        assert secret not in trail + rows + messages


@pytest.mark.requirement("LINK-07")
@pytest.mark.parametrize(("language", "words"), [("fr", "votre questionnaire"), ("en", "your questionnaire")])
def test_a_message_is_in_the_patients_language(hospital: Hospital, language: str, words: str) -> None:
    hospital.plan_link(hospital.add_patient("sms", language), "sms")
    hospital.tick()
    assert words in hospital.gateway.bodies[0]["text"]


@pytest.mark.requirement("LINK-06")
def test_without_a_channel_messages_wait_where_they_are_seen(hospital: Hospital) -> None:
    (message,) = hospital.plan_link(hospital.add_patient(), "sms")
    assert hospital.tick({}) == {}
    assert hospital.states() == {"waiting": 1}
    hospital.tick()
    assert hospital.message(message).state == "sent"


# Never twice


@pytest.mark.threat("F6")
def test_ticks_at_once_send_each_message_once(hospital: Hospital) -> None:
    patients = [hospital.add_patient() for _ in range(8)]
    counts = together(*[hospital.tick] * 4)
    assert sum(each["planned"] for each in counts) == len(patients)
    assert hospital.mailbox.recipients() == {f"p{each}@patients.example": 1 for each in patients}
    assert hospital.states() == {"sent": len(patients)}
    with hospital.live.session() as session:
        assert verify(session) == []


@pytest.mark.threat("F5")
def test_a_tick_killed_while_sending_is_never_repeated_and_nothing_else_is_lost(hospital: Hospital) -> None:
    hospital.live.clock.set(datetime.now(UTC))
    patients = [hospital.add_patient("none") for _ in range(2)]
    first, second = (hospital.plan_link(each, "email")[0] for each in patients)
    hospital.mailbox.hangs = True
    process = subprocess.Popen(COMMAND, cwd=ROOT, env=hospital.environment(), stdout=subprocess.DEVNULL)
    assert hospital.mailbox.arrived.wait(PATIENCE)
    process.kill()
    process.wait(PATIENCE)
    assert [hospital.message(each).state for each in (first, second)] == ["sending", "waiting"]
    hospital.mailbox.hangs = False
    hospital.live.clock.set(datetime.now(UTC))
    assert hospital.tick() == {}, "the process might still be alive"
    hospital.live.clock.advance(minutes=6)
    assert hospital.tick() == {"interrupted": 1, "sent": 1}
    assert [hospital.message(each).state for each in (first, second)] == ["uncertain", "sent"]
    hospital.live.clock.advance(hours=1)
    assert hospital.tick() == {}
    assert set(hospital.mailbox.recipients().values()) == {1}


@pytest.mark.threat("F7")
def test_a_gateway_that_times_out_after_having_taken_it_is_not_asked_again(hospital: Hospital) -> None:
    (message,) = hospital.plan_link(hospital.add_patient("none"), "sms")
    hospital.gateway.hangs, hospital.timeout = True, 0.3
    assert hospital.tick() == {"uncertain": 1}
    hospital.gateway.hangs = False
    for _ in range(3):
        hospital.live.clock.advance(hours=1)
        assert hospital.tick() == {}
    assert (hospital.message(message).error, len(hospital.gateway.requests)) == ("timeout", 1)


@pytest.mark.threat("F7")
def test_a_gateway_that_honours_keys_is_asked_again_and_delivers_once(hospital: Hospital) -> None:
    (message,) = hospital.plan_link(hospital.add_patient("none"), "sms")
    hospital.gateway.hangs, hospital.timeout, hospital.is_idempotent = True, 0.3, True
    assert hospital.tick() == {"waiting": 1}
    hospital.gateway.hangs, hospital.timeout = False, 5
    hospital.live.clock.advance(minutes=2)
    assert hospital.tick() == {"sent": 1}
    assert len(hospital.gateway.requests) == 2
    assert len(hospital.gateway.delivered()) == 1
    # Whichever text arrived, its link opens.
    assert {state_of(hospital, token_in(each["text"])) for each in hospital.gateway.bodies} == {"open"}
    assert hospital.message(message).tries == 2


# Never lost


@pytest.mark.requirement("REM-03")
@pytest.mark.threat("F7")
def test_what_certainly_did_not_go_is_tried_again_and_fails_the_same_day(hospital: Hospital) -> None:
    (message,) = hospital.plan_link(hospital.add_patient("none"), "sms")
    hospital.gateway.status = 503
    attempts = 0
    while hospital.message(message).state == "waiting":
        hospital.tick()
        attempts += 1
        hospital.live.clock.advance(hours=1)
    assert (hospital.message(message).state, hospital.message(message).error) == ("failed", "http 503")
    assert attempts == len(outbox.PAUSES) + 1 == len(hospital.gateway.requests)
    assert sum(outbox.PAUSES, timedelta()) < timedelta(hours=3)
    # One link in all: a token that reached nobody is replaced.
    with hospital.live.session() as session:
        assert len(hospital.links(session)) == 1


def test_an_attempt_after_a_failed_one_has_the_only_link_that_opens(hospital: Hospital) -> None:
    hospital.plan_link(hospital.add_patient("none"), "sms")
    hospital.gateway.status = 429
    hospital.tick()
    hospital.gateway.status = 200
    hospital.live.clock.advance(minutes=2)
    assert hospital.tick() == {"sent": 1}
    first, second = (token_in(each["text"]) for each in hospital.gateway.bodies)
    assert state_of(hospital, second) == "open"
    with hospital.live.session() as session:
        assert links.find_link(session, hospital.live.clock, first) is None


@pytest.mark.requirement("REM-03")
def test_an_address_that_is_refused_bounces_at_once(hospital: Hospital) -> None:
    (message,) = hospital.plan_link(hospital.add_patient("none"), "email")
    hospital.mailbox.refusals = {"RCPT": "550 unknown"}
    assert hospital.tick() == {"bounced": 1}
    assert hospital.message(message).error == "smtp 550"


# Looked at again when it is sent


def died(hospital: Hospital, patient_id: int) -> None:
    with hospital.live.session() as session:
        patient = session.get_one(Patient, patient_id)
        facts = {"study_id": patient.study_id, "patient_id": patient.id, "occurred_on": NOW.date()}
        death = Milestone(kind="death", recorded_at=NOW, **facts)
        death.ends = "everything"
        session.add(death)
        session.commit()


def submitted(hospital: Hospital, patient_id: int) -> None:
    with hospital.live.session() as session:
        visit = make.get_visit(session, session.get_one(Patient, patient_id))
        make.submit(session, hospital.live.clock, visit)
        session.commit()


def window_over(hospital: Hospital, _patient_id: int) -> None:
    hospital.live.clock.advance(days=40)


def revoked(hospital: Hospital, patient_id: int) -> None:
    with hospital.live.session() as session:
        visit = make.get_visit(session, session.get_one(Patient, patient_id))
        links.revoke_links(session, hospital.live.clock, visit, "lost telephone")
        session.commit()


@pytest.mark.requirement("REM-02")
@pytest.mark.parametrize(
    ("event", "error"),
    [
        (died, "left_study"),
        (submitted, "already_sent"),
        (window_over, "window_closed"),
        (revoked, "lost telephone"),
    ],
)
def test_what_happened_since_the_planning_cancels(
    hospital: Hospital, event: Callable[[Hospital, int], None], error: str
) -> None:
    patient = hospital.add_patient("none")
    (message,) = hospital.plan_link(patient, "email")
    event(hospital, patient)
    hospital.tick()
    assert (hospital.message(message).state, hospital.message(message).error) == ("cancelled", error)
    assert hospital.mailbox.received == []


@pytest.mark.requirement("REM-02")
def test_all_that_waits_ends_at_once(hospital: Hospital) -> None:
    patient, other = hospital.add_patient("none"), hospital.add_patient("none")
    hospital.plan_link(patient, "email", "sms")
    hospital.plan_link(other, "email")
    with hospital.live.session() as session:
        assert outbox.end_messages(session, session.get_one(Patient, patient), "death") == 2
        session.commit()
    assert hospital.states() == {"cancelled": 2, "waiting": 1}
    assert hospital.tick() == {"sent": 1}


@pytest.mark.requirement("LINK-03")
@pytest.mark.requirement("LINK-04")
def test_a_new_issue_ends_what_was_sent_and_what_waits(hospital: Hospital) -> None:
    patient = hospital.add_patient("none")
    hospital.plan_link(patient, "email")
    hospital.tick()
    (waiting,) = hospital.plan_link(patient, "email")
    hospital.plan_link(patient, "sms")
    assert hospital.tick() == {"sent": 1}
    assert (hospital.message(waiting).state, hospital.message(waiting).error) == ("cancelled", "reissued")
    assert state_of(hospital, token_in(str(hospital.mailbox.received[0].get_content()))) == "closed"
    assert state_of(hospital, token_in(hospital.gateway.bodies[0]["text"])) == "open"


# Reminders


@pytest.mark.requirement("LINK-03")
def test_reminders_follow_the_study_until_something_is_sent_back(hospital: Hospital) -> None:
    silent, quick = hospital.add_patient(), hospital.add_patient()
    hospital.tick()
    submitted(hospital, quick)
    seen: Counter[int] = Counter()
    for day in range(1, 30):
        hospital.live.clock.set(NOW + timedelta(days=day))
        seen[day] += hospital.tick()["sent"]
    # On the third day, and two days before the last one, which is the 28th after consent.
    assert +seen == {3: 1, 26: 1}
    assert [each.ordinal for each in hospital.messages(silent)] == [0, 3, -2]
    subjects = [str(each["Subject"]) for each in hospital.mailbox.received]
    assert [("rappel" in each) for each in subjects] == [False, False, True, True]
    # All lead to the same draft, and none has killed another.
    tokens = [
        token_in(str(each.get_content()))
        for each in hospital.mailbox.received
        if each["To"] == f"p{silent}@patients.example"
    ]
    hospital.live.clock.set(NOW + timedelta(days=27))
    assert {state_of(hospital, each) for each in tokens} == {"open"}
    with hospital.live.session() as session:
        query = select(Link.ordinal).where(Link.patient_id == silent)
        assert set(session.scalars(query)) == {1}


@pytest.mark.parametrize(
    ("refusals", "ordinals", "count"), [({}, [3], 1), ({"RCPT": "550 unknown"}, [0, 3], 0)]
)
def test_a_link_sent_by_staff_is_the_message_on_opening_unless_it_came_back(
    hospital: Hospital, refusals: dict[str, str], ordinals: list[int], count: int
) -> None:
    patient = hospital.add_patient()
    hospital.plan_link(patient, "email")
    hospital.mailbox.refusals = refusals
    hospital.tick()
    assert len(hospital.mailbox.received) == count
    hospital.mailbox.refusals = {}
    hospital.tick()
    hospital.live.clock.advance(days=3)
    hospital.tick()
    assert [each.ordinal for each in hospital.messages(patient) if each.kind == "reminder"] == ordinals


def test_what_fell_due_while_nobody_ticked_is_said_once(hospital: Hospital) -> None:
    patient = hospital.add_patient()
    hospital.live.clock.advance(days=27)
    assert hospital.tick() == {"planned": 1, "sent": 1}
    states = [(each.ordinal, each.state, each.error) for each in hospital.messages(patient)]
    overtaken = ("cancelled", "overtaken")
    assert states == [(0, *overtaken), (3, *overtaken), (-2, "sent", None)]


@pytest.mark.threat("F8")
def test_nothing_leaves_in_the_quiet_hours_of_the_site(hospital: Hospital) -> None:
    patient = hospital.add_patient()
    hospital.live.clock.set(datetime(2026, 11, 23, 19, 30, tzinfo=UTC))
    assert hospital.tick() == {"planned": 1}
    (message,) = hospital.messages(patient)
    assert message.due_at == datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    hospital.live.clock.set(message.due_at)
    assert hospital.tick() == {"sent": 1}


@pytest.mark.threat("F8")
def test_an_attempt_that_falls_into_the_quiet_hours_is_put_off(hospital: Hospital) -> None:
    patient = hospital.add_patient()
    hospital.live.clock.set(datetime(2026, 11, 23, 18, 58, tzinfo=UTC))
    hospital.mailbox.refusals = {"MAIL": "451 later"}
    hospital.tick()
    hospital.mailbox.refusals = {}
    hospital.live.clock.advance(minutes=5)
    assert hospital.tick() == {"not sent": 1}
    (message,) = hospital.messages(patient)
    assert (message.state, message.due_at) == ("waiting", datetime(2026, 11, 24, 8, 0, tzinfo=UTC))


def test_who_wishes_no_message_gets_none_and_it_is_seen(hospital: Hospital) -> None:
    patient = hospital.add_patient("none")
    assert hospital.tick() == {}
    assert [(each.state, each.error) for each in hospital.messages(patient)] == [("cancelled", "no_channel")]


def test_a_study_without_reminders_sends_nothing_by_itself(hospital: Hospital) -> None:
    hospital.add_patient()
    source = make.source().replace('version = "1.0"', 'version = "2.0"')
    start, end = source.index("[reminders]"), source.index("# Texts of your own")
    with hospital.live.session() as session:
        make.load(session, hospital.live.clock, source[:start] + source[end:])
        assert session.scalars(select(Study.definition_version)).one() == "2.0"
        session.commit()
    assert hospital.tick() == {}
