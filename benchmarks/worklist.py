"""python -m benchmarks.worklist: the nurse's front page and a patient's page where the study is large.

13 sites, 5,000 patients and 100,000 visits; the time may hardly grow with the patients of other sites.
"""

import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, event, insert

from app.db import READ, WRITE
from app.models import Base, Link, MissingReason, Patient, Response, Site, Visit
from app.services.access import Role
from app.services.visits import GRACE
from tests import factories as make
from tests.conftest import NOW
from tests.live import Live, live_database
from tests.page import Browser

OWN, FEW, ALL, SITES, VISITS = 385, 500, 5000, 13, 20
MOST_MS, MOST_QUERIES, MOST_RATIO, ROUNDS = 100.0, 12, 1.3, 21
PAGES = {"front": "/nurse/", "patient": "/nurse/GIST-IMA/04-001"}
BEFORE, AFTER, APART = timedelta(days=14), timedelta(days=30), timedelta(days=91)
OWN_SITE = 4
Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Cost:
    """What a page took: milliseconds of the server's processor (the median), and queries."""

    ms: float
    queries: int


def main() -> int:
    """Fills a database in two steps and measures after each; 1 when a page costs too much."""
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-") as folder,
        live_database("sqlite", Path(folder), "benchmark") as live,
    ):
        live.clock.set(NOW)
        browser = prepare(live)
        fill(live, OWN_SITE, 1, OWN)
        fill_others(live, 0, FEW)
        few = measure(live, browser)
        fill_others(live, FEW, ALL - OWN)
        full = measure(live, browser)
    outcomes = [report(name, few[name], full[name]) for name in PAGES]
    return 0 if all(outcomes) else 1


def prepare(live: Live) -> Browser:
    """Sites enough, and the browser of a nurse of one of them."""
    with live.session() as session:
        study = make.get_study(session, 1)
        first = make.get_site(session, study)
        facts = {"study_id": study.id, "name": "Example", "city": "Example", "public_name": "Example"}
        same = {
            name: getattr(first, name)
            for name in Site.__table__.columns.keys()  # noqa: SIM118 - a collection of columns
            if name not in {"id", "number", *facts}
        }
        known = {each.number for each in session.query(Site)}
        numbers = [f"{number:02}" for number in range(1, SITES + 10) if f"{number:02}" not in known]
        for number in numbers[: SITES - len(known)]:
            session.add(Site(number=number, **facts, **same))
        user = make.make_staff(session, live.clock, Role.NURSE, study, first, language="fr")
        session.commit()
        return make.sign_in(Browser(live.app), session, live.clock, user)


