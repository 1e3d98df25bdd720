"""A structure file is read whole or refused at the line at fault."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import scoring

LINES = """\
code = "mood"
version = "1"
name = "Mood"
items = [
  { id = "m1", number = 1, kind = "three" },
  { id = "m2", number = 2, kind = "three", recall = "day" },
  { id = "m3", number = 3, kind = "five" },
]
[sources]
scoring = "A paper"
[kinds.three]
lowest = 0
highest = 2
[kinds.five]
lowest = 1
highest = 5
[[scales]]
code = "GLAD"
names = { en = "Gladness", fr = "Gaieté" }
kind = "functional"
items = ["m1", "m2"]
reversed = false
better = "higher"
fewest = 2
[[scales]]
code = "SAD"
names = { en = "Sadness", fr = "Tristesse" }
kind = "symptom"
items = ["m3"]
reversed = false
better = "lower"
fewest = 1
threshold = { value = 12.5, confirmed = true, source = "scoring" }
[summary]
code = "ALL"
names = { en = "All", fr = "Tout" }
scales = ["GLAD", "SAD"]
better = "lower"
source = "scoring"
""".splitlines()


def write(folder: Path, lines: list[str]) -> Path:
    path = folder / "mood.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.requirement("INS-08")
def test_another_instrument_is_one_file_and_no_code(tmp_path: Path) -> None:
    mood = scoring.read_instrument(write(tmp_path, LINES))
    assert mood.item("m1").codes == (0, 1, 2)
    assert [item.recall for item in mood.items] == [None, "day", None]
    assert mood.scale("SAD").threshold == scoring.Threshold(12.5, confirmed=True, source="A paper")
    scores = scoring.score_answers(mood, {"m1": 2, "m2": 1, "m3": 2})
    assert scores.values == {"GLAD": 75.0, "SAD": 25.0, "ALL": 25.0}
    assert scores.answered == {"GLAD": 2, "SAD": 1, "ALL": 3}
    assert scoring.score_answers(mood, {"m1": 2}).values["GLAD"] is None


@pytest.mark.requirement("INS-08")
def test_a_summary_is_optional(tmp_path: Path) -> None:
    mood = scoring.read_instrument(write(tmp_path, LINES[: LINES.index("[summary]")]))
    assert mood.summary is None
    assert list(scoring.score_answers(mood, {}).values) == ["GLAD", "SAD"]
    scored = scoring.score_frame(pl.DataFrame({"m1": [2], "m2": [1], "m3": [2]}), mood)
    results = {"GLAD": 75.0, "SAD": 25.0, "GLAD_n": 2, "SAD_n": 1, "items_answered": 3}
    assert scored.row(0, named=True) == {"m1": 2, "m2": 1, "m3": 2} | results


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (1, "code = 3", "code must be a text"),
        (2, 'versio = "1"', "versio is not known here"),
        (3, 'name = ""', "name must be a text"),
        (5, '  { id = "m1", number = true, kind = "three" },', "number must be a whole number"),
        (6, '  { id = "m1", number = 2, kind = "three" },', "m1 is there twice"),
        (6, '  { id = "m2", number = 1, kind = "three" },', "1 is there twice"),
        (6, '  { id = "m2", number = 2, kind = "four" },', "there is no kind four"),
        (7, '  { number = 3, kind = "five" },', "id is missing"),
        (7, '  { id = "m3", number = 3, kind = "five", recal = "day" },', "recal is not known here"),
        (10, "scoring = 4", "scoring must be a text"),
        (13, "highest = 0", "highest must be above lowest"),
        (12, "lowest = 0.5", "lowest must be a whole number"),
        (26, 'code = "GLAD"', "GLAD is there twice"),
        (19, 'names = { en = "Gladness" }', "fr is missing"),
        (20, 'kind = "functionnal"', "kind must be one of global, functional, symptom"),
        (21, 'items = ["m1", "m4"]', "there is no m4"),
        (21, 'items = ["m1", "m1"]', "items must be a list of texts, none twice"),
        (21, 'items = ["m1", 2]', "items must be a list of texts, none twice"),
        (21, "items = []", "items must be a list of texts, none twice"),
        (21, 'items = ["m1", "m3"]', "the items of a scale must have the same codes"),
        (22, "reversed = 1", "reversed must be true or false"),
        (23, 'better = "up"', "better must be one of higher, lower"),
        (24, "fewest = 3", "fewest must be from 1 to 2"),
        (24, "fewest = 0", "fewest must be from 1 to 2"),
        (
            33,
            'threshold = { value = 101, confirmed = true, source = "scoring" }',
            "value must be from 0 to 100",
        ),
        (33, 'threshold = { value = true, confirmed = true, source = "scoring" }', "value must be a number"),
        (33, 'threshold = { value = 9, confirmed = true, source = "memory" }', "there is no memory"),
        (33, "threshold = 9", "threshold must be a table"),
        (35, 'code = "SAD"', "SAD is the code of a scale"),
        (37, 'scales = ["GLAD", "BAD"]', "there is no BAD"),
        (39, 'source = "hearsay"', "there is no hearsay"),
        (22, "reversed = maybe", "Invalid value"),
    ],
)
def test_a_mistake_is_refused_with_its_line(line: int, text: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, [*LINES[: line - 1], text, *LINES[line:]])
    with pytest.raises(scoring.InstrumentError) as caught:
        scoring.read_instrument(path)
    error = caught.value
    assert (error.path, error.line, error.message) == (str(path), line, message)
    assert str(error) == f"{path}:{line}: {message}"


@pytest.mark.parametrize(
    ("dropped", "line", "message"),
    [
        ('version = "1"', 1, "version is missing"),
        ("[sources]", 9, "scoring is not known here"),
        ('scoring = "A paper"', 9, "scoring is missing"),
        ('code = "GLAD"', 17, "code is missing"),
        ("fewest = 1", 25, "fewest is missing"),
        ('scales = ["GLAD", "SAD"]', 34, "scales must be a list of texts, none twice"),
    ],
)
def test_what_is_missing_is_shown_where_it_belongs(
    dropped: str, line: int, message: str, tmp_path: Path
) -> None:
    path = write(tmp_path, [text for text in LINES if text != dropped])
    with pytest.raises(scoring.InstrumentError, match=message) as caught:
        scoring.read_instrument(path)
    assert caught.value.line == line


def test_scales_are_a_list(tmp_path: Path) -> None:
    path = write(tmp_path, [*LINES[:16], "[scales]", *LINES[17:24]])
    with pytest.raises(scoring.InstrumentError, match="scales must be a list of tables") as caught:
        scoring.read_instrument(path)
    assert caught.value.line == 17


def test_a_mistake_in_the_third_scale_is_shown_there(tmp_path: Path) -> None:
    third = [line.replace("GLAD", "THIRD").replace("fewest = 2", "fewest = 3") for line in LINES[16:24]]
    path = write(tmp_path, [*LINES[:33], *third, *LINES[33:]])
    with pytest.raises(scoring.InstrumentError, match="fewest must be from 1 to 2") as caught:
        scoring.read_instrument(path)
    assert caught.value.line == 41


@pytest.mark.parametrize("items", ["[]", "[1]", '[{ id = "m1", number = 1, kind = "three" }, 2]'])
def test_items_are_a_list_too_and_not_an_empty_one(items: str, tmp_path: Path) -> None:
    path = write(tmp_path, [*LINES[:3], f"items = {items}", *LINES[8:]])
    with pytest.raises(scoring.InstrumentError, match="items must be a list of tables") as caught:
        scoring.read_instrument(path)
    assert caught.value.line == 4


@pytest.mark.parametrize("value", [0, 0.5, 100])
def test_a_threshold_may_be_any_score(value: float, tmp_path: Path) -> None:
    text = f'threshold = {{ value = {value}, confirmed = true, source = "scoring" }}'
    mood = scoring.read_instrument(write(tmp_path, [*LINES[:32], text, *LINES[33:]]))
    assert mood.scale("SAD").threshold == scoring.Threshold(value, confirmed=True, source="A paper")


def test_a_file_that_stops_in_the_middle_is_refused_at_its_end(tmp_path: Path) -> None:
    with pytest.raises(scoring.InstrumentError) as caught:
        scoring.read_instrument(write(tmp_path, LINES[:6]))
    assert caught.value.line == 6


def test_a_file_that_is_no_text_is_refused_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mood.toml"
    path.write_bytes('code = "mood"\nname = "Gaieté"\nversion = "1"\n'.encode("latin-1"))
    with pytest.raises(scoring.InstrumentError, match="the file is not UTF-8") as caught:
        scoring.read_instrument(path)
    assert caught.value.line == 2
