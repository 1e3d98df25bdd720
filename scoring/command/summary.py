"""Means, standard deviations and numbers of the scores, gathered piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

from scoring.instrument import Instrument


@dataclass(slots=True)
class Tally:
    """Number, mean and sum of squared deviations of the values so far, and how many were missing."""

    n: int = 0
    missing: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, column: Any) -> None:
        """Takes one more piece of a column in (Chan, Golub and LeVeque, Am Stat 1983;37:242-247)."""
        self.missing += column.null_count()
        n = len(column) - column.null_count()
        if not n:
            return
        mean = column.mean()
        apart = mean - self.mean
        self.squares += (column.var(ddof=0) * n) + apart**2 * self.n * n / (self.n + n)
        self.n += n
        self.mean += apart * n / self.n

    @property
    def sd(self) -> float | None:
        """The standard deviation of the sample; None for fewer than two values."""
        return sqrt(self.squares / (self.n - 1)) if self.n > 1 else None


class Summary:
    """A tally for each score of an instrument, the summary score last."""

    def __init__(self, instrument: Instrument) -> None:
        self._names = {scale.code: scale.names["en"] for scale in instrument.scales}
        if summary := instrument.summary:
            self._names[summary.code] = summary.names["en"]
        self.tallies = {code: Tally() for code in self._names}

    def add(self, scores: Any) -> None:
        """Takes the scores of one more piece in."""
        for code, tally in self.tallies.items():
            tally.add(scores[code])

    def table(self) -> str:
        """The table as text, a line for each score."""
        names = [f"{code:<8}  {name}" for code, name in self._names.items()]
        width = max(map(len, names))
        lines = [f"{'':{width}} {'mean':>8} {'SD':>8} {'n':>10} {'missing':>10}"]
        for name, tally in zip(names, self.tallies.values(), strict=True):
            mean, sd = _shown(tally.mean if tally.n else None), _shown(tally.sd)
            lines.append(f"{name:{width}} {mean:>8} {sd:>8} {tally.n:>10} {tally.missing:>10}")
        return "\n".join(lines) + "\n"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