def fill_others(live: Live, first: int, last: int) -> None:
    """Patients of the other sites in turn, from one number to the next."""
    with live.session() as session:
        numbers = [int(each.number) for each in session.query(Site).order_by(Site.number)]
    others = [number for number in numbers if number != OWN_SITE]
    for place, number in enumerate(others):
        mine = [each for each in range(first, last) if each % len(others) == place]
        fill(live, number, 1 + mine[0] // len(others), len(mine))


def fill(live: Live, site: int, first: int, count: int) -> None:
    """So many patients of a site with their visits, forms and links, written without the trail."""
    with live.session() as session:
        study = make.get_study(session, 1)
        site_id = make.get_site(session, study, f"{site:02}").id
    chance, rows = random.Random(site * 1000 + first), dict[str, list[dict[str, Any]]]()
    for number in range(first, first + count):
        add_patient(rows, chance, site_id, site * 10_000 + number, f"{site:02}-{number:03}")
    with live.engine().begin() as connection:
        for model in (Patient, Visit, Response, Link, MissingReason):
            if found := rows.get(model.__tablename__):
                connection.execute(insert(_table(model)), found)


def add_patient(rows: Rows, chance: random.Random, site_id: int, key: int, code: str) -> None:
    """A patient who consented at some time of the last five years, and what came of each visit."""
    began = NOW - timedelta(days=chance.randrange(VISITS * APART.days))
    facts = {"id": key, "study_id": 1, "site_id": site_id, "code": code, "language": "fr", "version": 1}
    _put(rows, Patient, facts | {"arm": "interruption", "registered_at": began, "arm_disclosed_at": began})
    for place in range(VISITS):
        add_visit(rows, chance, key, key * 100 + place, began + place * APART, place)


def add_visit(rows: Rows, chance: random.Random, patient: int, key: int, due: datetime, place: int) -> None:
    """A visit: closed ones were mostly sent, some are explained; open ones mostly have a link."""
    opens, closes = due - BEFORE, due + AFTER
    facts = {
        "id": key,
        "study_id": 1,
        "patient_id": patient,
        "code": f"M{3 * place}" if place else "BASELINE",
    }
    dates = {"due_on": due.date(), "opens_on": opens.date(), "closes_on": closes.date()}
    plan = {"anchor": "randomisation", "questionnaires": ["qlq-c30"], "definition_version": "1"}
    _put(rows, Visit, facts | dates | plan | {"opens_at": opens, "closes_at": closes})
    own = {"study_id": 1, "patient_id": patient, "visit_id": key}
    lot = chance.random()
    if opens <= NOW and lot < 0.9:
        how = {"id": key, "kind": "visit", "token_hash": f"{key:064}", "ordinal": 1, "channel": "screen"}
        _put(rows, Link, own | how | {"issued_at": opens, "wrong_tries": 0, "locked_for_good": False})
    if closes <= NOW - GRACE and lot < 0.95:
        add_response(rows, own, key, opens)
    elif closes <= NOW - GRACE and lot < 0.99:
        _put(rows, MissingReason, own | {"id": key, "reason": "forgot", "recorded_at": closes})


def add_response(rows: Rows, own: dict[str, Any], key: int, at: datetime) -> None:
    """A questionnaire as it was sent."""
    answer = {"state": "answered", "value": 1, "at": at.isoformat(), "language": "fr", "sequence": 1}
    facts = {
        "id": uuid.UUID(int=key),
        "instrument": "qlq-c30",
        "instrument_version": "3.0",
        "entry": "main",
        "wording_status": "stand-in",
        "wording_sha256": "0" * 64,
        "languages": ["fr"],
        "mode": "patient",
        "status": "submitted",
        "answers": {f"q{number:02}": answer for number in range(1, 31)},
        "revision": 1,
        "software_version": "benchmark",
    }
    _put(rows, Response, own | facts | {"started_at": at, "saved_at": at, "submitted_at": at})


def measure(live: Live, browser: Browser) -> dict[str, Cost]:
    """What each page costs, once it is warm."""
    found = {}
    for name, path in PAGES.items():
        browser.client.get(path)
        times = []
        for _ in range(ROUNDS):
            began = time.process_time()
            response = browser.client.get(path)
            response.get_data()
            times.append(1000 * (time.process_time() - began))
        assert response.status_code == 200, path
        found[name] = Cost(statistics.median(times), sum(1 for _ in _queries(live, browser, path)))
    return found


def report(name: str, few: Cost, full: Cost) -> bool:
    """Prints a page's costs; whether they are within bounds."""
    ratio = full.ms / few.ms
    print(
        f"{name:8} {full.ms:.0f} ms (at most {MOST_MS:g}), {full.queries} queries (at most {MOST_QUERIES}),"
        f" {few.ms:.0f} ms where other sites have {FEW} patients: ratio {ratio:.2f} (at most {MOST_RATIO:g})"
    )
    return full.ms < MOST_MS and full.queries <= MOST_QUERIES and ratio <= MOST_RATIO


def _queries(live: Live, browser: Browser, path: str) -> Iterator[str]:
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            found.append(statement)

    engines: set[Engine] = {live.engine(READ), live.engine(WRITE)}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    browser.client.get(path)
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)
    yield from found


def _put(rows: Rows, model: type[Base], facts: dict[str, Any]) -> None:
    rows.setdefault(model.__tablename__, []).append(facts)


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


if __name__ == "__main__":
    sys.exit(main())
