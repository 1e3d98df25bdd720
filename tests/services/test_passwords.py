"""What a password must be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.errors import RuleError
from app.services.passwords import FEWEST_SIGNS, SHORTEST_PASSWORD, require_good_password

pytestmark = [pytest.mark.requirement("ACC-02"), pytest.mark.threat("B5")]
EMAIL = "a.nurse@staff.example"


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("", "password_short"),
        ("fourteen chars", "password_short"),
        ("aaaaaaaaaaaaaaaaaaaa", "password_easy"),
        ("abcabcabcabcabcabc", "password_easy"),
        ("A.Nurse@Staff.Example", "password_easy"),
        ("my a.nurse@staff.example", "password_easy"),
        ("nurse@staff.example", "password_easy"),
    ],
)
def test_what_is_short_or_easily_guessed_is_refused(password: str, rule: str) -> None:
    with pytest.raises(RuleError) as refused:
        require_good_password(password, EMAIL)
    assert (refused.value.field, refused.value.rule) == ("password", rule)


@pytest.mark.parametrize(
    "password", ["fifteen letters", "nine green bottles", "é à ü ß 日本 words here", "x" * 200 + "abcdef"]
)
def test_length_is_all_that_is_asked(password: str) -> None:
    require_good_password(password, EMAIL)


@given(st.text(max_size=40))
def test_what_is_taken_is_long_and_of_several_signs(password: str) -> None:
    try:
        require_good_password(password, EMAIL)
    except RuleError:
        return
    assert len(password) >= SHORTEST_PASSWORD
    assert len(set(password.casefold())) >= FEWEST_SIGNS
