"""How long a patient waits: what is given is carried at once, and a slow server stands in nobody's way."""

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Route

from tests import factories
from tests.journeys.conftest import Open
from tests.journeys.hospital import Hospital
from tests.journeys.steps import FR, answer, carried, choose, is_at, is_kept, start, tap
from tests.journeys.test_offline import SAVED, answers, arrives, says

# SUR-06: every answer is with the server within two seconds.
AT_MOST_MS = 2000
WORDS = "mal à l’épaule"


@pytest.mark.requirement("SUR-06")
def test_whatever_is_given_is_carried_within_two_seconds(device: Open, hospital: Hospital) -> None:
    page, patient = device(), hospital.patient()
    factories.get_visit(hospital.session, patient).questionnaires = ["qlq-c30", "symptoms"]
    hospital.session.commit()
    page.clock.install()
    start(page, hospital.link(patient), FR)
    # From here on the page's clock moves by what a page may take, and not otherwise: a slow machine is no
    # slow page, and what would come later never comes.
    page.clock.pause_at(datetime.now().astimezone() + timedelta(seconds=30))
    with carried(page, "q01"):
        choose(page, "q01", 3)
        page.clock.run_for(AT_MOST_MS)
    says(page, SAVED)
    assert answers(hospital, patient) == {"q01": 3}
    with carried(page, "q01"):
        tap(page, FR["erase"])
        page.clock.run_for(AT_MOST_MS)
    tap(page, FR["next"])
    with carried(page, "q01"):
        tap(page, FR["skip"])
        page.clock.run_for(AT_MOST_MS)
    page.goto(f"{hospital.url}/survey/other")
    with carried(page, "other"):
        choose(page, "other", 1)
        page.clock.run_for(AT_MOST_MS)
    page.goto(f"{hospital.url}/survey/othertext")
    # Words are given when the typing pauses; nobody needs to press anything.
    with carried(page, "othertext"):
        page.locator("textarea:visible").fill(WORDS)
        page.clock.run_for(AT_MOST_MS)
    assert answers(hospital, patient) == {"q01": None, "other": 1, "othertext": WORDS}


@pytest.mark.requirement("SUR-08")
@pytest.mark.requirement("SUR-09")
@pytest.mark.threat("D10")
def test_a_server_that_does_not_answer_leaves_the_phones_copy_in_sight(
    device: Open, hospital: Hospital
) -> None:
    page, patient, held = device(), hospital.patient(), list[Route]()
    start(page, hospital.link(patient), FR)
    is_kept(page)
    with carried(page, "q01"):
        answer(page, "q01", 2, FR)
    # The request for the page hangs: neither an answer nor an error, as on a network that is all but gone.
    page.context.route(f"{hospital.url}/survey/q02", lambda route: held.append(route))
    page.reload(wait_until="domcontentloaded")
    is_at(page, "q02")
    assert len(held) == 1
    choose(page, "q02", 4)
    # What comes too late changes nothing of what is in sight.
    held[0].continue_()
    arrives(page)
    is_at(page, "q02")
    assert answers(hospital, patient) == {"q01": 2, "q02": 4}
