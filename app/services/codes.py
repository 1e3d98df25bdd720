"""The six digits of a patient's card: given, asked for beside a link, counted, locked after wrong tries."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import Link, Patient, Study
from app.services.errors import RuleError
from app.services.sealing import Keys, NoKeyError, SealedTextError, seal, sealed_with, unseal
from app.services.studies import definition_in_force
from app.services.tokens import TokenSource, hash_code, new_code

# So many wrong tries lock the link for a while, and as many more until it is unlocked by hand.
TRIES = 5
WAIT = timedelta(minutes=15)
COUNTED = ("code_hash", "wrong_tries", "locked_until", "locked_for_good")


class CodeCheck(StrEnum):
    """What became of a try."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True)
class Lock:
    """A link on which no code is looked at: until an instant, or (None) until it is unlocked by hand."""

    until: datetime | None


def give_card(session: Session, tokens: TokenSource, patient: Patient) -> str:
    """The digits of a patient's card, by chance at the first time and the same from then on.

    One card opens all links of a patient, those that leave by message too. The digits are kept sealed.
    Raises RuleError where there is no key to seal with, or none that opens what was sealed.
    """
    hold_card(session, patient)
    code = card_code(tokens.keys, patient)
    if code is None:
        code = new_code()
        try:
            patient.card_sealed = seal(tokens.keys, code, _place(patient))
        except NoKeyError:
            raise RuleError("card", "no_card_keys") from None
        session.flush()
    return code


def asks_code(session: Session, study_id: int) -> bool:
    """Whether the links of a study's visits open with the code of the patient's card alone."""
    return definition_in_force(session, session.get_one(Study, study_id)).asks_code


def needed_code(session: Session, keys: Keys, study_id: int, patient: Patient) -> str | None:
    """The code that a link sent to a patient is to open with, None where the study asks for none.

    Raises RuleError when it asks for one and the patient has no card: the link would open nothing.
    """
    if not asks_code(session, study_id):
        return None
    code = card_code(keys, patient)
    if code is None:
        raise RuleError("patient", "no_card", code=patient.code)
    return code


def hold_card(session: Session, patient: Patient) -> None:
    """Holds a patient's row until the transaction ends and reads what others made of the card."""
    session.refresh(patient, ["card_sealed", "version"], with_for_update={"key_share": True})


def card_code(keys: Keys, patient: Patient) -> str | None:
    """The digits of a patient's card; None for one who has none. Raises RuleError where they do not open."""
    if patient.card_sealed is None:
        return None
    try:
        return unseal(keys, patient.card_sealed, _place(patient))
    except NoKeyError:
        raise RuleError("card", "no_card_keys") from None
    except SealedTextError as error:
        raise RuleError("card", "card_not_opened", problem=error.problem) from None


def reseal_card(keys: Keys, patient: Patient) -> bool:
    """Seals a patient's digits with the first key where another one sealed them; whether it did."""
    sealed = patient.card_sealed
    if sealed is None or sealed_with(sealed) == keys[0][0]:
        return False
    patient.card_sealed = seal(keys, unseal(keys, sealed, _place(patient)), _place(patient))
    return True


def set_code(link: Link, token: str, code: str | None) -> None:
    """Has a link with that token ask for a code, of which it keeps only the hash; None: for none."""
    link.code_hash = None if code is None else hash_code(token, code)


def check_code(session: Session, clock: Clock, link: Link, token: str, code: str) -> CodeCheck:
    """Checks a code against a link that has one; each wrong one is counted.

    The link's row is held until the transaction ends, so that tries at the same moment, in whichever
    process, are counted one by one. The caller commits in each case, or a wrong try would not count. While
    the link is locked nothing is looked at and nothing counted: the right code is refused as well. A right
    code forgets the wrong ones before it.
    """
    hold_link(session, link)
    now = clock.now()
    if is_locked(link, now):
        return CodeCheck.LOCKED
    is_right = hmac.compare_digest(hash_code(token, code), link.code_hash or "")
    if is_right:
        link.wrong_tries, link.locked_until = 0, None
    else:
        _count(link, now)
    session.flush()
    return CodeCheck.RIGHT if is_right else CodeCheck.WRONG


def unlock_link(session: Session, link: Link) -> None:
    """Lets a link be tried again, from the first try on."""
    hold_link(session, link)
    link.wrong_tries, link.locked_until, link.locked_for_good = 0, None, False
    session.flush()


def is_locked(link: Link, now: datetime) -> bool:
    """Whether no code is looked at: for a while, or until the link is unlocked."""
    return link.locked_for_good or (link.locked_until is not None and now < link.locked_until)


def lock_of(link: Link, now: datetime) -> Lock | None:
    """The lock of a link at an instant; None where codes are looked at."""
    if not is_locked(link, now):
        return None
    return Lock(None if link.locked_for_good else link.locked_until)


def hold_link(session: Session, link: Link) -> None:
    """Holds a link's row until the transaction ends and reads what others made of it."""
    session.refresh(link, [*COUNTED, "visit_id", "revoked_at"], with_for_update={"key_share": True})


def _place(patient: Patient) -> str:
    return f"{Patient.__tablename__}.card.{patient.id}"


def _count(link: Link, now: datetime) -> None:
    link.wrong_tries += 1
    if link.wrong_tries >= 2 * TRIES:
        link.locked_for_good = True
    elif link.wrong_tries == TRIES:
        link.locked_until = now + WAIT
