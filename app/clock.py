"""The one source of the present instant, so that tests can move it."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What services take to know the time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


class SteppedClock:
    """A clock that stands still until it is moved: for tests and for synthetic histories."""

    def __init__(self, start: datetime) -> None:
        self.set(start)

    def now(self) -> datetime:
        """The instant the clock was last set to, in UTC."""
        return self._now

    def set(self, instant: datetime) -> None:
        """Moves the clock to an aware instant."""
        if instant.tzinfo is None:
            raise ValueError("a clock is set to an aware instant, not to a naive one")
        self._now = instant.astimezone(UTC)

    def advance(self, **duration: float) -> None:
        """Moves the clock forward, in the words of timedelta: advance(hours=2)."""
        self._now += timedelta(**duration)
