"""The dossier for those who judge the patient's pages, as another program reads it back."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from pypdf import PageObject, PdfReader

from app.services.wording.stand_in import stand_in_sha256
from app.settings import ROOT
from app.version import SOFTWARE_VERSION
from scripts.dossier import sheet
from scripts.dossier.people import People
from scripts.dossier.phone import NotReachedError, Phone
from scripts.dossier.pictures import PAGE_HEIGHT, slices
from scripts.dossier.recorder import reach
from scripts.dossier.screens import UnknownScreenError, screens_of
from scripts.dossier.server import serving
from scripts.dossier.study import ScratchStudy
from scripts.dossier.words import STATES
from tests import factories

WIDTHS = (320, 360, 390, 412)
SCREENS = ["welcome", "q01", "q30", "ask", "ward-back"]
SECONDS = 240
# How deep the bookmarks of screens are: below the language and the part.
OF_SCREENS = 2


def dossier(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a person runs it."""
    command = [sys.executable, "-m", "scripts.dossier", *map(str, arguments)]
    settings = os.environ | environment
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=SECONDS)


@pytest.fixture(scope="module")
def bound(tmp_path_factory: pytest.TempPathFactory) -> PdfReader:
    """A dossier of few screens, of a study with real patients and printed codes, and without symptoms."""
    folder = tmp_path_factory.mktemp("dossier")
    study = folder / "étude.toml"
    study.write_text(factories.source(asks_code=True).replace("demonstration", "production"), "utf-8")
    target = folder / "new" / "dossier.pdf"
    made = dossier("-o", target, "--study", study, "--only", ",".join(reversed(SCREENS)))
    assert (made.returncode, made.stderr) == (0, "")
    assert f"{target}: {len(SCREENS)} screens" in made.stdout
    return PdfReader(target)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScratchStudy]:
    """The first study in a scratch database."""
    database = f"sqlite:///{tmp_path_factory.mktemp('scratch') / 'study.sqlite'}"
    source = factories.source(with_symptoms=True)
    scratch = ScratchStudy(source, "gist-ima.toml", database, "http://127.0.0.1")
    yield scratch
    scratch.close()


def texts(bound: PdfReader) -> list[str]:
    """What each page says."""
    return [" ".join(page.extract_text().split()) for page in bound.pages]


def titles(bound: PdfReader) -> list[tuple[int, str, int]]:
    """(depth, title, page) of every bookmark."""

    def walk(entries: Sequence[Any], depth: int) -> Iterator[tuple[int, str, int]]:
        for entry in entries:
            if isinstance(entry, list):
                yield from walk(entry, depth + 1)
            else:
                yield depth, entry.title, 1 + (bound.get_destination_page_number(entry) or 0)

    return list(walk(bound.outline, 0))


def image_widths(page: PageObject) -> list[int]:
    """Of each stored stripe on a page, in dots."""
    resources: Any = page["/Resources"]
    return [each.get_object()["/Width"] for each in resources["/XObject"].values()]


@pytest.mark.requirement("INS-07")
def test_each_screen_has_a_page_in_each_language_with_all_four_widths(bound: PdfReader) -> None:
    pages = [text for text in texts(bound)[3:] if "px" in text]
    assert len(pages) == len(bound.pages) - 3
    for language in ("Français", "English"):
        own = [text for text in pages if f"· {language} ·" in text]
        for screen in SCREENS:
            assert any(f" {screen} " in text and all(f"{each} px" in text for each in WIDTHS) for text in own)
    assert "Questionnaire QLQ-C30 Question 1 sur 30 q01" in " ".join(pages)
    assert "QLQ-C30 questionnaire Item 30 of 30 q30" in " ".join(pages)


@pytest.mark.requirement("INS-07")
def test_french_comes_first_and_screens_are_in_the_order_of_the_pages(bound: PdfReader) -> None:
    found = [title.split()[-1] for depth, title, _ in titles(bound) if depth == OF_SCREENS]
    assert found == SCREENS * 2
    languages = [(title, page) for depth, title, page in titles(bound) if title in {"Français", "English"}]
    assert [title for title, _ in languages] == ["Français", "English"]
    assert languages[0][1] == 4


def test_pages_are_numbered_and_say_that_the_wording_is_a_stand_in(bound: PdfReader) -> None:
    read, count = texts(bound), len(bound.pages)
    for number, text in enumerate(read, start=1):
        assert f"{number} / {count}" in text
    for text in read[3:]:
        assert "aucun texte sous licence" in text or "no licensed text" in text


