"""python -m benchmarks: questionnaires per second and their cost, beside bare Flask requests."""

import argparse
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg

from benchmarks.client import Client
from benchmarks.flow import (
    Answers,
    complete_by_forms,
    complete_by_script,
    insert_bare,
    requests_by_forms,
    requests_by_script,
)
from benchmarks.load import Cost, Unit, drive
from benchmarks.processes import Server, parent, serve
from benchmarks.report import Way, report, report_bare
from benchmarks.study import ScratchStudy, Task
from tests.postgres import NoPostgresError, database_url

WARM_UP = 8
# Answers in one request where a patient is quicker than the network.
BATCH = 3
MOST_BY_FORMS, MOST_BY_SCRIPT = 5.0, 3.0
Player = Callable[[Client, str, Answers], None]
MOST = {"completions": 200, "rounds": 9, "at_once": 32}


def main() -> int:
    """Measures on each database; 1 when anything failed, was stored wrong or cost more than the floor."""
    options = _options()
    outcomes = []
    for kind in ("sqlite", "postgresql") if options.database == "both" else (options.database,):
        try:
            with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
                outcomes.append(measure(kind, Path(folder), options))
        except NoPostgresError as error:
            print(f"{kind}: not measured: {error}")
            outcomes.append(options.database == "both")
    return 0 if all(outcomes) else 1


def measure(kind: str, folder: Path, options: argparse.Namespace) -> bool:
    """Alternates rounds of questionnaires and of bare inserts on one database; whether all was well."""
    url = f"sqlite:///{folder / 'benchmark.sqlite'}" if kind == "sqlite" else database_url("benchmark")
    key = secrets.token_urlsafe(48)
    study = ScratchStudy(url, key)
    environment = {"MODE": "demonstration", "SECRET_KEY": key, "DATABASE_URL": url, "PUBLIC_URL": ""}
    answers = study.make_tasks(1)[0].answers
    ways = [
        Way("by forms", requests_by_forms(answers), len(answers), MOST_BY_FORMS),
        Way("by script", requests_by_script(answers), len(answers), MOST_BY_SCRIPT),
        Way(
            f"by script, {BATCH} at a time", requests_by_script(answers, BATCH), len(answers), MOST_BY_SCRIPT
        ),
    ]
    players: list[Player] = [
        complete_by_forms,
        complete_by_script,
        partial(complete_by_script, size=BATCH),
    ]
    load = Load(study, _database_pid(url), options.at_once)
    ours: list[list[Cost]] = [[] for _ in ways]
    bare: list[list[Cost]] = [[] for _ in ways]
    with _both_servers(environment, folder) as (server, bare_server):
        load.play(server, players[0], WARM_UP)
        inserts = load.insert(bare_server, ways[0].requests, WARM_UP).done * ways[0].requests
        for number in range(options.rounds):
            print(f"{kind}: round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
            for place, (way, player) in enumerate(zip(ways, players, strict=True)):
                ours[place].append(load.play(server, player, options.completions))
                bare[place].append(load.insert(bare_server, way.requests, options.completions))
                inserts += options.completions * way.requests
    problems = [*load.problems, *_missing_inserts(url, inserts)]
    study.close()
    report_bare(kind, ways[0].requests, bare[0])
    kept = [report(kind, way, *costs) for way, *costs in zip(ways, ours, bare, strict=True)]
    for problem in problems[:5]:
        print(f"{kind:11} FAILED {problem}")
    print(f"{kind:11} {len(problems)} failures")
    return all(kept) and not problems


@dataclass
class Load:
    """Plays patients of a study, so many at once; keeps what went wrong."""

    study: ScratchStudy
    database_pid: int | None
    at_once: int
    problems: list[str] = field(default_factory=list)

    def play(self, server: Server, player: Player, count: int) -> Cost:
        """A round of so many whole visits."""
        tasks = self.study.make_tasks(count)
        units: list[Unit] = [_unit(player, task) for task in tasks]
        cost = drive(server, self.database_pid, units, self.at_once)
        self.problems += [*cost.failures, *self.study.wrong_answers(tasks)]
        return cost

    def insert(self, server: Server, requests: int, count: int) -> Cost:
        """A round of so many times these bare requests."""
        units: list[Unit] = [partial(_insert, number, requests) for number in range(count)]
        cost = drive(server, self.database_pid, units, self.at_once)
        self.problems += cost.failures
        return cost


def _unit(player: Player, task: Task) -> Unit:
    return lambda client: player(client, task.path, task.answers)


def _insert(number: int, requests: int, client: Client) -> None:
    insert_bare(client, number, requests)


@contextmanager
def _both_servers(environment: dict[str, str], folder: Path) -> Iterator[tuple[Server, Server]]:
    """The application and the bare one, with the same configuration and on the same database."""
    os.environ["DATABASE_URL"] = environment["DATABASE_URL"]
    from benchmarks import bare

    bare.URL = environment["DATABASE_URL"]
    bare.prepare()
    with (
        serve("wsgi:application", environment, folder) as server,
        serve("benchmarks.bare:application", environment, folder) as bare_server,
    ):
        yield server, bare_server


def _missing_inserts(url: str, expected: int) -> list[str]:
    from benchmarks import bare

    bare.URL = url
    stored = bare.stored_rows()
    return [] if stored == expected else [f"{stored} bare inserts are stored, {expected} were expected"]


def _database_pid(url: str) -> int | None:
    """The process above the one that serves a connection: PostgreSQL's first; None for SQLite."""
    if url.startswith("sqlite"):
        return None
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return parent(connection.info.backend_pid)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--database", choices=["both", "sqlite", "postgresql"], default="both")
    parser.add_argument("--completions", type=int, default=40, help="questionnaires a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=8, help="patients at once")
    options = parser.parse_args()
    for name, most in MOST.items():
        if not 1 <= getattr(options, name) <= most:
            parser.error(f"--{name.replace('_', '-')}: 1 to {most} was expected")
    return options


if __name__ == "__main__":
    sys.exit(main())
