"""CSV for statistics programs: RFC 4180, plain UTF-8, commas, decimal points, values exactly as they are."""

from typing import Any, Literal

import numpy as np
import pandas as pd


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """The frame as CSV: numbers that read back to the same ones, dates and instants (UTC) in ISO 8601.

    An empty cell stands for none. Nothing is neutralised: what a spreadsheet would run does not occur in the
    exports of this package, and a sign belongs to a number.
    """
    text = pd.DataFrame({name: _text(frame[name]) for name in frame.columns})
    return text.to_csv(index=False, lineterminator="\r\n").encode()


def _text(values: "pd.Series[Any]") -> "pd.Series[Any]":
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return _iso(values, "us", "Z")
    return _iso(values, "D", "") if values.dtype.kind == "M" else values


def _iso(values: "pd.Series[Any]", unit: Literal["D", "us"], suffix: str) -> "pd.Series[Any]":
    instants: Any = values.to_numpy(dtype=f"datetime64[{unit}]")
    text = pd.Series(np.datetime_as_string(instants, unit=unit), index=values.index, dtype="string")
    return (text + suffix).mask(values.isna())
