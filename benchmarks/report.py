"""Puts the measurements into lines that can be copied into a dossier."""

from collections.abc import Callable, Sequence

from benchmarks.flow import ITEMS, REQUESTS
from benchmarks.load import Cost, median

FLOOR = 5.0


def report(kind: str, ours: Sequence[Cost], bare: Sequence[Cost], problems: list[str]) -> bool:
    """Prints the medians of the rounds; whether nothing failed and the floor was kept."""
    problems = [*problems, *(failure for cost in bare for failure in cost.failures)]
    print(_line(kind, "questionnaires", ours))
    print(_line(kind, f"{REQUESTS} bare inserts", bare))
    same_requests = median([a.cpu_per_unit / b.cpu_per_unit for a, b in zip(ours, bare, strict=True)])
    same_answers = same_requests * REQUESTS / len(ITEMS)
    verdict = f"at most {FLOOR:g}: {'kept' if same_requests <= FLOOR else 'MISSED'}"
    print(
        f"{kind:11} server CPU: {same_requests:.2f} times {REQUESTS} bare requests ({verdict}),"
        f" {same_answers:.2f} times {len(ITEMS)}; {len(problems)} failures"
    )
    for problem in problems[:5]:
        print(f"{kind:11} FAILED {problem}")
    return not problems and same_requests <= FLOOR


def _line(kind: str, what: str, costs: Sequence[Cost]) -> str:
    def middle(value: Callable[[Cost], float]) -> float:
        return median([value(cost) for cost in costs])

    requests = middle(lambda cost: len(cost.request_seconds) / max(cost.done, 1))
    database = middle(lambda cost: cost.database_seconds / max(cost.done, 1))
    return (
        f"{kind:11} {what:16} {middle(lambda cost: cost.units_per_second):7.2f} a second,"
        f" {middle(lambda cost: cost.cpu_per_unit) * 1000:7.1f} ms of server CPU each"
        f" (database {database * 1000:.1f}), {requests:.0f} requests each,"
        f" p50 {middle(lambda cost: cost.percentile(0.5)) * 1000:.1f} ms,"
        f" p95 {middle(lambda cost: cost.percentile(0.95)) * 1000:.1f} ms a request"
    )
