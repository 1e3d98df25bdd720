"""The one document of a visit: every question in it, one in sight; symptoms, words, the phone's own copy."""

import json
import re

import pytest
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import Patient, Response
from app.services.links import revoke_links
from tests import factories
from tests.page import Browser, Page, text_of
from tests.patient import steps
from tests.patient.steps import FR, ITEMS

WORDS = "\n Gêne <b>«\u00a0é\u00a0» & 😀\n\nla nuit\t"


@pytest.fixture
def symptoms(session: Session, clock: SteppedClock, patient: Patient) -> str:
    """The secret of a link to a visit that asks for symptoms too, its thirty questions answered."""
    visit = factories.get_visit(session, patient)
    visit.questionnaires = ["qlq-c30", "symptoms"]
    token = factories.make_link(session, clock, patient).token
    factories.answer(session, clock, visit, dict.fromkeys(ITEMS, 2))
    session.commit()
    return token


def stored(session: Session) -> dict[str, tuple[str, object]]:
    """State and value of every stored answer about symptoms."""
    response = session.query(Response).filter_by(instrument="symptoms").populate_existing().one()
    return {item: (entry["state"], entry["value"]) for item, entry in response.answers.items()}


def groups(page: Page) -> dict[str, dict[str, str]]:
    """The questions of the document, in sight or not: attributes by id."""
    return {each.get("id", ""): dict(each.attrib) for each in page.tree.iter("fieldset")}


@pytest.mark.requirement("SUR-01")
@pytest.mark.requirement("SUR-07")
def test_the_document_holds_every_question_and_shows_one(browser: Browser, token: str) -> None:
    steps.start(browser, token)
    page = browser.get("/survey/q07")
    found = groups(page)
    assert list(found) == ITEMS
    assert [item for item, each in found.items() if "hidden" not in each] == ["q07"]
    assert [item for item, each in found.items() if "disabled" not in each] == ["q07"]
    review = browser.get("/survey/review")
    assert all({"hidden", "disabled"} <= set(each) for each in groups(review).values())


@pytest.mark.requirement("SUR-07")
def test_where_no_script_runs_a_page_holds_its_own_question_alone(browser: Browser, token: str) -> None:
    page = steps.start(browser, token)
    page = steps.choose(browser, page, 2)
    assert list(groups(page)) == ["q02"]
    assert "data-alone" in page.one("form", id="survey").attrib
    assert "hidden" not in groups(page)["q02"]
    assert list(groups(browser.get("/survey/q02?whole"))) == ITEMS
    assert list(groups(browser.get("/survey/q01?blank"))) == ITEMS
    assert groups(browser.get("/survey/review")) == {}
    assert len(browser.get("/survey/review").all("li")) >= len(ITEMS)


def test_changing_the_language_says_nothing_of_scripts(browser: Browser, token: str) -> None:
    page = steps.start(browser, token)
    page = browser.press(page, "English")
    assert list(groups(page)) == ITEMS


def test_the_script_knows_no_word_and_the_document_no_secret(browser: Browser, token: str) -> None:
    steps.start(browser, token)
    form = browser.get("/survey/q01").one("form", id="survey")
    assert form.get("data-kept") == "Conservé sur ce téléphone"
    assert form.get("data-saved") == "Enregistré à {}"
    assert re.fullmatch("[0-9a-f]{32}", form.get("data-draft", ""))
    assert token not in str(form.attrib)


def test_a_draft_is_named_alike_in_each_language_and_otherwise_for_each_link(
    browser: Browser, session: Session, clock: SteppedClock, patient: Patient, token: str
) -> None:
    welcome, page = browser.get(f"/l/{token}"), steps.start(browser, token)
    other = browser.get("/survey/q02?lang=en&blank=1")
    forms = [welcome.one("form", id="start"), *(each.one("form", id="survey") for each in (page, other))]
    names = {each.get("data-draft") for each in forms}
    assert len(names) == 1
    assert forms[1].get("data-edition") == forms[2].get("data-edition")
    again = factories.make_link(session, clock, patient).token
    session.commit()
    assert steps.start(browser, again).one("form", id="survey").get("data-draft") not in names


@pytest.mark.requirement("SUR-13")
@pytest.mark.threat("C7")
def test_the_phones_own_copy_holds_no_answer(browser: Browser, symptoms: str) -> None:
    page = steps.start(browser, symptoms)
    steps.choose(browser, browser.get("/survey/other"), 1)
    page = browser.press(browser.get("/survey/othertext"), FR["next"], othertext="canary")
    steps.skip(browser, browser.get("/survey/pt009a"))
    for language in ("fr", "en"):
        page = browser.get(f"/survey/q01?blank=1&lang={language}")
        assert "data-blank" in page.one("form", id="survey").attrib
        assert not [each for each in page.tree.iter("input") if each.get("checked") is not None]
        assert not [each for each in groups(page).values() if "data-state" in each]
        assert "canary" not in page.html
        assert text_of(page.one("p", role="status")) == ""
        assert list(page.one("form", id="survey").iter("li"))[1:] == []
        assert page.response.headers["Cache-Control"] == "no-store"


@pytest.mark.requirement("AE-01")
@pytest.mark.requirement("SUR-14")
def test_a_symptom_is_numbered_as_one_and_shows_the_emergency_lines(browser: Browser, symptoms: str) -> None:
    page = steps.start(browser, symptoms)
    assert (page.path, page.h1) == ("/survey/pt022a", "Symptôme 1 sur 19")
    assert page.all("a", href="tel:112")
    page = steps.choose(browser, page, 3)
    assert (page.path, page.h1) == ("/survey/pt022b", "Symptôme 1 sur 19")
    assert groups(page)["pt022b"]["data-if"] == "pt022a>0"
    assert browser.get("/survey/q01").all("a", href="tel:112") == []


