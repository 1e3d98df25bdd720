"""The printed card of a link, and the lock of a visit's code: seen and opened on the patient's page."""

import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Link, Patient, Study
from app.services.access import Role
from app.services.codes import TRIES, WAIT, check_code
from app.services.links import IssuedLink
from app.services.qr import qr_code
from app.services.tokens import hash_code
from tests import factories
from tests.page import Browser, Page, text_of

pytestmark = pytest.mark.requirement("LINK-06")
PATIENT, OTHERS = "/nurse/GIST-IMA/04-001", "/nurse/GIST-IMA/01-001"
SVG = "{http://www.w3.org/2000/svg}"
UNLOCK = "Unlock Baseline"
GIVE = {"visit": "Give the link Baseline", "personal": "Give a personal link"}
# What a card that may lie about must not tell, in either language.
DISEASE = re.compile(
    r"cancer|tum(eu|ou?)r|gist|imatinib|oncolog|symptom|chemo|chimio|nausea|qlq|score|treatment|traitement",
    re.IGNORECASE,
)


@pytest.fixture
def study(session: Session, clock: SteppedClock) -> Study:
    """The first study, whose links ask for the printed code."""
    return factories.make_study(session, clock, asks_code=True)


@pytest.fixture
def issued(session: Session, clock: SteppedClock, patient: Patient) -> IssuedLink:
    """The link of the open visit."""
    issued = factories.make_link(session, clock, patient)
    session.commit()
    return issued


def give(nurse: Browser, kind: str) -> Page:
    return nurse.press(nurse.get(PATIENT), GIVE[kind])


def card(page: Page) -> str:
    return text_of(page.one("div", class_="link-card"))


def columns(page: Page) -> dict[str, str]:
    """What the card says in each language."""
    return {str(each.get("lang")): text_of(each) for each in page.all("section")}


def digits(page: Page) -> str:
    return text_of(page.one("strong", class_="digits")).replace(" ", "")


def buttons(page: Page) -> set[str]:
    return {text_of(each) for each in page.all("button")}


def guess(session: Session, clock: SteppedClock, issued: IssuedLink, count: int = TRIES) -> None:
    wrong = f"{(int(issued.code or 0) + 1) % 10**6:06}"
    for _ in range(count):
        check_code(session, clock, issued.link, issued.token, wrong)
    session.commit()


@pytest.mark.parametrize("kind", GIVE)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_card_says_the_same_in_both_languages_whatever_the_nurses_own(
    browser: Browser,
    session: Session,
    clock: SteppedClock,
    study: Study,
    patient: Patient,
    kind: str,
    language: str,
) -> None:
    site = factories.get_site(session, study)
    user = factories.make_staff(session, clock, Role.NURSE, study, site, language=language)
    nurse = factories.sign_in(browser, session, clock, user)
    key = {"csrf_token": nurse.get(PATIENT).all("input", name="csrf_token")[0].get("value")}
    place = {"visit": "visits/BASELINE/link", "personal": "personal-link"}[kind]
    page = nurse.post(f"{PATIENT}/{place}", key)
    found = columns(page)
    assert list(found) == ["fr", "en"]
    assert "We never ask for a password or bank details." in found["en"]
    assert "Nous ne vous demandons jamais de mot de passe ni de coordonnées bancaires." in found["fr"]
    assert "Follow-up study 0426" in found["en"]
    assert "Étude de suivi 0426" in found["fr"]
    assert all("15" in each and "112" in each for each in found.values())
    assert "Adresse du lien / Address of the link" in card(page)
    # The rest of the page is in the nurse's language alone.
    assert page.language == language
    assert page.h1.startswith({"fr": "Lien", "en": "Link"}[language]) or kind == "personal"


def test_dates_are_written_as_each_language_does(nurse: Browser, patient: Patient) -> None:
    found = columns(give(nurse, "visit"))
    assert "21 December 2026" in found["en"]
    assert "21 décembre 2026" in found["fr"]


@pytest.mark.requirement("LINK-07")
@pytest.mark.parametrize("kind", GIVE)
def test_it_tells_no_disease_drug_department_or_arm(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient, kind: str
) -> None:
    factories.randomise(session, clock, patient, "interruption")
    session.commit()
    page = give(nurse, kind)
    address = text_of(page.one("textarea", id="address"))
    text = card(page).replace(address, "")
    assert not DISEASE.search(text), text
    assert "interruption" not in text.lower()
    assert patient.code not in text


