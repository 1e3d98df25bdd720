"""What someone who knows the QLQ-C30 and one library well would write: the measure of `benchmarks.scoring`.

Each takes a frame of q01..q30 and gives the columns of score_frame. The numbers of the manual are written out
and nothing is general. With `check`, values that are no codes are refused, as score_frame does (which also
says where); without, they would be scored, and that is the least work these columns can be had for.
"""

from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

Block = np.ndarray[Any, np.dtype[Any]]

ITEMS = [f"q{number:02}" for number in range(1, 31)]
HIGHEST = [4] * 28 + [7] * 2
# Items, steps between the lowest and the highest code, whether a high code is a low score, fewest answers.
SCALES = {
    "QL2": ((29, 30), 6, False, 1),
    "PF2": ((1, 2, 3, 4, 5), 3, True, 3),
    "RF2": ((6, 7), 3, True, 1),
    "EF": ((21, 22, 23, 24), 3, True, 2),
    "CF": ((20, 25), 3, True, 1),
    "SF": ((26, 27), 3, True, 1),
    "FA": ((10, 12, 18), 3, False, 2),
    "NV": ((14, 15), 3, False, 1),
    "PA": ((9, 19), 3, False, 1),
    "DY": ((8,), 3, False, 1),
    "SL": ((11,), 3, False, 1),
    "AP": ((13,), 3, False, 1),
    "CO": ((16,), 3, False, 1),
    "DI": ((17,), 3, False, 1),
    "FI": ((28,), 3, False, 1),
}
SUMMED = [code for code in SCALES if code not in ("QL2", "FI")]
CODES = [*SCALES, "SUMMARY"]


class BadValueError(ValueError):
    """Some value is no code."""


def score_polars(frame: pl.DataFrame, check: bool) -> pl.DataFrame:
    """One lazy query: Polars runs its expressions on all cores and finds what they have in common."""
    if check:
        within = [pl.col(item).is_between(1, top).all() for item, top in zip(ITEMS, HIGHEST, strict=True)]
        if not all(frame.lazy().select(within).collect().row(0)):
            raise BadValueError
    sums, scores = [], []
    for code, (numbers, steps, high_is_low, fewest) in SCALES.items():
        items = [ITEMS[number - 1] for number in numbers]
        count = pl.sum_horizontal(pl.col(item).is_not_null() for item in items).cast(pl.Int64)
        sums += [pl.sum_horizontal(items).alias(code), count.alias(f"{code}_n")]
        total, count = pl.col(code), pl.col(f"{code}_n")
        distance = count * (steps + 1) - total if high_is_low else total - count
        scores.append(pl.when(count >= fewest).then(distance * 100 / (count * steps)).alias(code))
    turned = (pl.col(code) if SCALES[code][2] else 100 - pl.col(code) for code in SUMMED)
    counts = {code: pl.col(f"{code}_n") for code in SCALES}
    last = [
        (reduce(add, turned) / len(SUMMED)).alias("SUMMARY"),
        reduce(add, (counts[code] for code in SUMMED)).alias("SUMMARY_n"),
        reduce(add, counts.values()).alias("items_answered"),
    ]
    query = frame.lazy().with_columns(sums).with_columns(scores).with_columns(last)
    return query.select(*frame.columns, *CODES, *(f"{code}_n" for code in CODES), "items_answered").collect()


def score_pandas(frame: pd.DataFrame, check: bool) -> pd.DataFrame:
    """float64: one NumPy block, items in its rows, computed in place."""
    block = frame[ITEMS].to_numpy().T
    answered = ~np.isnan(block)
    codes = np.where(answered, block, 0.0)
    if check:
        _check(codes, answered)
    return pd.concat([frame, pd.DataFrame(_results(codes, answered), index=frame.index)], axis=1)


def score_pandas_nullable(frame: pd.DataFrame, check: bool) -> pd.DataFrame:
    """Int64: the values and the marks of what is missing into NumPy blocks, and the scores into Float64."""
    codes, answered = np.empty((30, len(frame))), np.empty((30, len(frame)), bool)
    for place, item in enumerate(ITEMS):
        codes[place] = frame[item].to_numpy(dtype=float, na_value=0)
        np.logical_not(frame[item].isna().to_numpy(), out=answered[place])
    if check:
        _check(codes, answered)
    columns = {
        name: pd.array(values, dtype="Float64" if values.dtype == float else "Int64")
        for name, values in _results(codes, answered).items()
    }
    return pd.concat([frame, pd.DataFrame(columns, index=frame.index)], axis=1)


def _check(codes: Block, answered: Block) -> None:
    for values, given, highest in zip(codes, answered, HIGHEST, strict=True):
        is_code = (values >= 1) & (values <= highest) & (values == np.rint(values))
        if not (is_code | ~given).all():
            raise BadValueError


def _results(codes: Block, answered: Block) -> dict[str, Block]:
    ones = answered.view(np.int8)
    scores: dict[str, Block] = {}
    counts: dict[str, Block] = {}
    for code, (numbers, steps, high_is_low, fewest) in SCALES.items():
        total = codes[numbers[0] - 1].copy()
        count = ones[numbers[0] - 1].astype(np.int64)
        for number in numbers[1:]:
            total += codes[number - 1]
            count += ones[number - 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            total /= count
        if high_is_low:
            np.subtract(steps + 1, total, out=total)
        else:
            total -= 1
        total *= 100 / steps
        if fewest > 1:
            total[count < fewest] = np.nan
        scores[code], counts[f"{code}_n"] = total, count
    turned = (scores[code] if SCALES[code][2] else 100 - scores[code] for code in SUMMED)
    scores["SUMMARY"] = reduce(add, turned) / len(SUMMED)
    answered_all = reduce(add, counts.values())
    counts["SUMMARY_n"] = answered_all - counts["QL2_n"] - counts["FI_n"]
    return scores | counts | {"items_answered": answered_all}
