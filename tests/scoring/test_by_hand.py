"""The page that scores one patient by hand says what the scorer does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import scoring

PAGE = (Path(__file__).parents[2] / "docs" / "scoring.md").read_text("utf-8")
CODES = re.findall(r"^\| \d+ to \d+ \| (.+) \|$", PAGE, re.MULTILINE)
SCALES = re.findall(r"^\| ([A-Z]{2}2?) \| .+? \| (\d) \| .+ = ([\d.]+) \|$", PAGE, re.MULTILINE)


@pytest.mark.requirement("SCO-01")
@pytest.mark.requirement("SCO-02")
def test_the_page_and_the_scorer_agree() -> None:
    codes = [None if code == "none" else int(code) for line in CODES for code in line.split(", ")]
    instrument = scoring.load_instrument("qlq-c30")
    found = scoring.score_answers(
        instrument, dict(zip((item.id for item in instrument.items), codes, strict=True))
    )
    assert [scale for scale, _, _ in SCALES] == [scale.code for scale in instrument.scales]
    for scale, answered, score in SCALES:
        assert (found.answered[scale], f"{found.values[scale]:.2f}") == (int(answered), score), scale
    summary = re.findall(r"/ 13 = ([\d.]+)$", PAGE, re.MULTILINE)
    assert summary == [f"{found.values['SUMMARY']:.2f}"]
    assert f"answered {found.items_answered} of the {len(instrument.items)} items" in PAGE
