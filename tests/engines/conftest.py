"""Keeps the engines out of a run that did not ask for them; one that did fails where an engine is missing."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
LAZY = ["polars lazy", "duckdb", "dask", "pyspark"]
ENGINES = ["pandas", "polars", "pyarrow", *LAZY]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if not collection_path.is_relative_to(HERE):
        return None
    asked_for = (config.invocation_params.dir / arg.split("::")[0] for arg in config.args)
    return None if any(path.resolve().is_relative_to(HERE) for path in asked_for) else True


@pytest.fixture(scope="session")
def frames() -> Any:
    """tests.engines.frames, only now: a run that did not ask for the engines has none to import."""
    return import_module("tests.engines.frames")


@pytest.fixture(scope="session")
def spark(frames: Any) -> Iterator[Any]:
    session = frames.start_spark()
    yield session
    session.stop()


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest, frames: Any) -> Any:
    """Each in turn, a tests.engines.frames.Engine; or those of parametrize("engine", LAZY, indirect=True)."""
    started = request.getfixturevalue("spark") if request.param == "pyspark" else None
    return frames.Engine(request.param, started)
