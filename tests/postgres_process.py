"""Starts a PostgreSQL of our own from the binaries of the machine, and always ends it."""

import atexit
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg

FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "usr/local/pgsql/bin",
    "opt/homebrew/opt/postgresql*/bin",
)
UNPRIVILEGED = ("postgres", "nobody")
# Speed over safety: the data live as long as the tests.
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "100",
    "shared_buffers": "32MB",
}
TRIES, POLLS, POLL_SECONDS, STOP_SECONDS = 3, 400, 0.05, 10


class NoPostgresError(Exception):
    """No PostgreSQL can be started here; says why and what to do."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server; url names the database from which others are made."""

    url: str
    stop: Callable[[], None]


def find_binaries() -> Path | None:
    """The folder that holds initdb and postgres: on PATH, else the newest in the usual places."""
    found = [Path(path).resolve().parent for name in ("initdb", "pg_ctl") if (path := shutil.which(name))]
    for pattern in FOLDERS:
        found += sorted(Path("/").glob(pattern), key=version_number, reverse=True)
    complete = (
        folder for folder in found if all((folder / name).exists() for name in ("initdb", "postgres"))
    )
    return next(complete, None)


def version_number(folder: Path) -> float:
    """The version in a folder such as .../postgresql/15/bin; 0 without one."""
    digits = [part for part in folder.parts if part.replace(".", "").isdigit()]
    return float(digits[0]) if digits else 0.0


def start_server(folder: Path) -> PostgresServer:
    """A new cluster in a temporary folder and a server on it, which only this machine can reach."""
    owner = unprivileged_user()
    home = Path(tempfile.mkdtemp(prefix="test-postgres-", dir=reachable_folder()))
    if owner:
        os.chown(home, owner.pw_uid, owner.pw_gid)
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    initialise(folder, home, owner)
    for _ in range(TRIES):
        port = free_port()
        process = launch(folder, home, port, owner)
        url = f"postgresql://test@127.0.0.1:{port}/postgres"
        if is_up(process, url):
            return PostgresServer(url.replace("postgresql:", "postgresql+psycopg:"), stop_at_exit(process))
    raise NoPostgresError(f"postgres did not start:\n{(home / 'log').read_text(encoding='utf-8')[-2000:]}")


def unprivileged_user() -> pwd.struct_passwd | None:
    """Whom the server runs as when we are the superuser, which PostgreSQL refuses; None: ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    found = next((known[name] for name in UNPRIVILEGED if name in known), None)
    if found is None:
        raise NoPostgresError(
            f"PostgreSQL cannot run as root, and there is no user {' or '.join(UNPRIVILEGED)}."
        )
    return found


def reachable_folder() -> Path:
    """A folder for temporary files that any user can enter: the usual one may be private to root."""
    folders = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108
    open_ones = (each for each in folders if all(part.stat().st_mode & 1 for part in (each, *each.parents)))
    return next(open_ones, folders[0])


def as_user(owner: pwd.struct_passwd | None) -> dict[str, Any]:
    """How a process is started as that user."""
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}


def initialise(folder: Path, home: Path, owner: pwd.struct_passwd | None) -> None:
    """An empty cluster, in which the user test may do all."""
    where = [str(folder / "initdb"), "-D", str(home / "data")]
    how = ["-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
    done = subprocess.run(
        [*where, *how],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        **as_user(owner),
    )
    if done.returncode:
        raise NoPostgresError(f"initdb failed:\n{done.stderr}")


def launch(folder: Path, home: Path, port: int, owner: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
    """The server, in a session of its own so that Ctrl-C reaches the tests alone."""
    options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
    with (home / "log").open("ab") as log:
        return subprocess.Popen(
            [folder / "postgres", "-D", home / "data", "-p", str(port), *options],
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_parent,
            **as_user(owner),
        )


def die_with_parent() -> None:
    """Linux ends the server even when the tests are killed outright."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGQUIT)


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def is_up(process: subprocess.Popen[bytes], url: str) -> bool:
    """Waits until the server answers; False when it ended instead, as when another program took the port."""
    for _ in range(POLLS):
        try:
            process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            if answers(url):
                return True
        else:
            return False
    stop(process)
    return False


def answers(url: str) -> bool:
    """Whether a connection can be made."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def stop_at_exit(process: subprocess.Popen[bytes]) -> Callable[[], None]:
    """What ends this one server: at exit, on a polite signal, or by hand. A forked child leaves it alone."""
    owner = os.getpid()

    def end() -> None:
        if os.getpid() == owner:
            stop(process)

    atexit.register(end)
    main = threading.current_thread() is threading.main_thread()
    if main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, leave)
    return end


def leave(number: int, frame: FrameType | None) -> None:
    """Turns a signal into an orderly exit, so that what is registered for the exit runs."""
    sys.exit(128 + number)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Asks the server to end its connections, then insists."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
