"""Rules of alerts as a study's file has them, and alerts, as tests make them."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Alert, Patient, Study
from tests import factories


def alert_rule(code: str = "pain", /, **changes: object) -> str:
    """A rule that is on, as a study's file has it: by default pain of 50 and more, for the nurse, 8 hours."""
    facts: dict[str, object] = {
        "enabled": "true",
        "on": '"scale"',
        "questionnaire": '"qlq-c30"',
        "of": '"PA"',
        "tells": '["nurse"]',
        "escalates_after_hours": 8,
        "escalates_to": '["investigator"]',
    }
    if not {"at_least", "at_most"} & changes.keys():
        facts["at_least"] = 50
    names = f'names = {{ fr = "Règle {code}", en = "Rule {code}" }}'
    lines = [f"{key} = {value}" for key, value in (facts | changes).items()]
    return "\n".join(["", "[[alerts]]", f'code = "{code}"', names, *lines, ""])


def with_alerts(session: Session, clock: SteppedClock, *rules: str, version: str = "1.1") -> Study:
    """The first study with these rules, loaded or amended."""
    return factories.load(
        session,
        clock,
        factories.source().replace('version = "1.0"', f'version = "{version}"') + "".join(rules),
    )


def make_alert(session: Session, clock: SteppedClock, patient: Patient) -> Alert:
    """An alert as a rule that was on once has left it, beside a response that is open."""
    draft = factories.begin_response(session, clock, factories.get_visit(session, patient))
    alert = Alert(
        study_id=patient.study_id,
        patient_id=patient.id,
        response_id=draft.id,
        rule="pain-worse",
        definition_version=factories.get_study(session, patient.study_id).definition_version,
        value=50,
        threshold=25,
        is_upwards=True,
        raised_at=clock.now(),
        due_at=clock.now() + timedelta(hours=8),
    )
    session.add(alert)
    session.flush()
    return alert


def answered_with_alert(session: Session, clock: SteppedClock, patient: Patient) -> Alert:
    """The one alert of a patient whose initial questionnaire, sent just now, tells of the worst pain."""
    response = factories.submit(session, clock, factories.get_visit(session, patient), {"q09": 4, "q19": 4})
    return session.scalars(select(Alert).where(Alert.response_id == response.id)).one()
