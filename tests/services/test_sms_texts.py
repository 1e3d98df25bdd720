"""The alphabet of telephones, and texts that a study definition is refused for."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.definition import DefinitionError, parse_definition
from app.services.definition.gsm import ALPHABET, EXTENDED, fold, septets, strangers
from app.services.definition.messages import LONGEST_LINK, sms_text
from app.services.tokens import new_secret
from tests import factories as make
from tests.patient.test_secrecy import UNSAYABLE

pytestmark = pytest.mark.requirement("LINK-07")
KINDS, LANGUAGES = ("link", "reminder"), ("fr", "en")
TABLE = "[schedule]"


def parsed(*changes: tuple[str, str]) -> list[str]:
    """What is refused of the first study's file with these changes; nothing where it is taken."""
    source = make.source()
    for old, new in changes:
        assert old in source
        source = source.replace(old, new, 1)
    try:
        parse_definition(source, "study.toml")
    except DefinitionError as error:
        return [str(each) for each in error.problems]
    return []


def messages(text: str) -> tuple[str, str]:
    return TABLE, f"{text}\n{TABLE}"


def own_sms(french: str, english: str = "{site} {link}") -> tuple[str, str]:
    return messages(f'[messages.link]\nsms.fr = "{french}"\nsms.en = "{english}"')


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("é è à ù ì ò É ä ö ñ ü ß Ç", "é è à ù ì ò É ä ö ñ ü ß Ç"),
        ("ê ë î ï ô û ç â œ À Ê", "e e i i o u c a oe A E"),
        ("l’« été »\u00a0: 12\u202f%…", 'l\'" été " : 12 %...'),
        ("a–b—c", "a-b-c"),
        ("Besançon", "Besancon"),
        ("北京", "北京"),
    ],
)
def test_what_telephones_lack_is_written_as_its_likeness(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_signs_of_the_extension_take_two_places() -> None:
    assert (septets("a{b}€"), septets("é_@-")) == (8, 4)
    assert strangers("aê北 €") == ["ê", "北"]


@given(st.text())
def test_folding_is_done_once_and_for_all(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert all(sign in ALPHABET | EXTENDED or sign in strangers(fold(text)) for sign in fold(text))


def test_a_token_is_written_in_the_alphabet_and_never_changed() -> None:
    for _ in range(200):
        token = new_secret()
        assert (len(token), septets(token), fold(token), strangers(token)) == (43, 43, token, [])


@pytest.mark.threat("F8")
def test_every_text_of_every_site_fits_and_names_nothing() -> None:
    study = make.definition()
    found: list[str] = []
    for site in study.sites:
        for language in LANGUAGES:
            values = {
                "site": site.public_name,
                "phone": site.phone,
                "study": study.public_name[language],
                "closes_on": "31/12/2026",
                "link": LONGEST_LINK,
            }
            for kind in KINDS:
                sms = sms_text(study.messages.text(kind, "sms", language), values)  # type: ignore[arg-type]
                assert septets(sms) <= 160, sms
                assert not strangers(sms), sms
                found.append(sms)
                found += all_texts(kind, language, values)
    assert len(found) == 10 * 2 * 2 * 3
    assert not [text for text in found if UNSAYABLE.search(text)]


def all_texts(kind: str, language: str, values: dict[str, str]) -> Iterable[str]:
    texts = make.definition().messages
    for part in ("subject", "email"):
        text = texts.text(kind, part, language)  # type: ignore[arg-type]
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        assert "{" not in text
        yield text


@pytest.mark.threat("F8")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("language", "words"), [("fr", ("mot de passe", "banc", "banque")), ("en", ("password", "bank"))]
)
def test_every_message_says_that_no_password_and_no_bank_detail_is_asked(
    kind: str, language: str, words: tuple[str, ...]
) -> None:
    texts = make.definition().messages
    for part in ("sms", "email"):
        text = texts.text(kind, part, language)  # type: ignore[arg-type]
        assert words[0] in text
        assert any(word in text for word in words[1:])
    # And how to hear no more.
    assert "{phone}" in texts.text(kind, "email", language)  # type: ignore[arg-type]


# What is refused


def test_a_study_may_word_its_own_messages() -> None:
    assert parsed(own_sms("{site} : à vous {link} ni mot de passe ni banque")) == []


def test_a_site_whose_name_leaves_no_room_is_refused_with_its_line() -> None:
    name = "Institut Lucien Neuwirth"
    (problem, *others) = parsed((f'public_name = "{name}"', f'public_name = "{name} et fils"'))
    assert "study.toml:" in problem
    assert "[[sites]] number 10, public_name: found 7 signs too many" in problem
    assert len(others) == 3


def test_a_text_that_does_not_fit_is_refused_at_the_text() -> None:
    (problem, *_) = parsed(own_sms("{site} : vous pouvez maintenant remplir votre questionnaire ici {link}"))
    assert "messages, link, sms, fr: found" in problem.replace("[messages]", "messages")
    assert "signs too many" in problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{site} sans adresse", "{link} once"),
        ("{link} {link}", "{link} once"),
        ("{link} {name}", "no other word in braces"),
        ("{link} {", "no other word in braces"),
        ("{link} 北京", "signs that every telephone shows"),
    ],
)
def test_a_text_that_cannot_be_sent_is_refused(text: str, expected: str) -> None:
    assert any(expected in problem for problem in parsed(own_sms(text)))


def test_a_subject_holds_no_address() -> None:
    subject = '[messages.reminder]\nsubject = { fr = "{link}", en = "Reminder" }'
    (problem,) = parsed(messages(subject))
    assert "locked screen" in problem


@pytest.mark.requirement("REM-01")
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("after_opening_days = [3]", "after_opening_days = [3, 3]", "each value once"),
        ("after_opening_days = [3]", "after_opening_days = [0]", "whole numbers of days"),
        ('quiet_to = "09:00"', 'quiet_to = "9:00"', "a local time in quotes"),
        ('quiet_to = "09:00"', 'quiet_to = "20:00"', "another time than quiet_from"),
        ("at_most = 3", "at_most = 0", "a whole number from 1 to 20"),
        ("on_opening = true", 'on_opening = "yes"', "true or false"),
        ("on_opening = true", "on_closing = true", "an unknown key"),
    ],
)
def test_reminders_that_make_no_sense_are_refused(old: str, new: str, expected: str) -> None:
    (problem,) = parsed((old, new))
    assert expected in problem
