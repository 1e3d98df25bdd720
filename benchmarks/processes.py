"""Starts servers on 127.0.0.1, reads what their processes used, and ends them by their own id."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.postgres_process import free_port

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS, STOP_SECONDS, POLL_SECONDS = 30, 20, 0.05


class ServerError(Exception):
    """A server did not come up; holds what it said."""

    def __init__(self, application: str, log: str) -> None:
        super().__init__(f"{application} did not start:\n{log}")
        self.log = log


@dataclass(frozen=True)
class Server:
    """A running gunicorn."""

    port: int
    pid: int


@contextmanager
def serve(application: str, environment: Mapping[str, str], folder: Path) -> Iterator[Server]:
    """Serves an application with the configuration of production until the block ends."""
    port, log = free_port(), folder / f"{application.split(':')[0]}.log"
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", application]
    settings = os.environ | environment | {"HOST": "127.0.0.1", "PORT": str(port)}
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=output, stderr=output)
    try:
        if not _is_up(process, port):
            raise ServerError(application, log.read_text("utf-8")[-2000:])
        yield Server(port, process.pid)
    finally:
        _stop(process)


def cpu_seconds(root: int | None) -> float:
    """User and system time of a process and all below it, ended children included; 0 for none."""
    return sum(_ticks(pid) for pid in tree(root)) / TICKS if root else 0.0


def tree(root: int) -> list[int]:
    """A process and its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def parent(pid: int) -> int | None:
    """The process that started another one, on this machine."""
    fields = _stat(pid)
    return int(fields[1]) if fields else None


def _ticks(pid: int) -> int:
    fields = _stat(pid)
    return sum(int(each) for each in fields[11:15]) if fields else 0


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; None when the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()
    except OSError:
        return None


def _is_up(process: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/no-such-page")
            connection.getresponse().read()
        except OSError:
            time.sleep(POLL_SECONDS)
        else:
            return True
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
