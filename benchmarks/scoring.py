"""python -m benchmarks.scoring: time and memory of score_frame and score_answers, beside code by hand.

A line says what was measured, the figure, the most it may be, and whether that was kept or MISSED. The
command fails when one was missed.
"""

import argparse
import gc
import os
import subprocess
import sys
import time
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

import scoring
from benchmarks import scoring_by_hand as by_hand

MISSING = 0.05
MOST_MEMORY = 3.0
MOST_MICROSECONDS = 20.0
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Kind:
    """A kind of frame: how it is made, the version by hand, and how many times its time ours may take."""

    name: str
    make: Callable[[int], Any]
    by_hand: Callable[[Any, bool], Any]
    most: float


@dataclass(frozen=True)
class Took:
    """One run in seconds: of all cores together, and on the clock."""

    cpu: float
    wall: float

    def __str__(self) -> str:
        return f"{self.cpu:.3f} s CPU, {self.wall:.3f} s clock"


def pandas_floats(rows: int) -> pd.DataFrame:
    """Synthetic answers, 5 % missing, the same ones every time."""
    chance = np.random.default_rng(1)
    return pd.DataFrame(
        {
            item: np.where(chance.random(rows) < MISSING, np.nan, chance.integers(1, highest + 1, rows))
            for item, highest in zip(by_hand.ITEMS, by_hand.HIGHEST, strict=True)
        }
    )


def pandas_nullable(rows: int) -> pd.DataFrame:
    """The same answers in pandas' own whole numbers with NA."""
    return pandas_floats(rows).astype("Int64")


def polars_integers(rows: int) -> pl.DataFrame:
    """The same answers in Polars."""
    return pl.from_pandas(pandas_nullable(rows))


KINDS = {
    "polars": Kind("Polars", polars_integers, by_hand.score_polars, 1.3),
    "pandas": Kind("pandas float64", pandas_floats, by_hand.score_pandas, 1.5),
    "nullable": Kind("pandas Int64", pandas_nullable, by_hand.score_pandas_nullable, 2.0),
}


def main() -> int:
    """Measures everything; 1 when a floor was missed."""
    options = _options()
    if options.memory:
        print(*_memory_in_here(KINDS[options.memory], options.rows))
        return 0
    print(
        f"{options.rows:,} questionnaires, {MISSING:.0%} missing; fastest of {options.rounds} rounds in turns"
    )
    kept = [_time(kind, options.rows, options.rounds) for kind in KINDS.values()]
    kept += [_memory(name, options.rows) for name in KINDS]
    kept.append(_one_questionnaire())
    return 0 if all(kept) else 1


def _time(kind: Kind, rows: int, rounds: int) -> bool:
    """Ours against the version by hand, once refusing bad values as ours does, once checking nothing."""
    frame = kind.make(rows)
    ways: dict[str, Callable[[], Any]] = {
        "score_frame": lambda: scoring.score_frame(frame),
        "by hand, refusing bad values": lambda: kind.by_hand(frame, True),
        "by hand, checking nothing": lambda: kind.by_hand(frame, False),
    }
    ours, *hands = ways
    _require_equal(ways[ours](), ways[hands[0]]())
    took: dict[str, list[Took]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in islice(cycle(ways), number, number + len(ways)):
            took[way].append(_run(ways[way]))
    fastest = {way: _fastest(runs) for way, runs in took.items()}
    kept = [_compare(kind, (ours, fastest[ours]), (hand, fastest[hand])) for hand in hands]
    return all(kept)


def _compare(kind: Kind, ours: tuple[str, Took], hand: tuple[str, Took]) -> bool:
    cpu, wall = ours[1].cpu / hand[1].cpu, ours[1].wall / hand[1].wall
    figure = f"{ours[0]} {ours[1]}; {hand[0]} {hand[1]}; {wall:.2f} times the clock, {cpu:.2f} times the CPU"
    return _say(kind.name, figure, max(cpu, wall), kind.most)


def _run(run: Callable[[], Any]) -> Took:
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    result = run()
    took = Took(time.process_time() - cpu, time.perf_counter() - wall)
    del result
    return took


def _fastest(took: list[Took]) -> Took:
    """What else ran on the machine, and memory that it had to find first, only ever add."""
    return Took(min(one.cpu for one in took), min(one.wall for one in took))


def _require_equal(ours: Any, hand: Any) -> None:
    """A version by hand that gave something else would be no measure."""
    if list(ours.columns) != list(hand.columns) or list(ours.dtypes) != list(hand.dtypes):
        raise AssertionError("other columns")
    for name in ours.columns:
        one, other = (np.asarray(frame[name].to_numpy(), dtype=float) for frame in (ours, hand))
        if not np.allclose(one, other, rtol=0, atol=1e-9, equal_nan=True):
            raise AssertionError(name)


def _memory(name: str, rows: int) -> bool:
    """In a process of its own, whose highest mark nothing else has raised."""
    command = [sys.executable, "-m", "benchmarks.scoring", "--memory", name, "--rows", str(rows)]
    run = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent
    )
    peak, size = (int(number) for number in run.stdout.split())
    ratio = peak / size
    sizes = f"{peak / MEBIBYTE:.0f} MiB for {size / MEBIBYTE:.0f} MiB of input and output"
    return _say(KINDS[name].name, f"memory {sizes}, {ratio:.2f} times", ratio, MOST_MEMORY)


def _memory_in_here(kind: Kind, rows: int) -> tuple[int, int]:
    """The highest use of memory, input included, above that of the libraries; input and output; in bytes."""
    scoring.score_frame(kind.make(10))
    before = _status("VmRSS")
    frame = kind.make(rows)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest mark from here on
    scored = scoring.score_frame(frame)
    return _status("VmHWM") - before, _size(scored)


def _status(key: str) -> int:
    """A line of /proc/self/status in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:"))


def _size(frame: Any) -> int:
    """Of a scored frame, which holds the input's columns too."""
    if isinstance(frame, pl.DataFrame):
        return int(frame.estimated_size())
    return int(frame.memory_usage(index=False).sum())


def _one_questionnaire() -> bool:
    instrument = scoring.load_instrument("qlq-c30")
    answers = {item.id: 1 + item.number % item.highest for item in instrument.items}
    number = 2000
    runs = timeit.repeat(lambda: scoring.score_answers(instrument, answers), number=number, repeat=15)
    microseconds = min(runs) / number * 1e6
    return _say(
        "plain Python", f"score_answers {microseconds:.1f} microseconds", microseconds, MOST_MICROSECONDS
    )


def _say(what: str, figure: str, value: float, most: float) -> bool:
    kept = value <= most
    verdict = f"at most {most:g}: {'kept' if kept else 'MISSED'}"
    print(f"{what:14} {figure} ({verdict}), load {os.getloadavg()[0]:.1f}", flush=True)
    return kept


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--memory", choices=list(KINDS), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
