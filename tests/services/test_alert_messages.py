"""Messages to staff about alerts: told once, escalated once, without a word of health."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.models import Alert, AuditEntry, Message, Patient, RoleAssignment, User
from app.services.access import Role
from app.services.alerts import acknowledge_alert
from app.services.audit import verify
from app.staff_words import staff_words
from tests import alerting
from tests import factories as make
from tests.conftest import NOW
from tests.hospital import Hospital
from tests.live import live_database, together
from tests.patient.test_secrecy import UNSAYABLE
from tests.receivers import mail_receiver, sms_receiver

pytestmark = pytest.mark.requirement("ALR-02")
HEALTH = re.compile(
    r"patient|douleur|pain|fatigue|sympt|santé|health|médecin|doctor|physician|hôpital|hospital|maladie|illness"
    r"|treatment|traitement|grade|questionnaire|50|100",
    re.IGNORECASE,
)


@pytest.fixture
def hospital(database_kind: str, tmp_path: Path, worker_id: str) -> Iterator[Hospital]:
    """A fresh database whose study has one rule on, with staff at Lyon and elsewhere, and two receivers."""
    with (
        live_database(database_kind, tmp_path, worker_id) as live,
        mail_receiver() as mailbox,
        sms_receiver() as gateway,
    ):
        live.clock.set(NOW)
        with live.session() as session:
            study = alerting.with_alerts(session, live.clock, alerting.alert_rule())
            here, there = (make.get_site(session, study, number) for number in ("04", "03"))
            for role, site, language in (
                (Role.NURSE, here, "fr"),
                (Role.INVESTIGATOR, here, "en"),
                (Role.NURSE, there, "fr"),
                (Role.INVESTIGATOR, there, "fr"),
            ):
                make.make_staff(session, live.clock, role, study, site, language=language)
            session.commit()
        yield Hospital(live, mailbox, gateway)


def raise_alert(hospital: Hospital) -> int:
    with hospital.live.session() as session:
        patient = hospital.live.new_patient(session)
        alert = alerting.answered_with_alert(session, hospital.live.clock, patient)
        session.commit()
        return alert.id


def acknowledge(hospital: Hospital, alert_id: int) -> None:
    with hospital.live.session() as session:
        alert = session.get_one(Alert, alert_id)
        patient = session.get_one(Patient, alert.patient_id)
        patient.site = make.get_site(session, make.get_study(session, alert.study_id))
        actor = make.actor_of(session, hospital.live.clock, Role.NURSE, patient)
        acknowledge_alert(session, hospital.live.clock, actor, patient, alert, "called", "")
        session.commit()


def stored(hospital: Hospital, alert_id: int) -> Alert:
    with hospital.live.session() as session:
        return session.get_one(Alert, alert_id)


def at(hospital: Hospital, text: str) -> None:
    hospital.live.clock.set(datetime.fromisoformat(text).replace(tzinfo=UTC))


def test_the_nurses_of_the_site_are_told_at_the_next_tick_and_never_again(hospital: Hospital) -> None:
    alert = raise_alert(hospital)
    assert hospital.tick() == {"alerts": 1, "sent": 1}
    assert hospital.tick() == {}
    assert hospital.mailbox.recipients() == {"nurse.04@staff.example": 1}
    assert stored(hospital, alert).told_at == NOW
    (mail,) = hospital.mailbox.received
    text = f"{mail['Subject']}\n{mail.get_content()}"
    assert "04-001" in text
    assert "http://localhost/nurse/alerts" in text
    assert "04-001" not in str(mail["Subject"])


@pytest.mark.parametrize(
    ("sent", "due"),
    [
        # A Friday at 16:00 in Paris, and 8 working hours: over the week-end to Monday 16:00.
        ("2026-11-27 15:00", "2026-11-30 15:00"),
        # 1 May 2027 is a Saturday; 14 July 2027 a Wednesday.
        ("2027-07-13 14:00", "2027-07-15 14:00"),
    ],
)
def test_it_escalates_exactly_after_the_working_hours_and_once(
    hospital: Hospital, sent: str, due: str
) -> None:
    at(hospital, sent)
    alert = raise_alert(hospital)
    assert hospital.tick()["alerts"] == 1
    at(hospital, due)
    hospital.live.clock.advance(seconds=-1)
    assert hospital.tick() == {}
    at(hospital, due)
    assert hospital.tick() == {"escalations": 1, "sent": 1}
    hospital.live.clock.advance(hours=100)
    assert hospital.tick() == {}
    assert hospital.mailbox.recipients() == {"nurse.04@staff.example": 1, "investigator.04@staff.example": 1}
    assert stored(hospital, alert).escalated_at == datetime.fromisoformat(due).replace(tzinfo=UTC)
    assert stored(hospital, alert).is_open


def test_what_was_answered_neither_escalates_nor_is_told_any_more(hospital: Hospital) -> None:
    first, second = raise_alert(hospital), raise_alert(hospital)
    acknowledge(hospital, first)
    assert hospital.tick() == {"alerts": 1, "sent": 1}
    acknowledge(hospital, second)
    hospital.live.clock.advance(hours=200)
    assert hospital.tick() == {}
    assert stored(hospital, second).escalated_at is None


def test_an_answer_after_the_planning_keeps_the_message_back(hospital: Hospital) -> None:
    alert = raise_alert(hospital)
    assert hospital.tick({}) == {"alerts": 1}
    acknowledge(hospital, alert)
    hospital.tick()
    assert hospital.states() == {"cancelled": 1}
    assert hospital.mailbox.received == []


@pytest.mark.requirement("ACC-01")
@pytest.mark.parametrize("leaves", ["the site", "the application"])
def test_who_has_left_is_told_nothing(hospital: Hospital, leaves: str) -> None:
    raise_alert(hospital)
    assert hospital.tick({}) == {"alerts": 1}
    with hospital.live.session() as session:
        user = session.scalars(select(User).where(User.email == "nurse.04@staff.example")).one()
        if leaves == "the site":
            role = session.scalars(select(RoleAssignment).where(RoleAssignment.user_id == user.id)).one()
            role.ended_at = hospital.live.clock.now()
        else:
            user.active = False
        session.commit()
    hospital.tick()
    assert hospital.states() == {"cancelled": 1}
    raise_alert(hospital)
    assert hospital.tick() == {"alerts": 1}, "there is nobody to tell, and it escalates all the same"
    hospital.live.clock.advance(hours=100)
    assert hospital.tick()["escalations"] == 2


def test_ticks_at_once_tell_and_escalate_once(hospital: Hospital) -> None:
    for _ in range(5):
        raise_alert(hospital)
    hospital.live.clock.advance(hours=100)
    counts = together(*[hospital.tick] * 4)
    assert sum(each["alerts"] for each in counts) == 5
    assert sum(each["escalations"] for each in counts) == 5
    assert hospital.mailbox.recipients() == {"nurse.04@staff.example": 5, "investigator.04@staff.example": 5}
    with hospital.live.session() as session:
        assert verify(session) == []


@pytest.mark.requirement("ALR-01")
@pytest.mark.threat("D2")
def test_sent_twice_at_once_there_is_one_alert(hospital: Hospital) -> None:
    with hospital.live.session() as session:
        patient = hospital.live.new_patient(session)
        visit = make.get_visit(session, patient)
        make.answer(session, hospital.live.clock, visit, ALL_WORST)
        session.commit()
        visit_id = visit.id

    def send() -> int:
        with hospital.live.session() as session:
            found = make.send(session, hospital.live.clock, visit_id)
            session.commit()
            return found

    assert together(*[send] * 4) == [1] * 4
    with hospital.live.session() as session:
        assert len(session.scalars(select(Alert)).all()) == 1


ALL_WORST: dict[str, int | None] = {f"q{number:02}": 4 for number in range(1, 31)}


@pytest.mark.requirement("AUD-01")
def test_the_trail_says_who_was_told_and_that_it_escalated(hospital: Hospital) -> None:
    raise_alert(hospital)
    hospital.live.clock.advance(hours=100)
    hospital.tick()
    with hospital.live.session() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.actor == "tick")).all()
        assert any("escalated_at" in each.changes for each in entries if each.entity == "alert")
        assert len([each for each in entries if each.entity == "message" and each.action == "create"]) == 2
        messages = session.scalars(select(Message)).all()
        assert {(each.kind, each.patient_id) for each in messages} == {("alert", None), ("escalation", None)}
        assert all(each.user_id and each.alert_id for each in messages)


def test_a_server_that_is_away_is_asked_again(hospital: Hospital) -> None:
    raise_alert(hospital)
    hospital.mailbox.refusals = {"RCPT": "451 later"}
    assert hospital.tick() == {"alerts": 1, "waiting": 1}
    hospital.mailbox.refusals = {}
    hospital.live.clock.advance(minutes=2)
    assert hospital.tick() == {"sent": 1}
    assert hospital.live.clock.now() < NOW + timedelta(minutes=3)


# What they say


@pytest.mark.requirement("LINK-07")
@pytest.mark.threat("F8")
@pytest.mark.parametrize("kind", ["alert", "escalation"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_message_to_staff_says_a_word_of_health(app: Flask, kind: str, language: str) -> None:
    study = make.definition()
    link = "https://ressenti.example/nurse/alerts"
    for site in study.sites:
        values = {
            "code": f"{site.number}-001",
            "study": study.public_name[language],
            "until": "30/11/2026 16:00",
            "link": link,
        }
        with app.app_context():
            subject, text = staff_words(kind, language, values)
        assert values["code"] not in subject
        assert all(value in text for value in values.values())
        said = f"{subject}\n{text.replace(link, '')}".replace(values["code"], "").replace("00", "")
        assert not HEALTH.findall(said)
        assert not UNSAYABLE.findall(said)
