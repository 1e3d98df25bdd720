"""The demonstration's commands: what programs read, what people read, what is refused, and a real server."""

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from app import create_app, migrate
from app.clock import SteppedClock
from app.db import db
from app.demo import cli as demo_cli
from app.demo import server as demo_server
from app.models import Link, Patient
from app.services.demo.links import FILL_TO, FLOOR
from app.settings import ROOT, read_settings
from scripts.first_run import write_environment
from tests.conftest import NOW, fresh_database, migrated_database, spend_little_on_passwords, test_settings
from tests.postgres_process import free_port

KEY = "k" * 40
START_SECONDS = 60


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["demo", *arguments])


def dispose(app: Flask) -> None:
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def make_app(tmp_path: Path, worker_id: str) -> Iterator[Callable[..., Flask]]:
    """Makes applications on a new SQLite file, migrated or not."""
    made: list[Flask] = []

    def make(*, migrated: bool = True, **changes: object) -> Flask:
        make_database = migrated_database if migrated else fresh_database
        url = make_database("sqlite", tmp_path, worker_id)
        made.append(create_app(test_settings(url, **changes), SteppedClock(NOW)))
        return made[-1]

    yield make
    for app in made:
        dispose(app)


@pytest.fixture(scope="module")
def demo_app(
    database_kind: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[tuple[Flask, Result]]:
    """An application on a database of its own, and what loading the demonstration printed."""
    url = migrated_database(database_kind, tmp_path_factory.mktemp("demo cli"), worker_id)
    app = create_app(test_settings(url, public_url="http://clinic.example:8080"), SteppedClock(NOW))
    spend_little_on_passwords(app)
    yield app, run(app, "load")
    dispose(app)


@pytest.fixture
def loaded(demo_app: tuple[Flask, Result]) -> Flask:
    """The application with the demonstration loaded, its clock at NOW."""
    demo_app[0].extensions["clock"].set(NOW)
    return demo_app[0]


def document(app: Flask) -> dict[str, Any]:
    result = run(app, "--json")
    assert result.exit_code == 0, result.output
    read: dict[str, Any] = json.loads(result.stdout)
    return read


def revoked_links(app: Flask) -> int:
    with app.app_context(), db.new_session("read") as session:
        return session.scalar(select(func.count(Link.id)).where(Link.revoked_at.is_not(None))) or 0


def patient_total(app: Flask) -> int:
    with app.app_context(), db.new_session("read") as session:
        return session.scalar(select(func.count(Patient.id))) or 0


def test_loading_shows_its_progress_on_standard_error_alone(demo_app: tuple[Flask, Result]) -> None:
    _, result = demo_app
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "synthetic patients" in result.stderr


def test_loading_again_changes_nothing_and_says_nothing(loaded: Flask) -> None:
    before = patient_total(loaded)
    result = run(loaded, "load")
    assert (result.exit_code, result.output) == (0, "")
    assert patient_total(loaded) == before


def test_json_has_exactly_the_promised_shape(loaded: Flask) -> None:
    read = document(loaded)
    assert list(read) == ["base_url", "staff", "patients"]
    assert read["base_url"] == "http://clinic.example:8080"
    assert {tuple(each) for each in read["staff"]} == {("role", "site", "email", "password")}
    assert {tuple(each) for each in read["patients"]} == {
        ("code", "site", "arm", "language", "visit", "link")
    }
    assert {each["arm"] for each in read["patients"]} == {None, "interruption", "continuation"}
    assert all(each["link"].startswith("http://clinic.example:8080/l/") for each in read["patients"])


def test_json_lists_ten_open_links_in_each_language_and_each_opens(loaded: Flask) -> None:
    read = document(loaded)
    found = Counter(each["language"] for each in read["patients"])
    assert min(found["fr"], found["en"]) >= FLOOR
    client = loaded.test_client()
    for each in read["patients"]:
        page = client.get(each["link"], base_url="http://clinic.example:8080")
        assert page.status_code == 200
        assert f'<html lang="{each["language"]}"' in page.text


def test_json_is_the_same_when_asked_again(loaded: Flask) -> None:
    assert document(loaded) == document(loaded)


def test_json_tops_up_after_a_month_and_kills_no_link(loaded: Flask) -> None:
    before, revoked = patient_total(loaded), revoked_links(loaded)
    loaded.extensions["clock"].advance(days=31)
    result = run(loaded, "--json")
    found = Counter(each["language"] for each in json.loads(result.stdout)["patients"])
    assert min(found["fr"], found["en"]) >= FLOOR
    assert patient_total(loaded) > before
    assert revoked_links(loaded) == revoked
    assert "more synthetic patients" in result.stderr


def test_two_calls_at_once_top_up_once(loaded: Flask) -> None:
    loaded.extensions["clock"].advance(days=200)

    def call() -> int:
        with loaded.app_context():
            _, found = demo_cli.links_in_stock()
            return len(found)

    with ThreadPoolExecutor(2) as pool:
        counts = [future.result() for future in [pool.submit(call), pool.submit(call)]]
    assert counts == [2 * FILL_TO, 2 * FILL_TO]


def test_the_overview_shows_counts_accounts_and_a_link_in_each_language(loaded: Flask) -> None:
    result = run(loaded)
    assert result.exit_code == 0, result.output
    for text in (
        "synthetic patients",
        "partial",
        "open links",
        "nurse.04@demo.example",
        "in French",
        "in English",
    ):
        assert text in result.stdout


def test_nothing_is_made_or_printed_outside_a_demonstration(make_app: Callable[..., Flask]) -> None:
    app = make_app(mode="production", public_url="https://clinic.example")
    for arguments in (["load"], ["--json"], [], ["serve"]):
        result = run(app, *arguments)
        assert result.exit_code == 1
        assert "MODE=demonstration" in result.stderr
        assert result.stdout == ""
    assert patient_total(app) == 0


def test_an_empty_database_is_refused_with_what_to_do(make_app: Callable[..., Flask]) -> None:
    app = make_app(migrated=False)
    for arguments in (["load"], ["--json"]):
        result = run(app, *arguments)
        assert result.exit_code == 1
        assert "flask --app wsgi db upgrade" in result.stderr


def test_links_of_a_demonstration_that_is_not_loaded_are_refused(make_app: Callable[..., Flask]) -> None:
    result = run(make_app(), "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "flask --app wsgi demo load" in result.stderr


def test_a_taken_port_is_named_before_anything_is_done(make_app: Callable[..., Flask]) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        port = listener.getsockname()[1]
        app = make_app(migrated=False, port=port)
        result = run(app, "serve")
    assert result.exit_code == 1
    assert f"127.0.0.1:{port}: another program listens there" in result.stderr
    assert f"make run PORT={port + 1}" in result.stderr
    with app.app_context(), db.engines["read"].connect() as connection:
        assert migrate.current(connection) is None


def test_an_address_of_another_machine_is_refused_with_the_reason() -> None:
    with pytest.raises(demo_server.PortTakenError, match="cannot serve on 192"):
        demo_server.require_free_port("192.0.2.1", 8000)


def environment(folder: Path, **changes: str) -> dict[str, str]:
    url = f"sqlite:///{folder / 'served é.sqlite'}"
    mode = {"MODE": "demonstration", "SECRET_KEY": KEY, "DATABASE_URL": url, "HOST": "127.0.0.1"}
    return {**os.environ, "PUBLIC_URL": "", "CONTACT_KEYS": "", "PYTHONUNBUFFERED": "1", **mode, **changes}


class Served(NamedTuple):
    """A server as `make run` starts it, and all that it printed up to then."""

    folder: Path
    port: int
    text: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`demo serve` on an empty database: one for its tests, since it loads a demonstration first."""
    port, folder = free_port(), tmp_path_factory.mktemp("served")
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "demo", "serve"],
        cwd=ROOT,
        env=environment(folder, PORT=str(port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        for line in process.stdout:
            lines.append(line)
            if "Listening at" in line:
                break
        yield Served(folder, port, "".join(lines))
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=START_SECONDS)
    assert "Shutting down" in rest
    assert process.returncode == 0


def test_serving_prints_the_ways_in_and_serves_them(served: Served) -> None:
    folder, port, text = served
    base = f"http://127.0.0.1:{port}"
    assert text.count(f"{base}/l/") == 2
    assert text.count("█▄▄▄▄▄▄▄█") >= 2, "a QR for each of the two links"
    assert f"Open {base}/login" in text
    assert "Ctrl+C" in text
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "demo", "--json"]
    settings = environment(folder, PORT=str(port))
    printed = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=True)
    read = json.loads(printed.stdout)
    assert read["base_url"] == base
    assert all(each["password"] in text for each in read["staff"])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    connection.request("GET", read["patients"][0]["link"].removeprefix(base))
    assert connection.getresponse().status == 200
    connection.close()


def test_gunicorn_refuses_a_database_that_is_not_at_the_newest_version(tmp_path: Path) -> None:
    refused = subprocess.run(
        demo_server.server_command(),
        cwd=ROOT,
        env=environment(tmp_path, PORT=str(free_port())),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert refused.returncode == 1
    assert "flask --app wsgi db upgrade" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.requirement("DAT-01")
def test_a_server_without_contact_keys_says_what_cannot_be_kept(served: Served) -> None:
    assert "CONTACT_KEYS is not set: contact details of patients cannot be kept" in served.text


def test_gunicorn_refuses_a_missing_secret_in_one_line(tmp_path: Path) -> None:
    refused = subprocess.run(
        demo_server.server_command(),
        cwd=ROOT,
        env=environment(tmp_path, SECRET_KEY="short"),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert refused.returncode != 0
    assert "SECRET_KEY: needs at least" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_first_run_writes_a_secret_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert write_environment(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    values = dict(line.split("=", 1) for line in path.read_text("utf-8").splitlines() if "=" in line)
    assert values["MODE"] == "demonstration"
    assert len(values["SECRET_KEY"]) >= 43
    assert [(number, len(key)) for number, key in read_settings(values).contact_keys] == [(1, 32)]


def test_a_second_run_leaves_the_secret_alone(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("SECRET_KEY=mine\n", "utf-8")
    assert not write_environment(path)
    assert path.read_text("utf-8") == "SECRET_KEY=mine\n"


def test_two_first_runs_have_different_secrets(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    assert write_environment(first)
    assert write_environment(second)
    assert first.read_text("utf-8") != second.read_text("utf-8")
