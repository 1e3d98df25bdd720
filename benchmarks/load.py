"""Drives work by a number of patients at once and says what it cost."""

import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.client import Client
from benchmarks.processes import Server, cpu_seconds

Unit = Callable[[Client], None]


@dataclass(frozen=True)
class Cost:
    """One round: how much was done and failed, how long it took, what the server's processes used."""

    done: int
    failures: tuple[str, ...]
    wall_seconds: float
    web_seconds: float
    database_seconds: float
    request_seconds: tuple[float, ...]

    @property
    def cpu_per_unit(self) -> float:
        """CPU-seconds of web server and database server for each unit done."""
        return (self.web_seconds + self.database_seconds) / self.done if self.done else float("inf")

    @property
    def units_per_second(self) -> float:
        """Units done in a second of the clock on the wall."""
        return self.done / self.wall_seconds

    def percentile(self, share: float) -> float:
        """The time that this share of the requests did not exceed."""
        ordered = sorted(self.request_seconds)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else float("nan")


def drive(server: Server, database_pid: int | None, units: Sequence[Unit], at_once: int) -> Cost:
    """Does all units, a new connection each, with so many of them under way at any time."""
    waiting, done, failures, seconds = deque(units), [0] * at_once, deque[str](), deque[float]()

    def work(worker: int) -> None:
        while True:
            try:
                unit = waiting.popleft()
            except IndexError:
                return
            with Client(server.port) as client:
                try:
                    unit(client)
                    done[worker] += 1
                except Exception as error:  # noqa: BLE001 - counted, named and reported, whatever it is
                    failures.append(f"{type(error).__name__}: {error}")
                seconds.extend(client.seconds)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(at_once)]
    web, database = cpu_seconds(server.pid), cpu_seconds(database_pid)
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - began
    return Cost(
        sum(done),
        tuple(failures),
        wall,
        cpu_seconds(server.pid) - web,
        cpu_seconds(database_pid) - database,
        tuple(seconds),
    )


def median(values: Sequence[float]) -> float:
    """The middle one of the rounds."""
    return statistics.median(values)
