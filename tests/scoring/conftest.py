"""What the tests of scoring start from."""

from __future__ import annotations

import pytest

import scoring
from tests.scoring.published import ITEMS, Answers, Case, read_cases


@pytest.fixture(scope="session")
def cases() -> list[Case]:
    return read_cases()


@pytest.fixture(scope="session")
def qlq_c30() -> scoring.Instrument:
    return scoring.load_instrument("qlq-c30")


@pytest.fixture(scope="session")
def complete() -> Answers:
    """Every item answered, with codes that differ between neighbours."""
    return {item: 1 + number % (4 if number < 28 else 7) for number, item in enumerate(ITEMS)}
