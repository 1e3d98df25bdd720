"""Giving a patient the personal link, seeing how it stands, unlocking it, taking it back."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Link, Patient, Study
from app.services import links
from app.services.access import Role
from app.services.codes import TRIES, WAIT, check_code
from app.services.links import IssuedLink
from app.services.qr import qr_code
from app.services.tokens import hash_code, hash_secret
from app.services.visits import GRACE
from tests import factories
from tests.page import Browser, Page, text_of

pytestmark = [pytest.mark.requirement("AE-03"), pytest.mark.requirement("LINK-05")]
PATIENT, OTHERS = "/nurse/GIST-IMA/04-001", "/nurse/GIST-IMA/01-001"
SVG = "{http://www.w3.org/2000/svg}"
GIVE, GIVE_AGAIN = "Give a personal link", "Give a new personal link"
REVOKE, UNLOCK = "Revoke the personal link", "Unlock"
ENDINGS = ("", "/revoke", "/unlock")
# What a card that may lie about must not tell.
DISEASE = re.compile(r"cancer|tumou?r|gist|imatinib|oncolog|symptom|chemo|nausea", re.IGNORECASE)


@pytest.fixture
def issued(session: Session, clock: SteppedClock, patient: Patient) -> IssuedLink:
    """The patient's personal link."""
    issued = factories.make_personal_link(session, clock, patient)
    session.commit()
    return issued


def box(page: Page) -> str:
    """What the page of a patient says of the personal link."""
    return text_of(page.one("div", class_="personal"))


def buttons(page: Page) -> set[str]:
    return {text_of(each) for each in page.all("button")}


def token_of(page: Page) -> str:
    return text_of(page.one("textarea", id="address")).removeprefix("http://localhost/l/")


def code_of(page: Page) -> str:
    return text_of(page.one("strong", class_="digits")).replace(" ", "")


def try_codes(session: Session, clock: SteppedClock, issued: IssuedLink, count: int) -> None:
    wrong = f"{(int(issued.code or 0) + 1) % 10**6:06}"
    for _ in range(count):
        check_code(session, clock, issued.link, issued.token, wrong)
    session.commit()


@pytest.mark.requirement("LINK-03")
def test_it_is_shown_once_with_its_code_to_be_printed(
    nurse: Browser, session: Session, patient: Patient
) -> None:
    before = nurse.get(PATIENT)
    assert "No personal link yet." in box(before)
    assert {UNLOCK, REVOKE} & buttons(before) == set()
    page = nurse.press(before, GIVE)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token_of(page))
    assert re.fullmatch(r"[0-9]{6}", code_of(page))
    expected = qr_code(f"http://localhost/l/{token_of(page)}")
    assert page.one(f"{SVG}path").get("d") == expected.path
    assert page.response.headers["Cache-Control"] == "no-store"
    assert page.path == f"{PATIENT}/personal-link"
    stored = session.scalars(select(Link)).one()
    assert stored.token_hash == hash_secret(token_of(page))
    assert stored.code_hash == hash_code(token_of(page), code_of(page))


@pytest.mark.requirement("LINK-07")
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_card_tells_no_disease_drug_or_arm(
    browser: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient, language: str
) -> None:
    factories.randomise(session, clock, patient, "interruption")
    site = factories.get_site(session, study)
    user = factories.make_staff(session, clock, Role.NURSE, study, site, language=language)
    nurse = factories.sign_in(browser, session, clock, user)
    key = {"csrf_token": nurse.get(PATIENT).all("input", name="csrf_token")[0].get("value")}
    page = nurse.post(f"{PATIENT}/personal-link", key)
    card = text_of(page.one("div", class_="link-card"))
    assert not DISEASE.search(card.replace(token_of(page), "")), card
    assert "interruption" not in page.text.lower()