@pytest.mark.requirement("LINK-05")
@pytest.mark.threat("A2")
@pytest.mark.parametrize("kind", GIVE)
def test_address_and_code_stand_once_and_are_kept_nowhere(
    nurse: Browser, session: Session, patient: Patient, kind: str
) -> None:
    page = give(nurse, kind)
    address = text_of(page.one("textarea", id="address"))
    assert page.one(f"{SVG}path").get("d") == qr_code(address).path
    token, code = address.rsplit("/", 1)[1], digits(page)
    assert re.fullmatch(r"[0-9]{6}", code)
    assert session.scalars(select(Link)).one().code_hash == hash_code(token, code)
    later = nurse.get(PATIENT)
    assert token not in later.html
    assert code not in later.text
    trail = [str(row) for row in session.execute(select(AuditEntry.changes))]
    assert not [row for row in trail if token in row or f"'{code}'" in row]


def test_without_a_code_the_card_has_none(nurse: Browser, session: Session, clock: SteppedClock) -> None:
    other = factories.make_study(session, clock, code="PLAIN")
    site = factories.get_site(session, other)
    user = factories.make_staff(session, clock, Role.NURSE, other, site, "plain@staff.example", "en")
    factories.make_patient(session, clock, other)
    nurse = factories.sign_in(nurse, session, clock, user)
    page = nurse.press(nurse.get("/nurse/PLAIN/04-001"), GIVE["visit"])
    assert not page.all("strong", class_="digits")
    assert "six digits" not in card(page)


# The lock


@pytest.mark.requirement("LINK-05")
@pytest.mark.threat("A9")
@pytest.mark.threat("A10")
def test_the_nurse_sees_the_lock_of_a_visit_and_opens_it(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    assert UNLOCK not in buttons(nurse.get(PATIENT))
    guess(session, clock, issued)
    page = nurse.get(PATIENT)
    assert "Locked after five wrong codes, until 23 Nov 2026 at 10:15." in text_of(page.one("table"))
    clock.set(clock.now() + WAIT)
    assert "Locked" not in nurse.get(PATIENT).text
    guess(session, clock, issued)
    page = nurse.get(PATIENT)
    assert "Locked after ten wrong codes, until you unlock it." in text_of(page.one("table"))
    page = nurse.press(page, UNLOCK)
    assert "The link is unlocked" in text_of(page.one("div", role="status"))
    assert "Locked" not in page.text
    session.refresh(issued.link)
    assert (issued.link.wrong_tries, issued.link.locked_for_good) == (0, False)
    entries = session.scalars(select(AuditEntry).where(AuditEntry.entity == "link").order_by(AuditEntry.id))
    last = list(entries)[-1]
    assert (last.actor, last.changes["locked_for_good"]) == ("nurse.04@staff.example", [True, False])


@pytest.mark.requirement("LINK-05")
def test_a_lock_of_what_was_revoked_or_sent_is_no_matter(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    guess(session, clock, issued)
    factories.submit(session, clock, factories.get_visit(session, patient))
    session.commit()
    assert "Locked" not in nurse.get(PATIENT).text


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_another_sites_nurse_unlocks_nothing_and_is_told_nothing(
    nurse: Browser, session: Session, clock: SteppedClock, study: Study, patient: Patient
) -> None:
    theirs = factories.make_link(session, clock, factories.make_patient(session, clock, study, "01-001"))
    guess(session, clock, theirs)
    key = {"csrf_token": nurse.get("/nurse/").all("input", name="csrf_token")[0].get("value")}
    for ending in ("unlock", "here"):
        page = nurse.post(f"{OTHERS}/visits/BASELINE/{ending}", key, 404)
        assert page.html == nurse.post(f"/nurse/GIST-IMA/01-999/visits/BASELINE/{ending}", key, 404).html
    session.refresh(theirs.link)
    assert theirs.link.wrong_tries == TRIES
    assert nurse.get("/nurse/").path == "/nurse/"


@pytest.mark.requirement("LINK-05")
def test_unlocking_a_visit_without_a_link_does_nothing(nurse: Browser, patient: Patient) -> None:
    key = {"csrf_token": nurse.get(PATIENT).all("input", name="csrf_token")[0].get("value")}
    page = nurse.post(f"{PATIENT}/visits/BASELINE/unlock", key)
    assert not page.all("div", role="status")


@pytest.mark.threat("A7")
def test_a_lost_card_is_ended_by_the_nurse(
    nurse: Browser, session: Session, clock: SteppedClock, patient: Patient
) -> None:
    assert "Card lost" not in nurse.get(PATIENT).text
    issued = factories.make_personal_link(session, clock, patient)
    session.commit()
    page = nurse.press(nurse.get(PATIENT), "End this card")
    assert "all links of this patient have ended" in page.text
    assert "Card lost" not in text_of(page.one("div", class_="personal")).split("Revoked")[0]
    session.expire_all()
    assert issued.link.revoked_at is not None
    assert patient.card_sealed is None