def test_pictures_are_drawn_with_dots_enough_and_at_one_scale(bound: PdfReader) -> None:
    for page in bound.pages[3:]:
        images = image_widths(page)
        assert set(images) <= {1.5 * each for each in WIDTHS}
        drawn = page.get_contents()
        assert drawn is not None
        lines = [line.split() for line in drawn.get_data().decode("latin-1").splitlines() if " Do Q" in line]
        assert len(lines) >= len(images) > 0
    assert set(image_widths(bound.pages[3])) == {1.5 * each for each in WIDTHS}


def test_picture_shows_the_page_itself(bound: PdfReader) -> None:
    page = next(page for page in bound.pages[3:] if " q01" in " ".join(page.extract_text().split()))
    pictures: list[Any] = [each.image for each in page.images]
    colours = {colour for each in pictures for _, colour in each.convert("RGB").getcolors(2**24)}
    assert {(255, 255, 255), (11, 74, 111), (22, 25, 29)} <= colours


@pytest.mark.requirement("INS-07")
def test_title_page_tells_study_version_and_wording(bound: PdfReader) -> None:
    first = texts(bound)[0]
    for said in ("Étude de suivi 0426", SOFTWARE_VERSION, "GIST-IMA 1.0", "320, 360, 390, 412 px"):
        assert said in first
    assert first.count(stand_in_sha256("qlq-c30")) == 2
    assert "French: stand-in of this software’s own" in first
    assert "imatinib" not in " ".join(texts(bound)).lower()


def test_contents_lead_to_the_pages(bound: PdfReader) -> None:
    for page in bound.pages[1:3]:
        links: Any = page["/Annots"]
        assert [each.get_object()["/Subtype"] for each in links] == ["/Link"] * len(SCREENS)
    assert "q01 · Question 1 sur 30 " in texts(bound)[1]
    assert "q01 · Item 1 of 30 " in texts(bound)[2]


@pytest.mark.requirement("INS-07")
def test_every_question_of_every_questionnaire_and_every_state_has_a_screen(study: ScratchStudy) -> None:
    found = [screen.id for screen in screens_of(study)]
    assert len(found) == len(set(found))
    for code, prefix in (("qlq-c30", ""), ("symptoms", ""), ("report", "report-")):
        questions = [prefix + each.id for each in study.questionnaire(code).questions]
        place = found.index(questions[0])
        assert found[place : place + len(questions)] == questions
    assert [each for each in found if each in STATES] == list(STATES)


@pytest.mark.requirement("INS-07")
def test_every_screen_is_reached(chromium: Browser) -> None:
    # In one language, at one width and without pictures: what fails is nearly always the way there.
    lost: list[str] = []
    with serving(factories.DEFINITION) as (study, url):
        screens = screens_of(study)
        phone = Phone(chromium, url, People(study), "fr", WIDTHS[1])
        for screen in screens:
            try:
                reach(phone, screen)
            except NotReachedError as error:
                lost.append(str(error))
        phone.close()
    assert {each.id for each in screens} > set(STATES)
    assert lost == []


def test_unknown_screen_is_refused_with_those_there_are(study: ScratchStudy) -> None:
    with pytest.raises(UnknownScreenError, match=r"no such screen: q99, no; there are: welcome, .*q01"):
        screens_of(study, ["q01", "q99", "no"])


def test_a_study_that_cannot_show_a_screen_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    study, target = tmp_path / "short.toml", tmp_path / "dossier.pdf"
    study.write_text(factories.source().partition("# M6 carries")[0], "utf-8")
    made = dossier("-o", target, "--study", study, "--only", "not-yet")
    assert made.returncode == 1
    assert made.stderr == "No dossier: no visit of the study opens later than the day of the randomisation\n"
    assert not target.exists()


def test_without_chromium_one_is_told_how_to_get_it(tmp_path: Path) -> None:
    made = dossier("-o", tmp_path / "dossier.pdf", PATH=str(tmp_path), PLAYWRIGHT_BROWSERS_PATH=str(tmp_path))
    assert made.returncode == 1
    assert made.stderr.startswith("No dossier: The browser tests need Chromium, and none was found")


def test_the_longest_picture_ends_above_the_page_number() -> None:
    assert sheet.PICTURES_TOP + PAGE_HEIGHT * sheet.PER_PIXEL < sheet.PAPER_HEIGHT - 7


@pytest.mark.parametrize(
    ("edges", "height", "parts"),
    [
        ([], 80, [(0, 80)]),
        ([], 100, [(0, 100)]),
        ([], 250, [(0, 100), (100, 200), (200, 250)]),
        ([30, 90, 110], 150, [(0, 90), (90, 150)]),
        ([30, 90, 110, 180], 240, [(0, 90), (90, 180), (180, 240)]),
        ([5], 120, [(0, 5), (5, 105), (105, 120)]),
    ],
)
def test_long_screens_are_cut_between_rows(
    edges: list[int], height: int, parts: list[tuple[int, int]]
) -> None:
    assert slices(edges, height, 100) == parts
