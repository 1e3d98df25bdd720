"""The pytest plugin that spares the tests most of the search for garbage in cycles.

What collecting the tests makes (modules, items, metadata of tables) lives to the end, and the search would
walk through all of it again and again: a third of the time of collecting, a twentieth of that of the tests.
"""

import gc

import pytest

# How many new objects there are before the youngest are searched; Python's own default is 700.
NEW_OBJECTS = 50_000


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Next to nothing is let go of while the application is loaded and the tests are collected."""
    gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What there is now is looked at no more; what a test leaves behind still is."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
    gc.enable()


def pytest_unconfigure() -> None:
    """The interpreter is left as it was found, so that what was not closed is found at the very end."""
    gc.unfreeze()
    gc.enable()