@pytest.mark.requirement("AE-01")
@pytest.mark.requirement("SUR-07")
def test_what_an_answer_rules_out_is_passed_over(browser: Browser, session: Session, symptoms: str) -> None:
    page = steps.choose(browser, steps.start(browser, symptoms), 0)
    assert page.path == "/survey/pt009a"
    assert browser.follow(page, FR["back"]).path == "/survey/pt022a"
    assert browser.get("/survey/pt022b").path == "/survey/pt009a"
    page = steps.choose(browser, browser.get("/survey/pt022a"), 2)
    assert page.path == "/survey/pt022b"
    assert steps.skip(browser, page).path == "/survey/pt009a"
    assert stored(session) == {"pt022a": ("answered", 2), "pt022b": ("skipped", None)}


@pytest.mark.requirement("AE-02")
@pytest.mark.requirement("SUR-07")
def test_another_symptom_is_kept_and_shown_exactly_as_it_was_written(
    browser: Browser, session: Session, symptoms: str
) -> None:
    steps.start(browser, symptoms)
    page = steps.choose(browser, browser.get("/survey/other"), 1)
    assert page.path == "/survey/othertext"
    # As every browser sends a text: with a carriage return before each line feed.
    page = browser.press(page, FR["next"], othertext=WORDS.replace("\n", "\r\n"))
    assert page.path == "/survey/othera"
    assert stored(session)["othertext"] == ("answered", WORDS)
    area = browser.get("/survey/othertext").one("textarea")
    # The parser takes the line feed that follows the tag away, as browsers do.
    assert area.text == WORDS
    row = browser.get("/survey/review").one("li", id="row-othertext")
    assert next(row.iter("strong")).text == WORDS
    browser.press(browser.get("/survey/othertext"), FR["next"])
    assert stored(session)["othertext"] == ("answered", WORDS)


@pytest.mark.requirement("AE-02")
@pytest.mark.parametrize(("length", "status"), [(500, 200), (501, 422)])
def test_another_symptom_has_five_hundred_signs(
    browser: Browser, session: Session, symptoms: str, length: int, status: int
) -> None:
    steps.start(browser, symptoms)
    steps.choose(browser, browser.get("/survey/other"), 1)
    text = "é\r\n" + "a" * (length - 2)
    page = browser.press(browser.get("/survey/othertext"), FR["next"], status=status, othertext=text)
    if status == 422:
        assert "Votre texte est trop long" in text_of(page.one("div", role="alert"))
    assert ("othertext" in stored(session)) == (status == 200)


@pytest.mark.requirement("SUR-02")
@pytest.mark.threat("D16")
@pytest.mark.parametrize("text", ["", "  \r\n\t", "a\x00b", "a\x07b"])
def test_a_text_without_words_or_with_unknown_signs_is_no_answer(
    browser: Browser, session: Session, symptoms: str, text: str
) -> None:
    steps.start(browser, symptoms)
    steps.choose(browser, browser.get("/survey/other"), 1)
    page = browser.press(
        browser.get("/survey/othertext"), FR["next"], status=200 if not text.strip() else 422, othertext=text
    )
    assert page.one("div", role="alert") is not None
    assert "othertext" not in stored(session)


@pytest.mark.requirement("SUR-03")
def test_a_text_that_was_emptied_is_taken_back(browser: Browser, session: Session, symptoms: str) -> None:
    steps.start(browser, symptoms)
    steps.choose(browser, browser.get("/survey/other"), 1)
    browser.press(browser.get("/survey/othertext"), FR["next"], othertext="gorge")
    page = browser.press(browser.get("/survey/othertext"), FR["next"], othertext="")
    assert (page.path, stored(session)["othertext"]) == ("/survey/othertext?skip=ask", ("erased", None))


@pytest.mark.requirement("SUR-04")
def test_the_review_lists_what_was_asked_and_nothing_else(browser: Browser, symptoms: str) -> None:
    steps.choose(browser, steps.start(browser, symptoms), 0)
    page = browser.get("/survey/review")
    rows = [each.get("id", "") for each in page.all("li")]
    assert "row-pt022a" in rows
    assert not {"row-pt022b", "row-pt022c", "row-pt009b", "row-othertext"} & set(rows)
    assert [text_of(each) for each in page.all("h2")][:2] == ["Questions", "Symptômes"]


@pytest.mark.requirement("SUR-08")
def test_the_worker_names_what_it_keeps_and_no_patient(browser: Browser, token: str) -> None:
    steps.start(browser, token)
    response = browser.client.get("/sw.js")
    assert (response.status_code, response.mimetype) == (200, "text/javascript")
    facts = json.loads(
        response.get_data(as_text=True).split("\n")[0].removeprefix("const FACTS = ").rstrip(";")
    )
    page = browser.get("/survey/q01")
    assets = {each.get("href") for each in page.all("link")} | {
        each.get("src") for each in page.all("script")
    }
    look = page.one("details")
    own = {look.get("data-script"), look.get("data-style"), page.one("form", id="survey").get("data-more")}
    assert set(facts["files"]) == assets | own
    for words in ("Pas de réseau", "No network"):
        assert words in facts["page"]
    assert "0426" not in facts["page"]


@pytest.mark.threat("A7")
def test_a_link_taken_back_gives_no_copy(
    browser: Browser, session: Session, clock: SteppedClock, patient: Patient, token: str
) -> None:
    steps.start(browser, token)
    revoke_links(session, clock, factories.get_visit(session, patient), "lost phone")
    session.commit()
    assert "data-draft" not in browser.get("/survey/q01?blank=1", 410).html
