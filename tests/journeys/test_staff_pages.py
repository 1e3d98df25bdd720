"""Every other page of the staff in one list: judged by axe, light and dark, on a phone and on a computer."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page

from app.models import Patient
from app.services.access import Role
from tests import alerting, factories
from tests.course import write_call
from tests.journeys.conftest import COMPUTER, PHONE, Open
from tests.journeys.hospital import Hospital
from tests.journeys.looks import ALL_RULES, CONTRAST, violations

PATIENT, EVENTS = "/nurse/GIST-IMA/{code}", "/nurse/GIST-IMA/{code}/events"
CORRECTION = "/manager/randomisation/GIST-IMA/{code}"
SUBMIT = "main form.narrow button[type=submit]:not([name=search])"
FIRST_ROW = "main tbody tr:first-child a"


@dataclass(frozen=True)
class Visit:
    """A page to look at: where, what is filled in there, and what is pressed for the next picture."""

    role: Role
    path: str
    press: str | None = None
    fill: dict[str, str] = field(default_factory=dict)


VISITS = (
    Visit(Role.NURSE, "/nurse/alerts", FIRST_ROW),
    Visit(Role.NURSE, f"{PATIENT}/alerts/{{alert}}", SUBMIT),
    Visit(Role.NURSE, f"{PATIENT}/visits/BASELINE/reason"),
    Visit(Role.NURSE, f"{PATIENT}/treatment/{{drug}}/undo", SUBMIT),
    Visit(Role.NURSE, f"{PATIENT}/treatment/{{drug}}/stop", SUBMIT),
    Visit(Role.NURSE, EVENTS, FIRST_ROW),
    Visit(Role.NURSE, f"{EVENTS}/new", SUBMIT),
    Visit(Role.NURSE, f"{EVENTS}/new", "[name=search]", {"find": "oedeme"}),
    Visit(Role.NURSE, f"{EVENTS}/new", "[name=search]", {"find": "zzzz"}),
    Visit(Role.NURSE, f"{EVENTS}/1/change", SUBMIT),
    Visit(Role.NURSE, f"{PATIENT}/answers", FIRST_ROW),
    Visit(Role.NURSE, f"{PATIENT}/notes", SUBMIT),
    Visit(Role.NURSE, f"{PATIENT}/notes", SUBMIT, {"text": "Of 04-001:\nfeels better."}),
    Visit(Role.NURSE, "/sessions"),
    Visit(Role.NURSE, "/admin/"),
    Visit(Role.NURSE, "/nurse/GIST-IMA/99-001"),
    Visit(Role.INVESTIGATOR, f"{EVENTS}/1", SUBMIT),
    Visit(Role.INVESTIGATOR, f"{EVENTS}/2", SUBMIT),
    Visit(Role.DATA_MANAGER, PATIENT),
    Visit(Role.DATA_MANAGER, CORRECTION, SUBMIT),
    Visit(Role.DATA_MANAGER, CORRECTION, SUBMIT, {"randomised_on": "{today}", "reason": "Typed wrongly"}),
    Visit(Role.DATA_MANAGER, f"{PATIENT}/transfer", SUBMIT),
    Visit(Role.DATA_MANAGER, "/manager/wording/", FIRST_ROW),
    Visit(Role.DATA_MANAGER, "/manager/wording/GIST-IMA/qlq-c30/fr", SUBMIT),
)


@pytest.fixture
def names(hospital: Hospital) -> dict[str, str]:
    """What stands in the addresses: of a patient about whom there is something on every page."""
    session, clock, patient = hospital.session, hospital.clock, hospital.patient()
    alert, drug = alerting.make_alert(session, clock, patient), _drug(hospital, patient)
    for is_serious in (False, True):
        event = factories.make_event(session, clock, patient)
        if is_serious:
            factories.decide(session, clock, event, is_serious=True)
    factories.submit(session, clock, factories.get_visit(session, patient))
    write_call(session, clock, patient)
    session.commit()
    today = clock.now().date().isoformat()
    return {"code": patient.code, "alert": str(alert.id), "drug": str(drug), "today": today}


def _drug(hospital: Hospital, patient: Patient) -> int:
    today = hospital.clock.now().date()
    return factories.expose(hospital.session, hospital.clock, patient, today).id


def pictures(page: Page, hospital: Hospital, visit: Visit, names: dict[str, str]) -> Iterator[str]:
    """The page, and what pressing shows."""
    page.goto(hospital.url + visit.path.format(**names))
    yield visit.path
    if visit.press is None:
        return
    for name, text in visit.fill.items():
        page.locator(f"main [name={name}]").first.fill(text.format(**names))
    with page.expect_navigation():
        page.locator(visit.press).first.click()
    yield f"{visit.path}, pressed {visit.fill or ''}"


def faults(page: Page) -> Iterator[str]:
    """What is wrong with a page: by axe, sideways, in the dark, with more than one step that is next."""
    page.evaluate("() => document.querySelectorAll('details').forEach(each => { each.open = true; })")
    for size in (PHONE, COMPUTER):
        page.set_viewport_size(size)
        yield from (f"{each}, {size['width']}" for each in violations(page, ALL_RULES))
        if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
            yield f"scrolls sideways, {size['width']}"
    page.emulate_media(color_scheme="dark")
    yield from (f"{each}, dark" for each in violations(page, CONTRAST | {"runOnly": ["color-contrast"]}))
    page.emulate_media(color_scheme="light")
    if (count := page.locator("main form .btn-primary").count()) > 1:
        yield f"{count} buttons are the first one"


@pytest.mark.requirement("A11-01")
@pytest.mark.requirement("CLI-06")
@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("role", [Role.NURSE, Role.INVESTIGATOR, Role.DATA_MANAGER])
def test_every_page_of_the_list_is_accessible(
    sign_in: Open, hospital: Hospital, names: dict[str, str], role: Role, language: str
) -> None:
    page, wrong = sign_in(role, language), {}
    for visit in (each for each in VISITS if each.role is role):
        for name in pictures(page, hospital, visit, names):
            assert page.locator("html").get_attribute("lang") == language, name
            if found := list(faults(page)):
                wrong[name] = found
    assert wrong == {}
