"""What the tests of scoring start from."""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings

import scoring
from scoring.instrument import load_instrument
from scoring.proctcae_table import load_proctcae
from tests.scoring.published import ITEMS, Answers, Case, read_cases

# For make mutation: the same examples in every run, and no search for the smallest once a mutant is caught.
settings.register_profile(
    "mutation",
    settings.get_profile("ci"),
    phases=(Phase.explicit, Phase.generate),
)


@pytest.fixture(scope="session", autouse=True)
def structures_read_anew() -> None:
    """What collecting the tests has loaded is read again, so that mutants of the reading come to light."""
    load_instrument.cache_clear()
    load_proctcae.cache_clear()


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
