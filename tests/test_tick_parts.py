"""A tick does all that is due: closings and staff mail whatever is missing, each part alone."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from app.db import READ, WRITE
from app.models import Alert, AuditEntry, Message, Response, RoleAssignment, Score, Visit
from app.services import missing
from app.services.access import Role
from app.services.audit import verify
from app.services.visits import GRACE
from tests import alerting
from tests import factories as make
from tests.hospital import Hospital, open_hospital
from tests.live import together

NURSE, INVESTIGATOR = "nurse.04@staff.example", "investigator.04@staff.example"


@pytest.fixture
def hospital(database_kind: str, tmp_path: Path, worker_id: str) -> Iterator[Hospital]:
    """A fresh database whose study has one rule for alerts on, with staff at Lyon."""
    with open_hospital(database_kind, tmp_path, worker_id) as found:
        with found.live.session() as session:
            study = alerting.with_alerts(session, found.live.clock, alerting.alert_rule())
            for role in (Role.NURSE, Role.INVESTIGATOR):
                make.make_staff(session, found.live.clock, role, study, make.get_site(session, study))
            session.commit()
        yield found


def begin(hospital: Hospital, count: int = 1) -> datetime:
    """So many patients begin their initial questionnaire; the instant at which the grace ends."""
    with hospital.live.session() as session:
        for _ in range(count):
            visit = make.get_visit(session, hospital.live.new_patient(session))
            make.answer(session, hospital.live.clock, visit, {"q01": 3, "q02": None})
        session.commit()
        return visit.closes_at + GRACE


def raise_alert(hospital: Hospital) -> None:
    with hospital.live.session() as session:
        alerting.answered_with_alert(session, hospital.live.clock, hospital.live.new_patient(session))
        session.commit()


def statuses(hospital: Hospital) -> list[str]:
    with hospital.live.session() as session:
        return list(session.scalars(select(Response.status)))


# Closings


@pytest.mark.requirement("VIS-05")
def test_what_was_begun_is_closed_when_the_grace_ends_and_not_before(hospital: Hospital) -> None:
    over = begin(hospital)
    hospital.live.clock.set(over - timedelta(seconds=1))
    assert hospital.tick() == {}
    hospital.live.clock.set(over)
    assert hospital.tick() == {"closed": 1}
    assert statuses(hospital) == ["partial"]
    assert hospital.tick() == {}


@pytest.mark.requirement("VIS-05")
def test_all_that_is_over_is_closed_however_small_a_batch(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missing, "BATCH", 2)
    hospital.live.clock.set(begin(hospital, 5))
    assert hospital.tick() == {"closed": 5}


@pytest.mark.requirement("VIS-05")
@pytest.mark.threat("F6")
def test_ticks_at_once_close_each_form_once(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missing, "BATCH", 2)
    hospital.live.clock.set(begin(hospital, 9))
    counts = together(*[hospital.tick] * 3)
    hospital.tick()
    assert sum(each["closed"] for each in counts) <= 9
    assert statuses(hospital) == ["partial"] * 9
    with hospital.live.session() as session:
        assert verify(session) == []
        entries = session.scalars(select(AuditEntry).where(AuditEntry.actor == "tick")).all()
        closed = [each for each in entries if each.changes.get("status") == ["draft", "partial"]]
        assert len(closed) == 9
        assert len(session.scalars(select(Score)).all()) == 9 * 16


@pytest.mark.requirement("VIS-05")
def test_one_who_saves_at_that_moment_is_not_waited_for(hospital: Hospital) -> None:
    hospital.live.clock.set(begin(hospital, 2))
    if hospital.live.engine().dialect.name == "sqlite":
        # One writer at a time: there the tick waits for its turn.
        assert hospital.tick() == {"closed": 2}
        return
    with hospital.live.session() as session:
        session.scalars(select(Response).order_by(Response.id).limit(1).with_for_update()).one()
        assert hospital.tick() == {"closed": 1}
    assert hospital.tick() == {"closed": 1}


@pytest.mark.requirement("VIS-05")
def test_a_transcription_and_what_was_voided_are_no_forms_to_close(hospital: Hospital) -> None:
    over = begin(hospital, 2)
    with hospital.live.session() as session:
        first, second = session.scalars(select(Response).order_by(Response.id)).all()
        first.entry, second.voided_at = "first", hospital.live.clock.now()
        session.commit()
    hospital.live.clock.set(over)
    assert hospital.tick() == {}
    assert statuses(hospital) == ["draft", "draft"]


# Without what is needed


@pytest.mark.requirement("ALR-02")
@pytest.mark.requirement("REM-03")
def test_without_contact_keys_staff_are_told_and_forms_close_and_patients_messages_wait(
    hospital: Hospital,
) -> None:
    sent = hospital.add_patient("none")
    hospital.add_patient()
    over = begin(hospital)
    raise_alert(hospital)
    done = hospital.run(keys=())
    assert done.counts == {"alerts": 1, "sent": 1}
    assert done.waiting == {"CONTACT_KEYS": 2}, "the reminders that are due to both"
    hospital.plan_link(sent, "email")
    hospital.live.clock.set(over)
    done = hospital.run(keys=())
    assert done.counts == {"closed": 1, "escalations": 1, "sent": 1}
    assert done.waiting == {"CONTACT_KEYS": 1}
    assert hospital.mailbox.recipients() == {NURSE: 1, INVESTIGATOR: 1}
    assert hospital.states() == {"sent": 2, "waiting": 1}


def test_what_waited_for_the_keys_leaves_once_they_are_set(hospital: Hospital) -> None:
    patient = hospital.add_patient("none")
    hospital.plan_link(patient, "email")
    hospital.run(keys=())
    assert hospital.mailbox.received == []
    assert hospital.tick() == {"sent": 1}


def test_what_waits_for_a_channel_is_counted_by_the_setting_that_is_missing(hospital: Hospital) -> None:
    hospital.plan_link(hospital.add_patient("none"), "email", "sms")
    raise_alert(hospital)
    done = hospital.run({})
    assert done.waiting == {"SMTP_URL": 2, "SMS_URL": 1}
    assert hospital.run({}, keys=()).waiting == {"CONTACT_KEYS": 2, "SMTP_URL": 1}
    hospital.tick()
    assert hospital.run({}).waiting == {}


# What breaks


def test_a_message_that_breaks_is_logged_and_keeps_no_other_back(
    hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    patients = [hospital.add_patient("none") for _ in range(3)]
    broken, *others = (hospital.plan_link(each, "email")[0] for each in patients)
    with hospital.live.session() as session:
        session.get_one(Message, broken).visit_id = None
        session.commit()
    with caplog.at_level(logging.ERROR):
        done = hospital.run()
    assert (done.counts, done.broken) == ({"sent": 2}, ["sending"])
    assert "tick: sending" in caplog.text
    assert "patients.example" not in caplog.text
    assert [hospital.message(each).state for each in (broken, *others)] == ["waiting", "sent", "sent"]


def test_a_part_that_breaks_keeps_no_other_from_being_done(hospital: Hospital) -> None:
    over = begin(hospital)
    with hospital.live.session() as session:
        session.scalars(select(Response)).one().instrument = "no-such-questionnaire"
        session.commit()
    hospital.live.clock.set(over)
    raise_alert(hospital)
    done = hospital.run()
    assert (done.counts, done.broken) == ({"alerts": 1, "sent": 1}, ["closing forms"])


# The command


@pytest.mark.requirement("LINK-06")
def test_the_command_says_what_it_did(hospital: Hospital) -> None:
    hospital.live.clock.set(datetime.now(UTC))
    hospital.plan_link(hospital.add_patient("none"), "email")
    assert hospital.command() == (0, "sent: 1\n", "")
    assert hospital.command() == (0, "Nothing was due.\n", "")


@pytest.mark.requirement("REM-03")
def test_the_command_says_what_it_could_not_do_and_exits_with_1(hospital: Hospital) -> None:
    begin(hospital)
    with hospital.live.session() as session:
        for visit in session.scalars(select(Visit)):
            visit.closes_at = datetime.now(UTC) - GRACE
        for role in session.scalars(select(RoleAssignment)):
            role.granted_at -= timedelta(days=100)
        session.commit()
    hospital.live.clock.set(datetime.now(UTC))
    hospital.plan_link(hospital.add_patient("none"), "email")
    raise_alert(hospital)
    code, said, complaints = hospital.command(CONTACT_KEYS="")
    assert (code, said) == (1, "alerts: 1, closed: 1, sent: 1\n")
    assert complaints == "Messages that wait: 1. CONTACT_KEYS is not set, so no address can be read.\n"
    code, said, complaints = hospital.command(SMTP_URL="", SMTP_FROM="")
    assert (code, said) == (1, "Nothing was due.\n")
    assert complaints == "Messages that wait: 1. SMTP_URL is not set, so nothing leaves that way.\n"
    with hospital.live.session() as session:
        assert session.scalars(select(Alert)).one().told_at is not None


# What it costs


@pytest.mark.requirement("REM-01")
@pytest.mark.requirement("REM-02")
def test_a_reminder_costs_few_statements_however_many_there_are(hospital: Hospital) -> None:
    def cost(count: int) -> float:
        for _ in range(count):
            hospital.add_patient()
        statements: list[str] = []

        def keep(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            statements.append(statement)

        engines = [hospital.live.engine(name) for name in (WRITE, READ)]
        for engine in engines:
            event.listen(engine, "before_cursor_execute", keep)
        assert hospital.tick() == {"planned": count, "sent": count}
        for engine in engines:
            event.remove(engine, "before_cursor_execute", keep)
        return len(statements) / count

    cost(1)
    # Some for the tick itself, and then the same for each.
    assert cost(20) <= 25
    assert cost(40) <= 24
