"""The PostgreSQL of the tests: one server for all workers, a fresh database for whoever asks.

As a pytest plugin it starts the server before the workers do and says so when there is none.
`python -m tests.postgres` finds the binaries, or installs them where that is allowed, and prints their place.
"""

import atexit
import itertools
import os
import sys
from functools import cache
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from tests.postgres_process import NoPostgresError, PostgresServer, find_binaries, start_server
from tests.system_packages import can_install, install, is_ci

__all__ = ["NoPostgresError", "PostgresServer", "database_url", "is_available", "start_postgres"]

VARIABLE = "TEST_POSTGRES_URL"
HELP = (
    "PostgreSQL was not found, so the data tests run on SQLite alone. "
    f"Install it (apt-get install postgresql) or name a server in {VARIABLE}."
)
numbers = itertools.count(1)


def is_available() -> bool:
    """Whether start_postgres has something to start or to reach: the same answer in every worker."""
    return VARIABLE in os.environ or find_binaries() is not None


@cache
def start_postgres() -> PostgresServer:
    """The server that TEST_POSTGRES_URL names, else one of our own that ends with this process.

    Raises NoPostgresError where there are no binaries, or where the server does not come up.
    """
    if named := os.environ.get(VARIABLE):
        url = make_url(named).set(drivername="postgresql+psycopg")
        return PostgresServer(url.render_as_string(hide_password=False), lambda: None)
    folder = find_binaries()
    if folder is None:
        raise NoPostgresError(HELP)
    return start_server(folder)


def database_url(worker_id: str = "main", template: str | None = None) -> str:
    """The address of a fresh database that no other worker and no other call uses.

    Empty, or a copy of the one at the address `template`, to which nobody may be connected.
    """
    server = make_url(start_postgres().url)
    name = f"test_{worker_id}_{os.getpid()}_{next(numbers)}"
    names = name, (template and make_url(template).database) or "template0"
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'")
    execute(server, statement.format(*map(sql.Identifier, names)))
    atexit.register(drop, server, name)
    return server.set(database=name).render_as_string(hide_password=False)


def drop(server: URL, name: str) -> None:
    """Leaves nothing behind on a server that outlives the tests; our own may be gone already."""
    try:
        execute(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    except psycopg.OperationalError:
        return


def execute(server: URL, statement: sql.Composed) -> None:
    """One statement outside a transaction, on the server's first database."""
    plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement)


def pytest_configure(config: pytest.Config) -> None:
    """Before the workers of pytest-xdist start: they inherit the address of the one server."""
    if not is_available():
        if is_ci():
            raise pytest.UsageError(HELP)
        return
    is_worker = hasattr(config, "workerinput")
    has_workers = bool(config.getoption("numprocesses", default=None))
    if has_workers and not is_worker and not config.option.collectonly:
        os.environ[VARIABLE] = start_postgres().url


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what was not tested."""
    if not is_available():
        terminalreporter.write_line(HELP, yellow=True, bold=True)


def prepare() -> str:
    """Where the tests' PostgreSQL is, after an attempt to install it."""
    if VARIABLE in os.environ:
        return f"the server named in {VARIABLE}"
    if find_binaries() is None and can_install():
        install("postgresql")
    folder: Path | None = find_binaries()
    if folder is None:
        raise NoPostgresError(HELP)
    return str(folder)


def main() -> int:
    """Prints the folder. Without one: a failure with CI=true, else a notice, and the tests run on SQLite."""
    try:
        print(f"PostgreSQL: {prepare()}")
    except NoPostgresError as error:
        print(error, file=sys.stderr)
        return 1 if is_ci() else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
