"""Looks at patients' links: noted for the site's staff, never in the link, never more than once in a while.

A look opens nothing and ends nothing (LINK-02). Mail scanners and previews look too, so a fetch says only
that the link arrived somewhere; that a person began it is on the link itself, written by a tap.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import LinkFetch
from app.services.links import FoundLink, LinkState
from app.services.rows import insert_or_meet

# A scanner that fetches a thousand times in a while costs one write.
WHILE = timedelta(minutes=10)
WAITS = frozenset({LinkState.OPEN, LinkState.NOT_YET})


def is_worth_noting(found: FoundLink, now: datetime) -> bool:
    """Whether a look at a link says something new: nobody has begun, and no look was noted for a while."""
    link = found.link
    if found.state not in WAITS or link.opened_at is not None:
        return False
    return link.fetch is None or link.fetch.last_at <= now - WHILE


def note_fetch(session: Session, clock: Clock, link_id: int) -> None:
    """Notes that a link was fetched; of several at once the first one counts. No other row is written."""
    connection, now = session.connection(), clock.now()
    noted = insert_or_meet(connection, LinkFetch).values(link_id=link_id, first_at=now, last_at=now, times=1)
    connection.execute(
        noted.on_conflict_do_update(
            index_elements=[LinkFetch.link_id],
            set_={"last_at": now, "times": LinkFetch.times + 1},
            where=LinkFetch.last_at <= now - WHILE,
        )
    )
