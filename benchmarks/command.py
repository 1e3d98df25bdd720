"""python -m benchmarks.command [ROWS]: the cost of `python -m scoring` against mere reading and writing.

Two yardsticks, both Polars in the same pieces: reading IN and writing a file of the size of OUT, without
which the command cannot do; and copying IN, whose output has a fifth of the bytes.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from scoring.command.reading import ROWS

ROOT = Path(__file__).resolve().parent.parent
MOST_TIMES, MOST_MEMORY = 2.0, 1024
ROUNDS = 3
PIECES = (
    f"pl.scan_csv(sys.argv[1], infer_schema=False).collect_batches(chunk_size={ROWS}, maintain_order=True)"
)
COPY = f"""
import sys, polars as pl
with open(sys.argv[2], "wb") as file:
    for number, piece in enumerate({PIECES}):
        piece.write_csv(file, include_header=not number, batch_size=8192)
"""
READ_AND_WRITE = f"""
import sys, polars as pl
scored = pl.read_csv(sys.argv[3], n_rows={ROWS})
with open(sys.argv[2], "wb") as file:
    for number, piece in enumerate({PIECES}):
        scored.head(piece.height).write_csv(file, include_header=not number, batch_size=8192)
"""


@dataclass(frozen=True)
class Cost:
    """What one process used: seconds on the clock and of CPU, and MiB of memory at its peak."""

    wall: float
    cpu: float
    memory: float


def measure(*command: str | Path) -> Cost:
    """Runs a process to its end, which must be a good one."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *map(str, command)], cwd=ROOT)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return Cost(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def write_questionnaires(path: Path, rows: int) -> None:
    """So many questionnaires, 5 % of their answers missing."""
    chance = np.random.default_rng(3)
    with path.open("wb") as file:
        for start in range(0, rows, 1_000_000):
            count = min(1_000_000, rows - start)
            columns = {"id": pl.Series([f"P{number:08}" for number in range(start, start + count)])}
            for item in range(1, 31):
                codes = pl.Series(chance.integers(1, 5 if item < 29 else 8, count))
                columns[f"q{item:02}"] = codes.set(pl.Series(chance.random(count) < 0.05), None)
            pl.DataFrame(columns).write_csv(file, include_header=not start)


def main(rows: int) -> int:
    """Prints the medians and the ratios; 1 when a promise is not kept."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        source, target, other = (Path(name, file) for file in ("in.csv", "out.csv", "other.csv"))
        write_questionnaires(source, rows)
        command = ("-m", "scoring", "qlq-c30", source, "-o", target, "--id", "id")
        runs = {
            "command": command,
            "read IN, write OUT": ("-c", READ_AND_WRITE, source, other, target),
            "copy IN": ("-c", COPY, source, other),
        }
        costs: dict[str, list[Cost]] = {kind: [] for kind in runs}
        measure(*command)
        for _ in range(ROUNDS):
            for kind in random.sample(list(runs), len(runs)):
                costs[kind].append(measure(*runs[kind]))
    return report(rows, {kind: middle(found) for kind, found in costs.items()})


def middle(costs: list[Cost]) -> Cost:
    """The run with the median time."""
    return sorted(costs, key=lambda cost: cost.wall)[len(costs) // 2]


def report(rows: int, costs: dict[str, Cost]) -> int:
    """A line for each, and what was promised."""
    ours, yardstick = costs["command"], costs["read IN, write OUT"]
    for kind, cost in costs.items():
        print(
            f"{rows:,} rows, {kind:18}: {cost.wall:6.2f} s, {cost.cpu:6.2f} s of CPU, {cost.memory:5.0f} MiB;"
            f" the command takes {ours.wall / cost.wall:.2f} times as long, {ours.cpu / cost.cpu:.2f} of CPU"
        )
    kept = ours.wall <= MOST_TIMES * yardstick.wall and ours.memory < MOST_MEMORY
    verdict = "kept" if kept else "MISSED"
    print(f"at most {MOST_TIMES:g} times reading and writing, below {MOST_MEMORY} MiB: {verdict}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 1_000_000))
