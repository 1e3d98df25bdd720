"""An analyst takes the scored data away, and reads what came."""

import csv
import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.services.access import Role
from tests.journeys.conftest import COMPUTER, PHONE, Open
from tests.journeys.hospital import Hospital
from tests.journeys.looks import ALL_RULES, violations
from tests.journeys.steps import ITEMS


def downloaded(page: Page, folder: Path) -> dict[str, bytes]:
    """Presses the button and unpacks what comes: name -> content."""
    with page.expect_download() as download:
        page.locator("form[action$=export] button").first.click()
    assert download.value.suggested_filename.startswith("GIST-IMA_")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.requirement("EXP-02")
@pytest.mark.requirement("EXP-05")
@pytest.mark.requirement("EXP-06")
def test_the_download_holds_every_answer(sign_in: Open, hospital: Hospital, tmp_path: Path) -> None:
    patient = hospital.patient("en")
    hospital.answer(patient, **dict.fromkeys(ITEMS, 1) | {"q02": None, "q29": 7, "q30": 7})
    page = sign_in(Role.ANALYST, "en", accept_downloads=True)
    expect(page.get_by_role("main")).to_contain_text("GIST-IMA")
    hospital.send(patient)
    files = downloaded(page, tmp_path)
    manifest = json.loads(files["manifest.json"])
    assert {"GIST-IMA_scored.csv", "GIST-IMA_codebook.csv"} <= set(files)
    for name, content in files.items():
        if name != "manifest.json":
            assert hashlib.sha256(content).hexdigest() in json.dumps(manifest)
    rows = list(csv.DictReader(io.StringIO(files["GIST-IMA_scored.csv"].decode("utf-8-sig"))))
    mine = [each for each in rows if patient.code in each.values()]
    received = [each for each in mine if "received" in each.values()]
    assert len(received) == 1
    found = {name.lower(): value for name, value in received[0].items()}
    assert float(found["ql2"]) == 100
    assert found["q29"] == "7"
    assert patient.arm in received[0].values()


@pytest.mark.requirement("ACC-01")
def test_an_analyst_sees_no_patient(sign_in: Open, hospital: Hospital) -> None:
    hospital.patient()
    page = sign_in(Role.ANALYST, "fr")
    assert "04-0" not in page.content()
    response = page.goto(f"{hospital.url}/nurse/")
    assert response is not None
    assert response.status == 403


@pytest.mark.requirement("A11-01")
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_analysts_page_is_accessible_on_a_phone_and_on_a_computer(
    sign_in: Open, hospital: Hospital, language: str
) -> None:
    page, wrong = sign_in(Role.ANALYST, language), {}
    for path in ("/analyst/", "/nurse/"):
        page.goto(hospital.url + path)
        assert page.locator("html").get_attribute("lang") == language
        for size in (PHONE, COMPUTER):
            page.set_viewport_size(size)
            found = violations(page, ALL_RULES)
            if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
                found.append("scrolls sideways")
            if found:
                wrong[f"{path} {size['width']}"] = found
    assert wrong == {}
