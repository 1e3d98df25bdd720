"""The throw-away PostgreSQL: fresh databases for everybody, and nothing left behind."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.postgres import database_url, is_available, start_postgres
from tests.postgres_process import version_number

ROOT = Path(__file__).resolve().parents[2]
ENDS_BY_ITSELF = """
from tests.postgres import database_url, start_postgres
server = start_postgres()
database_url("own")
print(server.url)
{then}
"""
servers = [
    pytest.param("", id="normal end"),
    pytest.param("import os, signal; os.kill(os.getpid(), 15)", id="signal"),
]
needs_postgres = pytest.mark.skipif(not is_available(), reason="there is no PostgreSQL on this machine")


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, connect_timeout=5)


@needs_postgres
def test_every_call_gives_a_fresh_and_empty_database() -> None:
    first, second = database_url(), database_url()
    assert first != second
    with connect(first) as connection:
        connection.execute("CREATE TABLE mine (number integer)")
    with connect(second) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert found == (0,)


@needs_postgres
def test_database_holds_any_text() -> None:
    url = database_url()
    assert url.startswith("postgresql+psycopg://")
    with connect(url) as connection:
        assert connection.execute("SELECT %s::text", ("œdème ’ 疼痛",)).fetchone() == ("œdème ’ 疼痛",)


@needs_postgres
def test_server_is_started_once() -> None:
    assert start_postgres() is start_postgres()


@needs_postgres
@pytest.mark.parametrize("then", servers)
def test_own_server_ends_with_the_process_that_started_it(then: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_POSTGRES_URL", raising=False)
    command = [sys.executable, "-c", ENDS_BY_ITSELF.format(then=then)]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert output.startswith("postgresql+psycopg://")
    with pytest.raises(psycopg.OperationalError):
        connect(output.strip())


def test_newest_version_comes_first() -> None:
    folders = [
        Path("/usr/lib/postgresql/9.6/bin"),
        Path("/usr/lib/postgresql/15/bin"),
        Path("/usr/local/pgsql/bin"),
    ]
    assert [version_number(folder) for folder in folders] == [9.6, 15.0, 0.0]
