"""Sealed texts: opened in their own place with their own key, by nobody else; errors tell nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.sealing import NoKeyError, SealedTextError, seal, sealed_with, unseal

pytestmark = [pytest.mark.requirement("DAT-01"), pytest.mark.threat("G2")]
OLD, NEW = (1, b"o" * 32), (2, b"n" * 32)
PLACE, TEXT = "contact.phone.17", "+33639980001"


@given(st.text(), st.text(max_size=40))
def test_what_was_sealed_opens_in_its_own_place(text: str, place: str) -> None:
    assert unseal([OLD], seal([OLD], text, place), place) == text


def test_the_first_key_seals_and_the_others_still_open() -> None:
    old = seal([OLD], TEXT, PLACE)
    assert (sealed_with(old), sealed_with(seal([NEW, OLD], TEXT, PLACE))) == (1, 2)
    assert unseal([NEW, OLD], old, PLACE) == TEXT


def test_the_same_text_never_looks_the_same_twice() -> None:
    sealed = {seal([OLD], TEXT, PLACE) for _ in range(50)}
    assert len(sealed) == 50
    assert not [each for each in sealed if TEXT.encode() in each or b"3998" in each]


@pytest.mark.parametrize("place", ["contact.phone.18", "contact.email.17", "contact.phone.1", ""])
def test_in_another_place_it_does_not_open(place: str) -> None:
    with pytest.raises(SealedTextError, match="altered, moved"):
        unseal([OLD], seal([OLD], TEXT, PLACE), place)


def test_a_changed_bit_anywhere_is_noticed() -> None:
    sealed = seal([OLD], TEXT, PLACE)
    for index in range(len(sealed)):
        altered = bytes([*sealed[:index], sealed[index] ^ 1, *sealed[index + 1 :]])
        with pytest.raises(SealedTextError):
            unseal([OLD, (0, b"o" * 32)], altered, PLACE)


@pytest.mark.parametrize("length", [0, 1, 12, 28])
def test_what_is_too_short_to_be_sealed_does_not_open(length: int) -> None:
    with pytest.raises(SealedTextError, match="too short"):
        unseal([OLD], seal([OLD], TEXT, PLACE)[:length], PLACE)


def test_a_key_that_is_gone_is_named_by_its_number() -> None:
    with pytest.raises(SealedTextError, match=r"^contact.phone.17 cannot be opened: key 1 is not in CONTACT"):
        unseal([NEW], seal([OLD], TEXT, PLACE), PLACE)


def test_another_key_of_the_same_number_does_not_open() -> None:
    with pytest.raises(SealedTextError):
        unseal([(1, b"x" * 32)], seal([OLD], TEXT, PLACE), PLACE)


def test_without_keys_nothing_is_sealed_or_opened() -> None:
    with pytest.raises(NoKeyError, match="until CONTACT_KEYS is set"):
        seal([], TEXT, PLACE)
    with pytest.raises(NoKeyError, match="until CONTACT_KEYS is set"):
        unseal([], seal([OLD], TEXT, PLACE), PLACE)


def test_a_refusal_holds_neither_text_nor_key_nor_what_was_sealed() -> None:
    sealed = seal([OLD], TEXT, PLACE)
    with pytest.raises(SealedTextError) as refused:
        unseal([(1, b"x" * 32)], sealed, PLACE)
    told = f"{refused.value!r} {refused.value.__dict__} {refused.value.__cause__}"
    assert not [each for each in (TEXT, "xxxx", sealed.hex(), str(sealed)) if each in told]
