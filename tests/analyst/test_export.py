"""The download: what the archive holds, that it is in the trail, and who gets it."""

import csv
import hashlib
import io
import json
import zipfile

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.clock import SteppedClock
from app.models import AuditEntry, Patient, Study
from app.services.access import PERMISSIONS, Permission, Role
from tests import factories
from tests.page import Browser

EXPORT = "/analyst/GIST-IMA/export"


def download(browser: Browser, path: str = EXPORT) -> TestResponse:
    """Presses the button of the page."""
    page = browser.get("/analyst/")
    token = page.all("input", name="csrf_token")[0].get("value", "")
    return browser.client.post(path, data={"csrf_token": token})


def unpack(answer: TestResponse) -> dict[str, bytes]:
    """The files of the archive by name."""
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows(files: dict[str, bytes]) -> list[dict[str, str]]:
    """The scored table."""
    return list(csv.DictReader(io.StringIO(files["GIST-IMA_scored.csv"].decode())))


def exports(session: Session) -> list[AuditEntry]:
    """The releases in the trail."""
    return list(session.scalars(select(AuditEntry).where(AuditEntry.action == "export")))


@pytest.mark.requirement("EXP-02")
@pytest.mark.requirement("EXP-06")
def test_the_archive_holds_table_codebook_and_manifest(analyst: Browser, patient: Patient) -> None:
    answer = download(analyst)
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    disposition = answer.headers["Content-Disposition"]
    assert disposition == "attachment; filename=GIST-IMA_20261123T090000Z.zip"
    assert answer.headers["Cache-Control"] == "no-store"
    files = unpack(answer)
    assert set(files) == {"GIST-IMA_scored.csv", "GIST-IMA_codebook.csv", "manifest.json"}
    sums = json.loads(files["manifest.json"])["sha256"]
    assert sums == {name: hashlib.sha256(files[name]).hexdigest() for name in sums}


@pytest.mark.requirement("EXP-05")
@pytest.mark.requirement("EXP-06")
def test_every_patient_of_every_site_is_in_the_table(analyst: Browser, patient: Patient) -> None:
    table = rows(unpack(download(analyst)))
    assert {row["patient"] for row in table} == {"04-001", "04-002", "01-001"}
    assert {row["arm"] for row in table if row["patient"] == "04-001"} == {"interruption"}


@pytest.mark.requirement("EXP-04")
@pytest.mark.requirement("AUD-01")
def test_the_release_is_in_the_trail(analyst: Browser, session: Session, patient: Patient) -> None:
    files = unpack(download(analyst))
    entry = exports(session)[0]
    assert (entry.actor, entry.role) == ("analyst.all@staff.example", "analyst")
    assert entry.changes["with_arm"] is True
    name = "GIST-IMA_scored.csv"
    assert entry.changes["sha256"][name] == hashlib.sha256(files[name]).hexdigest()


@pytest.mark.requirement("EXP-04")
@pytest.mark.threat("G12")
def test_the_arm_is_withheld_from_who_may_not_see_it(
    analyst: Browser, session: Session, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PERMISSIONS, Role.ANALYST, frozenset({Permission.EXPORT}))
    files = unpack(download(analyst))
    assert "interruption" not in files["GIST-IMA_scored.csv"].decode().lower()
    assert exports(session)[0].changes["with_arm"] is False


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("code", ["NONE", "gist-ima"])
def test_a_study_that_one_may_not_export_is_not_found(
    analyst: Browser, session: Session, patient: Patient, code: str
) -> None:
    assert download(analyst, f"/analyst/{code}/export").status_code == 404
    assert exports(session) == []


@pytest.mark.threat("C13")
def test_a_role_at_one_site_takes_nothing_away(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    site = factories.get_site(session, study)
    user = factories.make_staff(session, clock, Role.ANALYST, study, site, language="en")
    factories.sign_in(browser, session, clock, user)
    assert download(browser).status_code == 404
    assert exports(session) == []


@pytest.mark.threat("C1")
def test_without_the_form_token_nothing_leaves(analyst: Browser, session: Session, patient: Patient) -> None:
    assert analyst.client.post(EXPORT).status_code == 400
    assert analyst.client.get(EXPORT).status_code == 405
    assert exports(session) == []


@pytest.mark.parametrize("role", [Role.NURSE, Role.MONITOR, Role.INSPECTOR, Role.ADMINISTRATOR])
@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_other_roles_take_nothing_away(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient, role: Role
) -> None:
    site = factories.get_site(session, study)
    user = factories.make_staff(session, clock, role, study, site, language="en")
    page = factories.sign_in(browser, session, clock, user).get(
        "/" if role is Role.ADMINISTRATOR else "/nurse/"
    )
    token = page.all("input", name="csrf_token")[0].get("value", "")
    browser.post(EXPORT, {"csrf_token": token}, 403)
    assert exports(session) == []
