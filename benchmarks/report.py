"""Puts the measurements into lines that can be copied into a dossier."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.load import Cost, median


@dataclass(frozen=True)
class Way:
    """One way through a visit: its name, how many requests and answers it has, what it may cost at most."""

    name: str
    requests: int
    answers: int
    most: float


def report(kind: str, way: Way, ours: Sequence[Cost], bare: Sequence[Cost]) -> bool:
    """Prints the medians of the rounds; whether the floor was kept.

    `bare` are rounds of as many requests. The floor counts against them; beside them stands the cost against
    one bare request an answer.
    """
    print(_line(kind, way.name, ours))
    same_requests = median([a.cpu_per_unit / b.cpu_per_unit for a, b in zip(ours, bare, strict=True)])
    same_answers = same_requests * way.requests / way.answers
    verdict = f"at most {way.most:g}: {'kept' if same_requests <= way.most else 'MISSED'}"
    print(
        f"{kind:11} {way.name}: {same_requests:.2f} times {way.requests} bare requests in CPU ({verdict}),"
        f" {same_answers:.2f} times that of {way.answers}, one an answer"
    )
    return same_requests <= way.most


def report_bare(kind: str, requests: int, bare: Sequence[Cost]) -> None:
    """Prints the medians of the bare rounds."""
    print(_line(kind, f"{requests} bare inserts", bare))


def _line(kind: str, what: str, costs: Sequence[Cost]) -> str:
    def middle(value: Callable[[Cost], float]) -> float:
        return median([value(cost) for cost in costs])

    requests = middle(lambda cost: len(cost.request_seconds) / max(cost.done, 1))
    database = middle(lambda cost: cost.database_seconds / max(cost.done, 1))
    return (
        f"{kind:11} {what:26} {middle(lambda cost: cost.units_per_second):7.2f} a second,"
        f" {middle(lambda cost: cost.cpu_per_unit) * 1000:7.1f} ms of server CPU each"
        f" (database {database * 1000:.1f}), {requests:.0f} requests each,"
        f" p50 {middle(lambda cost: cost.percentile(0.5)) * 1000:.1f} ms,"
        f" p95 {middle(lambda cost: cost.percentile(0.95)) * 1000:.1f} ms a request"
    )
