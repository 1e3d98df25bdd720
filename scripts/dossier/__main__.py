"""python -m scripts.dossier [-o FILE] [--study FILE] [--only SCREENS]: every patient screen in one PDF."""

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import sync_playwright

from app.services.definition import DefinitionError
from app.services.errors import RuleError
from app.version import SOFTWARE_VERSION
from scripts.dossier.binding import PageCountError, bind
from scripts.dossier.people import People
from scripts.dossier.phone import WIDTHS, NotReachedError, Shot
from scripts.dossier.pictures import Pictures
from scripts.dossier.recorder import Recorder
from scripts.dossier.screens import Screen, UnknownScreenError, screens_of
from scripts.dossier.server import serving
from scripts.dossier.sheet import Leaf, Slices, Taken, html, leaves
from scripts.dossier.study import ScratchStudy, StudyError
from tests.chromium import LAUNCH_FLAGS, NoChromiumError, chromium_path

ROOT = Path(__file__).resolve().parents[2]
REFUSALS = (
    DefinitionError,
    NoChromiumError,
    NotReachedError,
    OSError,
    PageCountError,
    RuleError,
    StudyError,
    UnknownScreenError,
)


class Album:
    """What the phones have shown so far."""

    def __init__(self) -> None:
        self.pictures = Pictures()
        self._found: dict[tuple[str, str, int], tuple[str, Slices]] = {}

    def keep(self, language: str, screen: Screen, shot: Shot) -> None:
        """Takes one screen of one phone in; two phones may hand over at once."""
        self._found[language, screen.id, shot.width] = shot.heading, self.pictures.add(shot)

    def taken(self) -> dict[tuple[str, str], Taken]:
        """All of it, by language and screen."""
        return {
            (language, screen): Taken(
                heading, {each: self._found[language, screen, each][1] for each in WIDTHS}
            )
            for (language, screen, width), (heading, _) in self._found.items()
            if width == WIDTHS[0]
        }


def make(study_file: Path, target: Path, only: list[str] | None) -> list[Leaf]:
    """Writes the dossier of a study; its pages of pictures."""
    chromium, album = chromium_path(), Album()
    with serving(study_file) as (study, url):
        screens, people = screens_of(study, only), People(study)
        Recorder(url, people, chromium).record(screens, study.languages, album.keep)
        bound = leaves(screens, study.languages, album.taken())
        document = html(study.app, _facts(study, bound), study.languages, bound)
    bind(_printed(document, chromium), bound, album.pictures.stored, target)
    return bound


def main(arguments: list[str] | None = None) -> int:
    """Says what was written, or why nothing was."""
    parser = argparse.ArgumentParser(prog="python -m scripts.dossier", description=__doc__.partition(": ")[2])
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "build" / "dossier.pdf", metavar="FILE")
    parser.add_argument("--study", type=Path, default=ROOT / "app/studies/gist-ima.toml", metavar="FILE")
    parser.add_argument(
        "--only", type=lambda text: text.split(","), metavar="SCREENS", help="such as welcome,q01"
    )
    wanted = parser.parse_args(arguments)
    began = time.monotonic()
    try:
        bound = make(wanted.study, wanted.output, wanted.only)
    except REFUSALS as error:
        print(f"No dossier: {error}", file=sys.stderr)
        return 1
    screens = len({leaf.screen.id for leaf in bound})
    size = wanted.output.stat().st_size / 2**20
    seconds = time.monotonic() - began
    print(f"{wanted.output}: {screens} screens, {bound[-1].number} pages, {size:.1f} MiB, {seconds:.0f} s")
    return 0


def _facts(study: ScratchStudy, bound: list[Leaf]) -> dict[str, object]:
    """What the title page tells."""
    definition = study.definition
    counts = {
        language: sum(leaf.language == language and leaf.turn == 1 for leaf in bound)
        for language in study.languages
    }
    return {
        "study_name": definition.public_name,
        "definition": f"{definition.code} {definition.version}",
        "version": SOFTWARE_VERSION,
        "date": datetime.now(UTC).date().isoformat(),
        "wording": study.wording_facts(),
        "counts": counts,
    }


def _printed(document: str, chromium: Path) -> bytes:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=LAUNCH_FLAGS)
        page = browser.new_page()
        page.set_content(document)
        printed = page.pdf(prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
        browser.close()
    return printed


if __name__ == "__main__":
    sys.exit(main())
