"""What `make strings`, `make setup` and `make lint` do with the catalogues, on small ones of our own."""

import gettext
from pathlib import Path

import pytest

from scripts.catalogues import (
    CatalogueError,
    check_catalogues,
    compile_catalogue,
    main,
    update_catalogues,
)

HEADER = r"""msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\n"

"""
CODE = """
title = _("Good morning")
later = lazy_gettext("See you")
count = ngettext("%(num)s visit", "%(num)s visits", 2)
"""
FRENCH = {
    "Good morning": 'msgstr "Bonjour"',
    "See you": 'msgstr "À bientôt"',
    "Back": 'msgstr "Retour"',
}
PLURAL = """msgid "%(num)s visit"
msgid_plural "%(num)s visits"
msgstr[0] "%(num)s visite"
msgstr[1] "%(num)s visites"
"""


def french_text(**changes: str) -> str:
    """A complete catalogue, but for what the caller changes."""
    entries = {**FRENCH, **{key.replace("_", " "): value for key, value in changes.items()}}
    singular = "\n".join(f'msgid "{text}"\n{translation}\n' for text, translation in entries.items())
    return f"{HEADER}{singular}\n#, python-format\n{PLURAL}"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """An application with strings in code and template."""
    (tmp_path / "app" / "templates" / "patient").mkdir(parents=True)
    (tmp_path / "app" / "views.py").write_text(CODE, encoding="utf-8")
    template = tmp_path / "app" / "templates" / "patient" / "item.html"
    template.write_text("<p>{{ _('Back') }}</p>", encoding="utf-8")
    return tmp_path / "app"


@pytest.fixture
def french(tmp_path: Path) -> Path:
    """The complete French catalogue."""
    path = tmp_path / "translations" / "fr" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    path.write_text(french_text(), encoding="utf-8")
    return path


def check(sources: Path, french: Path) -> None:
    check_catalogues(sources, french.parents[2])


@pytest.mark.requirement("I18-01")
def test_complete_catalogue_passes(sources: Path, french: Path) -> None:
    check(sources, french)


@pytest.mark.requirement("I18-01")
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (french_text(Back='msgstr ""'), "no translation: 'Back'"),
        (french_text().replace('msgid "Back"', '#, fuzzy\nmsgid "Back"'), "fuzzy: 'Back'"),
        (french_text(Gone='msgstr "Parti"'), "no longer in the code (make strings): 'Gone'"),
        (
            french_text().replace('msgid "Back"', 'msgid "Backwards"'),
            "not in the catalogue (make strings): 'Back'",
        ),
        (french_text() + '\n#~ msgid "Old"\n#~ msgstr "Vieux"\n', "obsolete: 'Old'"),
        (french_text().replace("%(num)s visites", "%(nombre)s visites"), "visit"),
        (french_text().replace('"%(num)s visites"', '""'), "no translation"),
    ],
)
def test_incomplete_catalogue_is_refused_with_the_string(
    sources: Path, french: Path, text: str, problem: str
) -> None:
    french.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        check(sources, french)
    assert problem in "\n".join(caught.value.problems)
    assert caught.value.path == french


def test_update_adds_drops_and_guesses_nothing(sources: Path, french: Path) -> None:
    (sources / "views.py").write_text(CODE.replace("Good morning", "Good evening"), encoding="utf-8")
    update_catalogues(sources, french.parents[2])
    text = french.read_text(encoding="utf-8")
    assert 'msgid "Good evening"\nmsgstr ""' in text
    assert "Good morning" not in text
    assert "fuzzy" not in text
    assert 'msgid "See you"\nmsgstr "À bientôt"' in text


def test_update_of_what_is_up_to_date_changes_no_byte(sources: Path, french: Path) -> None:
    update_catalogues(sources, french.parents[2])
    before = french.read_bytes()
    (sources / "views.py").write_text("# moved one line down\n" + CODE, encoding="utf-8")
    update_catalogues(sources, french.parents[2])
    assert french.read_bytes() == before
    assert b"views.py\n" in before


def test_update_leaves_an_instruments_wording_alone(sources: Path, french: Path) -> None:
    wording = french.with_name("some-instrument.po")
    wording.write_text(f'{HEADER}msgid "q01"\nmsgstr "Énoncé"\n', encoding="utf-8")
    before = wording.read_bytes()
    update_catalogues(sources, french.parents[2])
    assert wording.read_bytes() == before
    check(sources, french)


def test_wording_without_a_text_is_refused_in_every_language(sources: Path, french: Path) -> None:
    wording = french.parents[2] / "en" / "LC_MESSAGES" / "some-instrument.po"
    wording.parent.mkdir(parents=True)
    wording.write_text(f'{HEADER}msgid "q01"\nmsgstr ""\n', encoding="utf-8")
    with pytest.raises(CatalogueError, match="no translation: 'q01'"):
        check(sources, french)


def test_compiled_catalogue_speaks_french(french: Path) -> None:
    compiled = french.with_suffix(".mo")
    compile_catalogue(french, compiled)
    with compiled.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    assert catalogue.gettext("See you") == "À bientôt"
    assert catalogue.ngettext("%(num)s visit", "%(num)s visits", 0) == "%(num)s visite"


def test_wrong_placeholder_is_not_compiled(french: Path, capsys: pytest.CaptureFixture[str]) -> None:
    french.write_text(french_text().replace("%(num)s visites", "%(nombre)s visites"), encoding="utf-8")
    compiled = french.with_suffix(".mo")
    assert main(["compile", str(french), str(compiled)]) == 1
    assert not compiled.exists()
    assert "messages.po" in capsys.readouterr().err


def test_unknown_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["translate"]) == 2
    assert "update" in capsys.readouterr().err