@pytest.mark.requirement("LINK-01")
@pytest.mark.threat("A2")
def test_token_and_code_are_on_no_later_page_and_not_in_the_trail(
    nurse: Browser, session: Session, patient: Patient
) -> None:
    page = nurse.press(nurse.get(PATIENT), GIVE)
    token, code = token_of(page), code_of(page)
    for later in (PATIENT, "/nurse/"):
        assert token not in nurse.get(later).html
        assert code not in nurse.get(later).text
    stored = [str(row) for row in session.execute(select(AuditEntry.changes)).all()]
    assert not [row for row in stored if token in row or f"'{code}'" in row or hash_code(token, code) in row]


@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A8")
def test_a_new_one_kills_the_old_one(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    first = token_of(nurse.press(nurse.get(PATIENT), GIVE))
    page = nurse.get(PATIENT)
    assert "The former link will no longer work." in box(page)
    second = token_of(nurse.press(page, GIVE_AGAIN))
    old, new = (links.find_link(session, clock, each) for each in (first, second))
    assert old is not None
    assert new is not None
    assert (old.link.revoked_reason, new.link.revoked_at) == ("reissued", None)


@pytest.mark.requirement("LINK-04")
@pytest.mark.threat("A7")
def test_it_is_taken_back_with_a_reason(
    nurse: Browser, session: Session, patient: Patient, issued: IssuedLink
) -> None:
    page = nurse.press(nurse.get(PATIENT), REVOKE, 422, reason="")
    assert text_of(page.one("div", role="alert")) == "Choose a reason."
    assert [each.get("open") is not None for each in page.all("details")] == [True, False]
    page = nurse.press(nurse.get(PATIENT), REVOKE, reason="lost_phone")
    assert "Revoked on 23 Nov 2026 (Phone lost or stolen)" in box(page)
    assert "The link is revoked" in text_of(page.one("div", role="status"))
    assert GIVE in buttons(page)
    session.refresh(issued.link)
    assert issued.link.revoked_reason == "lost_phone"


@pytest.mark.threat("A9")
@pytest.mark.threat("A10")
def test_the_nurse_sees_the_lock_and_opens_it(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    assert UNLOCK not in buttons(nurse.get(PATIENT))
    try_codes(session, clock, issued, TRIES)
    page = nurse.get(PATIENT)
    assert "Locked after five wrong codes, until 23 Nov 2026 at 10:15." in box(page)
    clock.set(clock.now() + WAIT)
    assert "Locked" not in box(nurse.get(PATIENT))
    try_codes(session, clock, issued, TRIES)
    page = nurse.get(PATIENT)
    assert "Locked after ten wrong codes, until you unlock it." in box(page)
    page = nurse.press(page, UNLOCK)
    assert "The personal link is unlocked" in text_of(page.one("div", role="status"))
    assert "Locked" not in box(page)
    session.refresh(issued.link)
    assert (issued.link.wrong_tries, issued.link.locked_for_good) == (0, False)
    entry = session.scalars(
        select(AuditEntry).where(AuditEntry.entity == "link").order_by(AuditEntry.id)
    ).all()
    assert (entry[-1].actor, entry[-1].changes["locked_for_good"]) == (
        "nurse.04@staff.example",
        [True, False],
    )


def test_unlocking_what_is_gone_does_nothing(nurse: Browser, session: Session, patient: Patient) -> None:
    key = {"csrf_token": nurse.get(PATIENT).all("input", name="csrf_token")[0].get("value")}
    page = nurse.post(f"{PATIENT}/personal-link/unlock", key)
    assert page.path == PATIENT
    assert not page.all("div", role="status")


def test_use_and_end_are_seen(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    text = box(nurse.get(PATIENT))
    assert "Given on 23 Nov 2026, not used yet." in text
    assert "Works until the follow-up ends, at present on 22 Dec 2026." in text
    clock.set(clock.now() + timedelta(minutes=20))
    factories.begin_report(session, clock, issued)
    found = links.find_link(session, clock, issued.token)
    assert found is not None
    links.begin(session, clock, found, {})
    session.commit()
    assert "last used on 23 Nov 2026 at 10:20." in box(nurse.get(PATIENT))


def test_a_report_is_listed_as_such_and_is_no_visit(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    visits = text_of(nurse.get(PATIENT).one("table"))
    factories.report(session, clock, issued, {"symptom": "pt009", "pt009a": 4, "pt009b": 4})
    factories.begin_report(session, clock, issued)
    session.commit()
    page = nurse.get(PATIENT)
    assert text_of(page.one("table")) == visits
    (row,) = page.one("ul", class_="reports")
    assert text_of(row) == "Report between visits of 23 Nov 2026 Received 23 Nov 2026 at 10:00"
    assert not [word for word in ("U1", "Nausea", "pt009") if word in page.text]
    nurse.get("/nurse/")
    key = {"csrf_token": page.all("input", name="csrf_token")[0].get("value")}
    nurse.post(f"{PATIENT}/visits/U1/link", key, 404)


def test_after_the_follow_up_none_is_given(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    before = nurse.get(PATIENT)
    clock.set(factories.get_visit(session, patient).closes_at + GRACE)
    user = factories.make_staff(
        session, clock, Role.NURSE, patient.study, patient.site, "later@staff.example", language="en"
    )
    nurse = factories.sign_in(nurse, session, clock, user)
    page = nurse.get(PATIENT)
    assert "The follow-up ended on 22 Dec 2026." in box(page)
    assert {GIVE, GIVE_AGAIN} & buttons(page) == set()
    page = nurse.press(before, GIVE_AGAIN, 422)
    assert "The follow-up of 04-001 is over" in text_of(page.one("div", role="alert"))


# Who may


@pytest.fixture
def theirs(session: Session, clock: SteppedClock, study: Study) -> IssuedLink:
    """The personal link of a patient of Besançon."""
    patient = factories.make_patient(session, clock, study, "01-001")
    issued = factories.make_personal_link(session, clock, patient)
    try_codes(session, clock, issued, TRIES)
    return issued


def is_untouched(session: Session, issued: IssuedLink) -> bool:
    session.expire_all()
    link = session.scalars(select(Link)).one()
    return link.id == issued.link.id and link.revoked_at is None and link.wrong_tries == TRIES


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_sites_nurse_is_told_nothing(
    nurse: Browser, session: Session, patient: Patient, theirs: IssuedLink
) -> None:
    key = {
        "csrf_token": nurse.get("/nurse/").all("input", name="csrf_token")[0].get("value"),
        "reason": "other",
    }
    for ending in ENDINGS:
        page = nurse.post(f"{OTHERS}/personal-link{ending}", key, 404)
        assert page.html == nurse.post(f"/nurse/GIST-IMA/01-999/personal-link{ending}", key, 404).html
    assert is_untouched(session, theirs)
    assert "01-001" not in nurse.get(PATIENT).text


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("role", [Role.DATA_MANAGER, Role.MONITOR, Role.INSPECTOR])
def test_who_may_only_look_sees_the_state_and_changes_nothing(
    browser: Browser,
    session: Session,
    clock: SteppedClock,
    study: Study,
    patient: Patient,
    theirs: IssuedLink,
    role: Role,
) -> None:
    user = factories.make_staff(session, clock, role, study, language="en")
    browser = factories.sign_in(browser, session, clock, user)
    page = browser.get(OTHERS)
    assert "Locked after five wrong codes" in box(page)
    assert {GIVE, GIVE_AGAIN, REVOKE, UNLOCK} & buttons(page) == set()
    key = {"csrf_token": browser.get("/").all("input", name="csrf_token")[0].get("value"), "reason": "other"}
    for ending in ENDINGS:
        browser.post(f"{OTHERS}/personal-link{ending}", key, 403)
    assert is_untouched(session, theirs)
