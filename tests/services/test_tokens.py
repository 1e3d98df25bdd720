"""Secrets: by chance alone, or computed from a key for the demonstration."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.models import Visit
from app.services.tokens import DemonstrationTokens, RandomTokens, hash_code, hash_secret, new_secret

pytestmark = pytest.mark.requirement("LINK-01")
SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")
VISIT = Visit(study_id=1, code="M3")


@pytest.mark.threat("A1")
def test_a_hundred_thousand_tokens_are_all_different_and_safe_in_an_address() -> None:
    tokens = RandomTokens()
    made = {tokens.token("04-001", VISIT, 1) for _ in range(100_000)}
    assert len(made) == 100_000
    assert all(SHAPE.fullmatch(token) for token in made)


@pytest.mark.threat("A1")
def test_every_character_of_a_token_is_chance() -> None:
    made = [new_secret() for _ in range(2000)]
    assert all(len({token[place] for token in made}) > 10 for place in range(43))


def test_demonstration_tokens_are_the_same_for_the_same_link_and_key() -> None:
    first, again, other = (DemonstrationTokens(key) for key in ("k" * 40, "k" * 40, "l" * 40))
    token = first.token("04-001", VISIT, 1)
    assert token == again.token("04-001", VISIT, 1)
    assert token != other.token("04-001", VISIT, 1)
    assert SHAPE.fullmatch(token)


@pytest.mark.threat("A1")
def test_demonstration_tokens_differ_by_patient_visit_study_and_ordinal() -> None:
    tokens = DemonstrationTokens("k" * 40)
    made = {
        tokens.token(code, Visit(study_id=study, code=visit), ordinal)
        for code in ("04-001", "04-002")
        for study in (1, 11)
        for visit in ("M3", "M6")
        for ordinal in (1, 2)
    }
    assert len(made) == 16
    assert all(SHAPE.fullmatch(token) for token in made)


@given(st.lists(st.text("abc-0189", min_size=1, max_size=4), min_size=1, max_size=4, unique=True))
def test_what_is_derived_depends_on_each_word_and_its_place(words: list[str]) -> None:
    tokens = DemonstrationTokens("k" * 40)
    assert tokens.derive(*words) == tokens.derive(*words)
    if len(words) > 1:
        assert tokens.derive(*words) != tokens.derive(*reversed(words))
        assert tokens.derive(*words) != tokens.derive("".join(words))


@pytest.mark.threat("A2")
def test_a_secret_is_kept_as_its_sha_256() -> None:
    assert hash_secret("é") == hashlib.sha256("é".encode()).hexdigest()
    assert len(hash_secret(new_secret())) == 64


def test_personal_tokens_are_as_secret_as_those_of_visits() -> None:
    made = {RandomTokens().personal_token(1, "04-001", 1) for _ in range(1000)}
    assert len(made) == 1000
    assert all(SHAPE.fullmatch(token) for token in made)


def test_a_demonstrations_personal_token_differs_by_study_patient_and_ordinal_and_from_those_of_visits() -> (
    None
):
    tokens = DemonstrationTokens("k" * 40)
    places = [(1, "04-001", 1), (2, "04-001", 1), (1, "04-002", 1), (1, "04-001", 2)]
    made = {tokens.personal_token(*place) for place in places}
    assert len(made | {tokens.token("04-001", VISIT, 1)}) == 5
    assert tokens.personal_token(*places[0]) in made


def test_the_hash_of_a_code_is_of_token_and_code_together() -> None:
    assert hash_code("token", "123456") == hash_secret("token:123456")
    assert len({hash_code(token, code) for token in ("a", "b") for code in ("123456", "123457")}) == 4
