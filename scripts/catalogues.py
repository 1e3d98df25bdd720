"""The catalogues of translations/: python -m scripts.catalogues compile FILE.po FILE.mo | update | check."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

TRANSLATIONS = Path("translations")
SOURCES = Path("app")
# Ours alone: an instrument's wording has a domain of its own, where a guess from another text would be wrong.
DOMAIN = "messages"
# English is what the code says; French must be there for each string.
COMPLETE = ("fr",)
COMMENT = "# The application's own texts; the English is the key."
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.txt", "jinja2")]
OPTIONS = {
    pattern: {"silent": "false", "trimmed": "true"} for pattern, method in METHODS if method == "jinja2"
}
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "_l": None,
    "translate": None,
    "lazy_translate": None,
    "translate_plural": (1, 2),
    "lazy_gettext": None,
    "lazy_ngettext": (1, 2),
    "lazy_pgettext": ((1, "c"), 2),
}


class CatalogueError(Exception):
    """A catalogue cannot be used; carries the file and what is wrong with it."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        super().__init__("\n".join(f"{path}: {problem}" for problem in problems))
        self.path = path
        self.problems = problems


def main(arguments: list[str]) -> int:
    """Runs one command; the exit status says whether all is well."""
    try:
        match arguments:
            case ["compile", source, target]:
                compile_catalogue(Path(source), Path(target))
            case ["update"]:
                update_catalogues()
            case ["check"]:
                check_catalogues()
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except CatalogueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def compile_catalogue(source: Path, target: Path) -> None:
    """Writes the .mo beside its .po; a wrong placeholder is an error here, not on a patient's screen."""
    catalogue = read(source)
    if problems := wrong_messages(catalogue):
        raise CatalogueError(source, problems)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    target.write_bytes(compiled.getvalue())


def update_catalogues(sources: Path = SOURCES, translations: Path = TRANSLATIONS) -> None:
    """Adds what the code says anew and drops what it says no longer; guesses nothing."""
    template = extract(sources)
    for path in domain_files(translations):
        catalogue = read(path)
        catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
        write(path, catalogue)
        missing = [message for message in catalogue if message.id and not is_translated(message)]
        print(f"{path}: {len(catalogue)} strings, {len(missing)} without a translation")


def check_catalogues(sources: Path = SOURCES, translations: Path = TRANSLATIONS) -> None:
    """Raises CatalogueError for the first catalogue that is not what the code and its readers need."""
    template = extract(sources)
    for path in sorted(translations.glob("*/LC_MESSAGES/*.po")):
        catalogue = read(path)
        problems = wrong_messages(catalogue)
        if path.stem == DOMAIN:
            problems += stale_messages(catalogue, template)
        if path.stem != DOMAIN or path.parts[-3] in COMPLETE:
            problems += missing_messages(catalogue)
        if problems:
            raise CatalogueError(path, problems)


def extract(sources: Path) -> Catalog:
    """Every string that the code and the templates show, with the files that it comes from."""
    catalogue = Catalog(project="Ressenti", fuzzy=False)
    for name, line, text, comments, context in extract_from_dir(
        sources, METHODS, OPTIONS, keywords=KEYWORDS, comment_tags=["Translators:"], strip_comment_tags=True
    ):
        location = (sources / name).as_posix()
        catalogue.add(text, None, [(location, line)], auto_comments=comments, context=context)
    return catalogue


def domain_files(translations: Path) -> Iterator[Path]:
    """Our own catalogue of each language."""
    return iter(sorted(translations.glob(f"*/LC_MESSAGES/{DOMAIN}.po")))


def read(path: Path) -> Catalog:
    """The catalogue of a file, whose path names the language."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], domain=path.stem, abort_invalid=True)


def write(path: Path, catalogue: Catalog) -> None:
    """In the order of the texts, without line numbers: a diff shows what is said differently, no more."""
    text = io.BytesIO()
    layout = {"sort_output": True, "ignore_obsolete": True, "include_lineno": False, "omit_header": True}
    write_po(text, catalogue, width=110, **layout)
    path.write_bytes(header(catalogue).encode() + text.getvalue().rstrip(b"\n") + b"\n")


def header(catalogue: Catalog) -> str:
    """What a reader of the file needs; Babel's own would add dates and empty names."""
    facts = {
        "Project-Id-Version": "ressenti",
        "Language": str(catalogue.locale),
        "Plural-Forms": catalogue.plural_forms,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    lines = [f'"{name}: {value}\\n"' for name, value in facts.items()]
    return "\n".join([COMMENT, 'msgid ""', 'msgstr ""', *lines, "", ""])


def is_translated(message: Message) -> bool:
    """Whether each form of the message has a text."""
    return all(message.string) if isinstance(message.string, list | tuple) else bool(message.string)


def wrong_messages(catalogue: Catalog) -> list[str]:
    """Translations that are guesses, or whose placeholders differ from the text's."""
    fuzzy = [f"fuzzy: {message.id!r}" for message in catalogue if message.id and message.fuzzy]
    return fuzzy + [f"{errors[0]}: {message.id!r}" for message, errors in catalogue.check()]


def missing_messages(catalogue: Catalog) -> list[str]:
    """Texts without a translation."""
    return [
        f"no translation: {message.id!r}"
        for message in catalogue
        if message.id and not is_translated(message)
    ]


def stale_messages(catalogue: Catalog, template: Catalog) -> list[str]:
    """What `make strings` would add or drop."""
    ours, theirs = ({(m.id, m.context) for m in each if m.id} for each in (catalogue, template))
    added = [f"not in the catalogue (make strings): {text!r}" for text, _ in sorted(theirs - ours, key=repr)]
    dropped = [
        f"no longer in the code (make strings): {text!r}" for text, _ in sorted(ours - theirs, key=repr)
    ]
    return added + dropped + [f"obsolete: {message.id!r}" for message in catalogue.obsolete.values()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
