"""Whether every row has an identity of its own: eight bytes a row are kept, not the identities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from scoring.command.problems import library

OWN = "an id of its own"


class Identities:
    """The identities seen so far, where one or several columns together name a row."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = columns
        self._hashes = bytearray()

    def of(self, frame: Any) -> Any:
        """The identity of each row as text, parts from several columns joined; null where one is empty."""
        polars = library("polars")
        parts = [polars.col(name).cast(polars.String).str.strip_chars() for name in self.columns]
        filled = [polars.when(part != "").then(part) for part in parts]
        return frame.select(id=polars.concat_str(filled, separator=" / "))["id"]

    def add(self, identities: Any) -> None:
        """Remembers the identities of one more piece."""
        self._hashes += identities.drop_nulls().hash(seed=0).to_numpy().tobytes()

    def repeated(self, pieces: Iterable[Any]) -> Iterator[tuple[int, str, int]]:
        """Row, identity and first row, counted from 1, of each row that has the identity of an earlier one.

        The hashes tell which rows to look at; the `pieces`, read once more, whether they are truly equal.
        """
        suspects = self._suspects()
        first: dict[str, int] = {}
        start = 1
        for frame in pieces if len(suspects) else ():
            identities = self.of(frame)
            at = np.flatnonzero(np.isin(identities.hash(seed=0).to_numpy(), suspects))
            for row, identity in zip(at.tolist(), identities.gather(at).to_list(), strict=True):
                if identity is not None and first.setdefault(identity, start + row) < start + row:
                    yield start + row, identity, first[identity]
            start += frame.height

    def _suspects(self) -> Any:
        hashes = np.frombuffer(self._hashes, dtype=np.uint64)
        hashes.sort()
        return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
