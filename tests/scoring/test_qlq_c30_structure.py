"""The packaged structure of the QLQ-C30 equals the published facts."""

from __future__ import annotations

import dataclasses
from importlib.resources import files

import pytest

import scoring
from tests.scoring.published import ITEMS, RULES, SUMMED

THRESHOLDS = {
    "PF2": 83,
    "RF2": 58,
    "EF": 71,
    "CF": 75,
    "SF": 58,
    "FA": 39,
    "NV": 8,
    "PA": 25,
    "DY": 17,
    "SL": 50,
    "AP": 50,
    "CO": 50,
    "DI": 17,
    "FI": 17,
}


def test_it_is_version_3_with_thirty_items(qlq_c30: scoring.Instrument) -> None:
    assert (qlq_c30.code, qlq_c30.version) == ("qlq-c30", "3.0")
    assert [item.id for item in qlq_c30.items] == ITEMS
    assert [item.number for item in qlq_c30.items] == list(range(1, 31))


def test_codes_response_kinds_and_recall_periods(qlq_c30: scoring.Instrument) -> None:
    for item in qlq_c30.items:
        seven = item.number >= 29
        assert item.codes == ((1, 2, 3, 4, 5, 6, 7) if seven else (1, 2, 3, 4))
        assert item.kind == ("seven-point" if seven else "four-point")
        assert item.recall == (None if item.number <= 5 else "week")


@pytest.mark.requirement("SCO-01")
def test_the_scales_equal_the_published_table(qlq_c30: scoring.Instrument) -> None:
    assert [scale.code for scale in qlq_c30.scales] == list(RULES)
    for scale in qlq_c30.scales:
        rule = RULES[scale.code]
        assert scale.items == tuple(f"q{number:02}" for number in rule.items)
        assert scale.highest - scale.lowest == rule.steps
        assert (scale.better, scale.fewest) == (rule.direction, rule.fewest)
        assert scale.reversed == (scale.kind == "functional")
        assert (scale.kind == "symptom") == (scale.better == "lower")
    assert [scale.code for scale in qlq_c30.scales if scale.kind == "global"] == ["QL2"]


def test_every_item_is_in_exactly_one_scale(qlq_c30: scoring.Instrument) -> None:
    used = [item for scale in qlq_c30.scales for item in scale.items]
    assert sorted(used) == ITEMS


@pytest.mark.requirement("SCO-02")
def test_the_summary_uses_thirteen_scales(qlq_c30: scoring.Instrument) -> None:
    assert qlq_c30.summary is not None
    assert (qlq_c30.summary.code, qlq_c30.summary.better) == ("SUMMARY", "higher")
    assert list(qlq_c30.summary.scales) == SUMMED
    assert "69:79-88" in qlq_c30.summary.source


def test_thresholds_are_cited_and_marked_as_unconfirmed(qlq_c30: scoring.Instrument) -> None:
    thresholds = {scale.code: scale.threshold for scale in qlq_c30.scales if scale.threshold}
    assert {code: threshold.value for code, threshold in thresholds.items()} == THRESHOLDS
    assert not any(threshold.confirmed for threshold in thresholds.values())
    assert all("31639445" in threshold.source for threshold in thresholds.values())


def test_scales_have_names_in_both_languages(qlq_c30: scoring.Instrument) -> None:
    assert dict(qlq_c30.scale("AP").names) == {"en": "Appetite loss", "fr": "Perte d’appétit"}
    for scale in qlq_c30.scales:
        assert set(scale.names) == {"en", "fr"}


def test_items_and_scales_are_found_by_name(qlq_c30: scoring.Instrument) -> None:
    assert qlq_c30.item("q30").number == 30
    assert qlq_c30.scale("FA").items == ("q10", "q12", "q18")
    with pytest.raises(KeyError):
        qlq_c30.item("q31")
    with pytest.raises(KeyError):
        qlq_c30.scale("SUMMARY")


def test_the_structure_cannot_be_changed_and_is_read_once(qlq_c30: scoring.Instrument) -> None:
    assert scoring.load_instrument("qlq-c30") is qlq_c30
    with pytest.raises(dataclasses.FrozenInstanceError):
        qlq_c30.version = "4.0"  # type: ignore[misc]
    assert hash(qlq_c30) == hash(dataclasses.replace(qlq_c30))


@pytest.mark.parametrize("code", ["qlq-c99", "", "../instruments/qlq-c30", "QLQ-C30", "qlq-c30.toml"])
def test_an_unknown_instrument_is_refused(code: str) -> None:
    with pytest.raises(scoring.UnknownInstrumentError) as caught:
        scoring.load_instrument(code)
    assert caught.value.code == code
    assert str(caught.value) == f"there is no instrument {code!r}"


def test_every_packaged_file_is_named_after_its_instrument() -> None:
    names = [path.name for path in (files("scoring") / "instruments").iterdir()]
    assert names
    assert [f"{scoring.load_instrument(name.removesuffix('.toml')).code}.toml" for name in names] == names
