"""What can go wrong when questionnaires are scored; every error carries its data."""

from __future__ import annotations


class ScoringError(Exception):
    """The ancestor of all errors of this package."""


class InstrumentError(ScoringError):
    """A structure file is malformed at `line` (counted from 1) of `path`."""

    def __init__(self, path: str, line: int, message: str) -> None:
        super().__init__(path, line, message)
        self.path = path
        self.line = line
        self.message = message

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class UnknownInstrumentError(ScoringError):
    """No structure file of this package describes the instrument `code`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    def __str__(self) -> str:
        return f"there is no instrument {self.code!r}"


class AnswerError(ScoringError):
    """`value` is no code of `item`; `expected` are its codes, empty when the instrument has no such item.

    `row` is the place in a frame, counting rows of data from 1; None for a single questionnaire.
    """

    def __init__(self, item: str, value: object, expected: tuple[int, ...], row: int | None = None) -> None:
        super().__init__(item, value, expected, row)
        self.item = item
        self.value = value
        self.expected = expected
        self.row = row

    def __str__(self) -> str:
        place = self.item if self.row is None else f"row {self.row}, column {self.item}"
        if not self.expected:
            return f"{place}: the instrument has no such item"
        return f"{place}: {self.value!r} is not one of {', '.join(map(str, self.expected))}"


class MissingColumnError(ScoringError):
    """A frame lacks the `columns` of some items; scoring never goes by position."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        super().__init__(columns)
        self.columns = columns

    def __str__(self) -> str:
        return f"missing column: {', '.join(self.columns)}"


class TakenColumnError(ScoringError):
    """A frame already has `columns` under the names of results; nothing of the caller's is overwritten."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        super().__init__(columns)
        self.columns = columns

    def __str__(self) -> str:
        return f"column already there: {', '.join(self.columns)}"


class ColumnTypeError(ScoringError):
    """`column` of a lazy frame holds `dtype`, not numbers; its rows are not known before the query runs."""

    def __init__(self, column: str, dtype: str) -> None:
        super().__init__(column, dtype)
        self.column = column
        self.dtype = dtype

    def __str__(self) -> str:
        return f"column {self.column}: {self.dtype} are no answer codes"


class OptionError(ScoringError):
    """`value` was given for `option`, which must be `expected`."""

    def __init__(self, option: str, value: object, expected: str) -> None:
        super().__init__(option, value, expected)
        self.option = option
        self.value = value
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.option}: {self.value!r} is not {self.expected}"


class VisitError(ScoringError):
    """`value` in `column` cannot be: `problem`. `row` counts from 1; lazy frames know no rows (None)."""

    def __init__(self, column: str, value: object, problem: str, patient: object, row: int | None) -> None:
        super().__init__(column, value, problem, patient, row)
        self.column = column
        self.value = value
        self.problem = problem
        self.patient = patient
        self.row = row

    def __str__(self) -> str:
        row = "" if self.row is None else f"row {self.row}, "
        patient = "" if self.patient is None else f"patient {self.patient}, "
        return f"{row}{patient}column {self.column}: {self.value!r} {self.problem}"
