"""python -m benchmarks.crowd: many patients at once, each thinking between answers; none may be lost."""

import argparse
import random
import secrets
import sys
import tempfile
import threading
import time
from collections import deque
from itertools import islice
from pathlib import Path

from benchmarks.client import Client
from benchmarks.flow import expect, start, sync_body, token_of
from benchmarks.processes import cpu_seconds, serve
from benchmarks.study import ScratchStudy, Task
from tests.postgres import database_url

MOST_PATIENTS, MOST_ANSWERS, MOST_P95 = 300, 40, 0.5
THINKS = (2.0, 5.0)


def main() -> int:
    """Prints the times of the requests and what was lost; 1 when anything was or the wait is too long."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        sqlite = f"sqlite:///{Path(folder) / 'crowd.sqlite'}"
        url = sqlite if options.database == "sqlite" else database_url("benchmark")
        key = secrets.token_urlsafe(48)
        study = ScratchStudy(url, key)
        tasks = study.make_tasks(options.patients)
        environment = {"MODE": "demonstration", "SECRET_KEY": key, "DATABASE_URL": url, "PUBLIC_URL": ""}
        with serve("wsgi:application", environment, Path(folder)) as server:
            used = cpu_seconds(server.pid)
            seconds, failures, wall = play(server.port, tasks, options.answers)
            used = cpu_seconds(server.pid) - used
        stored = {task.patient_id: study.stored_answers(task.patient_id) for task in tasks}
        lost = [
            f"patient {task.patient_id}: {item}"
            for task in tasks
            for item, value in islice(task.answers.items(), options.answers)
            if stored[task.patient_id].get(item) != value
        ]
        study.close()
    ordered = sorted(seconds)
    p50, p95 = (ordered[int(share * len(ordered))] for share in (0.5, 0.95))
    is_kept = not lost and not failures and p95 <= MOST_P95
    print(
        f"{options.patients} patients at once on {options.database}, {options.answers} answers each,"
        f" {THINKS[0]:g}-{THINKS[1]:g} s between them: {len(seconds)} requests in {wall:.0f} s,"
        f" {used:.1f} s of server CPU, p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms"
        f" (at most {MOST_P95 * 1000:g}), {len(lost)} answers lost, {len(failures)} failures:"
        f" {'kept' if is_kept else 'MISSED'}"
    )
    for problem in [*failures, *lost][:5]:
        print(f"FAILED {problem}")
    return 0 if is_kept else 1


def play(port: int, tasks: list[Task], answers: int) -> tuple[list[float], list[str], float]:
    """All patients at once; the seconds of each request, what failed, and how long it took."""
    seconds, failures = deque[float](), deque[str]()

    def patient(task: Task, chance: random.Random) -> None:
        # They do not all open their links in the same instant.
        time.sleep(chance.uniform(0, THINKS[1]))
        with Client(port) as client:
            try:
                place = start(client, task.path)
                token, device = token_of(client.get(place)), secrets.token_urlsafe(16)
                for numbered in islice(enumerate(task.answers.items(), start=1), answers):
                    time.sleep(chance.uniform(*THINKS))
                    reply = client.post_json("/survey/answers", sync_body(device, [numbered]), token)
                    expect(reply, "/survey/answers", 200, f'"acknowledged":[{numbered[0]}]')
            except Exception as error:  # noqa: BLE001 - counted, named and reported, whatever it is
                failures.append(f"{type(error).__name__}: {error}")
            seconds.extend(client.seconds)

    threads = [
        threading.Thread(target=patient, args=(task, random.Random(number)))
        for number, task in enumerate(tasks)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(seconds), list(failures), time.perf_counter() - began


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd", description=__doc__)
    parser.add_argument("--patients", type=int, default=200, help=f"at most {MOST_PATIENTS}")
    parser.add_argument("--answers", type=int, default=12, help=f"of each patient, at most {MOST_ANSWERS}")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    options = parser.parse_args()
    if not 1 <= options.patients <= MOST_PATIENTS or not 1 <= options.answers <= MOST_ANSWERS:
        parser.error("that is more than this machine is asked for")
    return options


if __name__ == "__main__":
    sys.exit(main())
