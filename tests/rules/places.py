"""The places that every route is tried at: the own site, another site, another study."""

import re
from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.services import studies
from tests import alerting, factories, wording
from tests.conftest import NOW

ALERT = "/nurse/<study>/<code>/alerts/<number>"
ANSWERS = "/nurse/<study>/<code>/answers"
OWN, OTHER_SITE, OTHER_STUDY = ("GIST-IMA", "04-001"), ("GIST-IMA", "01-001"), ("OTHER", "04-777")
# Beside each of them a patient of the same site who has sent the first questionnaire.
SENDERS = {"04-001": "04-002", "01-001": "01-002", "04-777": "04-778"}
FIXED = {
    "/static/<path:filename>": "/static/patient.css",
    "/bootstrap/static/<path:filename>": "/bootstrap/static/css/bootstrap.min.css",
}


def fill(session: Session, clock: SteppedClock) -> None:
    """A patient of the own site, one of another site, one of the own site's number in another study."""
    study = factories.make_study(session, clock)
    text = factories.source().replace('"GIST-IMA"', '"OTHER"')
    other = studies.load_study(session, clock, text, "other.toml").study
    for each, (_, code) in ((study, OWN), (study, OTHER_SITE), (other, OTHER_STUDY)):
        patient = factories.make_patient(session, clock, each, code)
        factories.make_event(session, clock, patient)
        factories.expose(session, clock, patient, NOW.date())
        alerting.make_alert(session, clock, patient)
        sender = factories.make_patient(session, clock, each, SENDERS[code])
        factories.submit(session, clock, factories.get_visit(session, sender))
    for each in (study, other):
        wording.make_draft(session, clock, each)


def address(rule: str, place: tuple[str, str]) -> str:
    """The rule with a place in it."""
    study, code = place
    code = SENDERS[code] if rule.startswith(ANSWERS) else code
    path = FIXED.get(rule, rule).replace("<study>", study).replace("<code>", code)
    path = path.replace("<kind>", "known-alive")
    # Events are numbered within a patient, alerts throughout: those of the places are made in this order.
    number = [OWN, OTHER_SITE, OTHER_STUDY].index(place) + 1 if rule == ALERT else 1
    path = (
        path.replace("<number>", str(number))
        .replace("<questionnaire>", "qlq-c30")
        .replace("<language>", "fr")
    )
    return re.sub(r"<[^>]+>", "q01", path.replace("<visit>", "BASELINE"))


def requests_of(rule: str) -> Iterator[tuple[str, str]]:
    """Each place's name and address; one alone where the rule has no place in it."""
    named = {"own": OWN, "other site": OTHER_SITE, "other study": OTHER_STUDY}
    if "<code>" not in rule:
        named.pop("other site")
    if "<study>" not in rule:
        named.pop("other study")
    yield from ((name, address(rule, place)) for name, place in named.items())
