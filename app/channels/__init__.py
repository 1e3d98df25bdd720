"""Ways by which a message leaves the house. Each says what is known of its arrival, never more."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What is known after an attempt.

    NOT_NOW: certainly not sent, another attempt may succeed. REFUSED: certainly not sent, no attempt will.
    BOUNCED: refused because of the address. UNKNOWN: it may have gone.
    """

    SENT = "sent"
    NOT_NOW = "not now"
    REFUSED = "refused"
    BOUNCED = "bounced"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outgoing:
    """What is to be sent. key: the same for the same message at every attempt."""

    key: str
    to: str
    sender: str
    subject: str
    text: str


@dataclass(frozen=True)
class Receipt:
    """What came of an attempt.

    detail: a word and a number such as "smtp 550"; never what the other side wrote, which may quote the
    address. provider_id: by which the other side knows the message, if it said so.
    """

    outcome: Outcome
    detail: str | None = None
    provider_id: str | None = None


class Channel(Protocol):
    """Sends one message after another, from one thread."""

    @property
    def is_idempotent(self) -> bool:
        """Whether the other side sends a message once, however often it is handed over with its key."""
        ...

    def send(self, outgoing: Outgoing) -> Receipt:
        """Attempts to send; never raises for what the network or the other side does."""
        ...

    def close(self) -> None:
        """Ends what is kept open between messages."""
        ...
