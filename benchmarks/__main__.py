"""python -m benchmarks: questionnaires per second and their cost, beside bare Flask requests."""

import argparse
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg

from benchmarks.client import Client
from benchmarks.flow import REQUESTS, complete_questionnaire, insert_bare
from benchmarks.load import Cost, Unit, drive
from benchmarks.processes import Server, parent, serve
from benchmarks.report import report
from benchmarks.study import ScratchStudy, Task
from tests.postgres import NoPostgresError, database_url

WARM_UP = 8
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
    database_pid = _database_pid(url)
    ours: list[Cost] = []
    bare: list[Cost] = []
    problems: list[str] = []
    with _both_servers(environment, folder) as (server, bare_server):
        _round(study, server, database_pid, WARM_UP, options.at_once, problems)
        _bare_round(bare_server, database_pid, WARM_UP, options.at_once)
        for number in range(options.rounds):
            print(f"{kind}: round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
            ours.append(_round(study, server, database_pid, options.completions, options.at_once, problems))
            bare.append(_bare_round(bare_server, database_pid, options.completions, options.at_once))
    problems += _missing_inserts(url, (WARM_UP + options.rounds * options.completions) * REQUESTS)
    study.close()
    return report(kind, ours, bare, problems)


def _round(
    study: ScratchStudy,
    server: Server,
    database_pid: int | None,
    count: int,
    at_once: int,
    problems: list[str],
) -> Cost:
    tasks = study.make_tasks(count)
    cost = drive(server, database_pid, [_unit(task) for task in tasks], at_once)
    problems += [*cost.failures, *study.wrong_answers(tasks)]
    return cost


def _unit(task: Task) -> Unit:
    return lambda client: complete_questionnaire(client, task.path, task.answers)


def _bare_round(server: Server, database_pid: int | None, count: int, at_once: int) -> Cost:
    units: list[Unit] = [partial(_insert, number) for number in range(count)]
    return drive(server, database_pid, units, at_once)


def _insert(number: int, client: Client) -> None:
    insert_bare(client, number)


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
