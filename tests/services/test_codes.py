"""The printed code: five wrong tries lock for a while, five more until it is unlocked; exact under load."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import SteppedClock
from app.models import AuditEntry, Link, Patient
from app.services.codes import (
    TRIES,
    WAIT,
    CodeCheck,
    card_code,
    check_code,
    give_card,
    is_locked,
    set_code,
    unlock_link,
)
from app.services.contact import rotate_keys
from app.services.errors import RuleError
from app.services.links import IssuedLink
from app.services.tokens import RandomTokens, hash_code, hash_secret, new_code
from tests import factories as make
from tests.conftest import CONTACT_KEYS
from tests.live import Live, together

pytestmark = [pytest.mark.requirement("LINK-05"), pytest.mark.threat("A9")]
RIGHT, WRONG, LOCKED = CodeCheck.RIGHT, CodeCheck.WRONG, CodeCheck.LOCKED
SECOND = timedelta(seconds=1)


@pytest.fixture
def issued(session: Session, clock: SteppedClock, patient: Patient) -> IssuedLink:
    """A personal link with its code."""
    return make.make_personal_link(session, clock, patient)


def wrong(issued: IssuedLink) -> str:
    """Six digits that are not the code."""
    return f"{(int(issued.code or 0) + 1) % 10**6:06}"


def tries(session: Session, clock: SteppedClock, issued: IssuedLink, *codes: str | None) -> list[CodeCheck]:
    return [check_code(session, clock, issued.link, issued.token, str(code)) for code in codes]


def try_wrong(session: Session, clock: SteppedClock, issued: IssuedLink, count: int) -> list[CodeCheck]:
    return tries(session, clock, issued, *[wrong(issued)] * count)


def test_a_code_has_six_digits_by_chance() -> None:
    codes = [new_code() for _ in range(300)]
    assert all(len(code) == 6 and code.isdecimal() and code.isascii() for code in codes)
    assert len(set(codes)) > 290


@pytest.mark.requirement("LINK-05")
def test_one_card_opens_all_links_of_a_patient_and_no_others(session: Session, clock: SteppedClock) -> None:
    study = make.make_study(session, clock, asks_code=True)
    patient, other = (make.make_patient(session, clock, study, code) for code in ("04-001", "04-002"))
    personal, visit = (
        make.make_personal_link(session, clock, patient),
        make.make_link(session, clock, patient),
    )
    assert personal.code == visit.code == card_code(CONTACT_KEYS, patient)
    assert make.make_link(session, clock, other).code == card_code(CONTACT_KEYS, other)
    assert tries(session, clock, visit, personal.code) == [RIGHT]


@pytest.mark.threat("A2")
def test_the_digits_of_a_card_are_kept_sealed_in_their_place(session: Session, clock: SteppedClock) -> None:
    study = make.make_study(session, clock, asks_code=True)
    patient, other = (make.make_patient(session, clock, study, code) for code in ("04-001", "04-002"))
    code = make.make_link(session, clock, patient).code or ""
    assert patient.card_sealed is not None
    assert code.encode() not in patient.card_sealed
    other.card_sealed = patient.card_sealed
    for keys, rule in (((), "no_card_keys"), (((1, b"d" * 32),), "card_not_opened")):
        with pytest.raises(RuleError) as refused:
            card_code(keys, patient)
        assert refused.value.rule == rule
    with pytest.raises(RuleError):
        card_code(CONTACT_KEYS, other)


def test_without_a_key_no_card_is_given(session: Session, clock: SteppedClock) -> None:
    patient = make.make_patient(session, clock, make.make_study(session, clock, asks_code=True))
    with pytest.raises(RuleError) as refused:
        give_card(session, RandomTokens(), patient)
    assert (refused.value.rule, patient.card_sealed) == ("no_card_keys", None)


def test_digits_are_sealed_again_with_a_new_key(session: Session, clock: SteppedClock) -> None:
    patient = make.make_patient(session, clock, make.make_study(session, clock, asks_code=True))
    code, keys = make.make_link(session, clock, patient).code, ((2, b"n" * 32), *CONTACT_KEYS)
    assert [rotate_keys(session, keys) for _ in range(2)] == [1, 0]
    assert card_code(keys[:1], patient) == code


@pytest.mark.threat("A2")
def test_only_a_hash_with_the_token_is_kept(issued: IssuedLink) -> None:
    assert issued.code is not None
    assert issued.link.code_hash == hash_code(issued.token, issued.code)
    # Of the code alone a million hashes would tell it.
    assert issued.link.code_hash != hash_secret(issued.code)
    assert issued.link.code_hash != hash_code("another token", issued.code)


def test_the_right_code_is_right_and_forgets_the_wrong_ones(
    session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    assert tries(session, clock, issued, issued.code) == [RIGHT]
    assert try_wrong(session, clock, issued, TRIES - 1) == [WRONG] * 4
    assert issued.link.wrong_tries == 4
    assert tries(session, clock, issued, issued.code) == [RIGHT]
    assert try_wrong(session, clock, issued, TRIES - 1) == [WRONG] * 4
    assert tries(session, clock, issued, issued.code) == [RIGHT]


@pytest.mark.parametrize("code", ["", "0", "abcdef", "１２３４５６", "123456789", "é" * 6])
def test_what_is_no_code_is_wrong(
    session: Session, clock: SteppedClock, issued: IssuedLink, code: str
) -> None:
    assert tries(session, clock, issued, code) == [WRONG]


def test_five_wrong_tries_lock_for_fifteen_minutes_to_the_second(
    session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    start = clock.now()
    assert try_wrong(session, clock, issued, TRIES) == [WRONG] * 5
    assert issued.link.locked_until == start + WAIT
    assert timedelta(minutes=15) == WAIT
    clock.set(start + WAIT - SECOND)
    assert tries(session, clock, issued, issued.code, wrong(issued)) == [LOCKED, LOCKED]
    clock.set(start + WAIT)
    assert tries(session, clock, issued, issued.code) == [RIGHT]
    session.refresh(issued.link)
    assert issued.link.wrong_tries == 0
    assert issued.link.locked_until is None


def test_five_more_lock_until_it_is_unlocked(
    session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    try_wrong(session, clock, issued, TRIES)
    clock.set(clock.now() + WAIT)
    assert try_wrong(session, clock, issued, TRIES + 2) == [WRONG] * 5 + [LOCKED] * 2
    clock.set(clock.now() + timedelta(days=400))
    assert tries(session, clock, issued, issued.code) == [LOCKED]
    unlock_link(session, issued.link)
    assert not is_locked(issued.link, clock.now())
    assert try_wrong(session, clock, issued, TRIES - 1) == [WRONG] * 4
    assert tries(session, clock, issued, issued.code) == [RIGHT]


def test_unlocking_ends_the_wait_as_well(session: Session, clock: SteppedClock, issued: IssuedLink) -> None:
    try_wrong(session, clock, issued, TRIES)
    unlock_link(session, issued.link)
    assert tries(session, clock, issued, issued.code) == [RIGHT]


def test_a_link_without_a_code_takes_none(session: Session, clock: SteppedClock, patient: Patient) -> None:
    issued = make.make_link(session, clock, patient)
    assert tries(session, clock, issued, "", "123456") == [WRONG, WRONG]


@pytest.mark.threat("A10")
def test_wrong_tries_on_one_link_lock_no_other(
    session: Session, clock: SteppedClock, patient: Patient, issued: IssuedLink
) -> None:
    study = patient.study_id
    other = make.make_personal_link(
        session, clock, make.make_patient(session, clock, make.get_study(session, study), "04-002")
    )
    try_wrong(session, clock, issued, TRIES)
    assert tries(session, clock, other, other.code) == [RIGHT]


def test_tries_and_unlocking_are_in_the_trail_without_token_code_or_hash(
    session: Session, clock: SteppedClock, issued: IssuedLink
) -> None:
    try_wrong(session, clock, issued, TRIES)
    unlock_link(session, issued.link)
    entries = session.scalars(select(AuditEntry).where(AuditEntry.entity == "link").order_by(AuditEntry.id))
    changes = [entry.changes for entry in entries]
    assert [each["wrong_tries"] for each in changes[1:]] == [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 0]]
    assert issued.code is not None
    for secret in (issued.token, issued.link.token_hash, issued.link.code_hash, wrong(issued)):
        assert str(secret) not in str(changes)
    assert not [each for each in changes if "code_hash" in each]


# Many at once, on real databases


def at_once(live: Live, issued: IssuedLink, codes: list[str]) -> Counter[CodeCheck]:
    """What as many requests at the same moment get, each in a connection of its own."""

    def one(code: str) -> CodeCheck:
        with live.session() as session:
            link = session.get_one(Link, issued.link.id)
            found = check_code(session, live.clock, link, issued.token, code)
            session.commit()
            return found

    return Counter(together(*[lambda code=code: one(code) for code in codes]))


@pytest.fixture(params=["personal", "visit"])
def shared(live: Live, request: pytest.FixtureRequest) -> IssuedLink:
    """A link with a code of a patient of its own, committed."""
    with live.session() as session:
        patient = live.new_patient(session)
        if request.param == "personal":
            issued = make.make_personal_link(session, live.clock, patient)
        else:
            issued = make.make_link(session, live.clock, patient)
            code = give_card(session, make.TOKENS, patient)
            set_code(issued.link, issued.token, code)
            issued = replace(issued, code=code)
        session.commit()
        return issued


def test_of_a_hundred_parallel_guesses_five_are_looked_at_and_the_right_code_waits(
    live: Live, shared: IssuedLink
) -> None:
    guesses = [f"{(int(shared.code or 0) + n) % 10**6:06}" for n in range(1, 101)]
    assert at_once(live, shared, guesses) == {WRONG: 5, LOCKED: 95}
    assert at_once(live, shared, [shared.code or ""] * 10) == {LOCKED: 10}
    live.clock.set(live.clock.now() + WAIT)
    assert at_once(live, shared, guesses) == {WRONG: 5, LOCKED: 95}
    live.clock.set(live.clock.now() + timedelta(days=1))
    assert at_once(live, shared, [shared.code or ""] * 10) == {LOCKED: 10}
    with live.session() as session:
        link = session.get_one(Link, shared.link.id)
        assert (link.wrong_tries, link.locked_for_good) == (10, True)
        unlock_link(session, link)
        session.commit()
    assert at_once(live, shared, [shared.code or ""] * 10) == {RIGHT: 10}
