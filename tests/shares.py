"""The pytest plugin that shares the tests out among the workers of pytest-xdist.

A test goes to whichever worker is free; tests that share something dear go to one worker together. The marker
that pytest-xdist has for that is without effect under pytest 9.2, which no longer lets it change the ids of
tests; so the modules are named here.
"""

from collections.abc import Iterable, Sequence
from typing import SupportsIndex

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]
from xdist.workermanage import WorkerController  # type: ignore[import-untyped]

# What the beginnings of node ids share. Of several the first one counts.
TOGETHER = {
    "tests/journeys/test_dossier.py": "one dossier",
    "tests/journeys/": "one web server and one browser",
    "tests/services/test_demo.py": "one demonstration in each database, and of the commands another",
    "tests/test_demo_cli.py": "one demonstration in each database, and of the commands another",
}


def group_of(node: str) -> str:
    """The name of what the test shares; its own id where it stands alone."""
    return next((group for beginning, group in TOGETHER.items() if node.startswith(beginning)), node)


class Numbered(list[str]):
    """The ids of all tests, in which each is found without comparing it with all those before."""

    def __init__(self, ids: Iterable[str]) -> None:
        super().__init__(ids)
        self._numbers = {each: number for number, each in enumerate(self)}

    def index(self, value: str, *_range: SupportsIndex) -> int:
        return self._numbers[value]


class Shares(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out group by group, the largest first, so that single tests fill what is left at the end."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        super().add_node_collection(node, collection)
        self.registered_collections[node] = Numbered(self.registered_collections[node])

    def _reschedule(self, node: WorkerController) -> None:
        """Forgets what is done, which would be counted again after each of the worker’s tests."""
        work = self.assigned_work[node]
        for scope in [each for each, unit in work.items() if all(unit.values())]:
            del work[scope]
        super()._reschedule(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling | None:
    """Takes the place of --dist loadgroup; every other way of sharing stays what it is."""
    return Shares(config, log) if config.getvalue("dist") == "loadgroup" else None
