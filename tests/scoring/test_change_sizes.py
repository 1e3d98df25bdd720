"""The sizes of change that an instrument names, and how a mistake among them is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import scoring
from tests.scoring.test_structure_files import LINES, write

# Lower ends of a small, a medium and a large change, for the worse and for the better.
SIZES = {
    "QL2": ((5, 10, 16), (5, 8)),
    "PF2": ((5, 10, 17), (2, 7)),
    "RF2": ((7, 14, 22), (6, 12)),
    "EF": ((3, 12), (6, 9)),
    "CF": ((1, 7), (3, 7)),
    "SF": ((6, 11), (3, 8)),
    "FA": ((5, 10, 15), (4, 9)),
    "NV": ((5, 11, 15), (3, 9)),
    "PA": ((3, 11, 17), (5, 9)),
    "DY": ((5, 11), (2, 9)),
    "SL": ((2, 9), (5, 9)),
    "AP": ((2, 14, 23), (7, 13)),
    "CO": ((5, 15, 22), (4, 10)),
    "DI": ((5, 15), (7,)),
    "FI": ((2, 10), (3,)),
}
CHANGE = (
    'change = { worse = [4, 9.5], better = [3], level = "individual", confirmed = true, source = "scoring" }'
)
LINE = 25  # behind the last line of the first scale


@pytest.mark.requirement("INS-08")
def test_the_sizes_of_the_qlq_c30_equal_the_table_and_are_marked_as_unconfirmed(
    qlq_c30: scoring.Instrument,
) -> None:
    sizes = {scale.code: scale.minimal_change for scale in qlq_c30.scales}
    assert {code: (size.worse, size.better) for code, size in sizes.items() if size} == SIZES
    for size in sizes.values():
        assert size is not None
        assert (size.level, size.confirmed) == ("group", False)
        assert size.source == "Cocks K et al. Eur J Cancer 2012;48:1713"


@pytest.mark.requirement("INS-08")
def test_another_instrument_may_name_sizes_or_none(tmp_path: Path) -> None:
    mood = scoring.read_instrument(write(tmp_path, [*LINES[: LINE - 1], CHANGE, *LINES[LINE - 1 :]]))
    found = mood.scale("GLAD").minimal_change
    assert found is not None
    assert (found.worse, found.better, found.level) == ((4.0, 9.5), (3.0,), "individual")
    assert (found.confirmed, found.source) == (True, "A paper")
    assert mood.scale("SAD").minimal_change is None


def test_the_good_end_of_every_score_is_known(qlq_c30: scoring.Instrument, tmp_path: Path) -> None:
    assert qlq_c30.ends == {scale.code: scale.better for scale in qlq_c30.scales} | {"SUMMARY": "higher"}
    assert list(qlq_c30.ends)[-1] == "SUMMARY"
    mood = scoring.read_instrument(write(tmp_path, LINES[: LINES.index("[summary]")]))
    assert mood.ends == {"GLAD": "higher", "SAD": "lower"}


RISING = "must be one to three rising numbers above 0, at most 100"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[4, 9.5]", "[]", f"worse {RISING}"),
        ("[4, 9.5]", "[4, 4]", f"worse {RISING}"),
        ("[4, 9.5]", "[0, 4]", f"worse {RISING}"),
        ("[4, 9.5]", "[1, 2, 3, 4]", f"worse {RISING}"),
        ("[4, 9.5]", "[4, true]", f"worse {RISING}"),
        ("[4, 9.5]", '[4, "9"]', f"worse {RISING}"),
        ("[4, 9.5]", "[4, nan]", f"worse {RISING}"),
        ("[4, 9.5]", "4", f"worse {RISING}"),
        ("[3]", "[100.5]", f"better {RISING}"),
        ("better = [3], ", "", f"better {RISING}"),
        ('"individual"', '"person"', "level must be one of group, individual"),
        ("true", "1", "confirmed must be true or false"),
        ('"scoring"', '"hearsay"', "there is no hearsay"),
        ("better", "bettre", "bettre is not known here"),
        (CHANGE, "change = 4", "change must be a table"),
    ],
)
def test_a_mistake_is_refused_with_its_line(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, [*LINES[: LINE - 1], CHANGE.replace(old, new), *LINES[LINE - 1 :]])
    with pytest.raises(scoring.InstrumentError) as caught:
        scoring.read_instrument(path)
    assert (caught.value.line, caught.value.message) == (LINE, message)


@pytest.mark.parametrize("sizes", ["[100]", "[1, 2, 3]"])
def test_three_sizes_and_the_whole_range_are_allowed(sizes: str, tmp_path: Path) -> None:
    lines = [*LINES[: LINE - 1], CHANGE.replace("[3]", sizes), *LINES[LINE - 1 :]]
    found = scoring.read_instrument(write(tmp_path, lines)).scale("GLAD").minimal_change
    assert found is not None
    assert list(found.better) == [float(size) for size in sizes.strip("[]").split(",")]
