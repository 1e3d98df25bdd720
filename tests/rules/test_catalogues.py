"""The catalogues of the application itself: complete in French, fresh, compiled, and set as French is."""

import re
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from scripts import catalogues

FRENCH = catalogues.TRANSLATIONS / "fr" / "LC_MESSAGES" / "messages.po"
NO_BREAK = "\u00a0\u202f"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|&[a-z]+;")


def sources() -> list[Path]:
    """Every catalogue."""
    return sorted(catalogues.TRANSLATIONS.glob("*/LC_MESSAGES/*.po"))


def texts(catalogue: Catalog) -> list[str]:
    """Every translation, plural forms included."""
    found = [message.string for message in catalogue if message.id]
    return [text for each in found for text in ([each] if isinstance(each, str) else each or ())]


def spoken(compiled: Path) -> dict[object, str]:
    """What a compiled catalogue says, its header apart."""
    with compiled.open("rb") as file:
        found: dict[object, str] = GNUTranslations(file)._catalog  # type: ignore[attr-defined]  # no public way
    return {key: text for key, text in found.items() if key}


@pytest.mark.requirement("I18-01")
def test_every_string_of_the_application_is_translated() -> None:
    catalogues.check_catalogues()


@pytest.mark.requirement("I18-01")
@pytest.mark.parametrize("path", sources(), ids=lambda path: "/".join(path.parts[-3::2]))
def test_what_is_served_is_what_the_catalogue_says(path: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.mo"
    catalogues.compile_catalogue(path, fresh)
    assert spoken(path.with_suffix(".mo")) == spoken(fresh)


@pytest.mark.requirement("I18-01")
def test_french_is_set_as_french_is() -> None:
    for text in texts(catalogues.read(FRENCH)):
        words = PLACEHOLDER.sub("x", text)
        assert "'" not in words, text
        assert not re.search(rf"[^{NO_BREAK}][:;?!»](?!\w|/)", words), text
        assert not re.search(rf"«[^{NO_BREAK}]", words), text
        assert "..." not in words, text
