"""What can go wrong with PRO-CTCAE answers beside the errors that all instruments share."""

from __future__ import annotations

from scoring.errors import ScoringError


class AttributesError(ScoringError):
    """No symptom is asked about with just these `attributes`, so no grade is published for them."""

    def __init__(self, attributes: tuple[str, ...]) -> None:
        super().__init__(attributes)
        self.attributes = attributes

    def __str__(self) -> str:
        return f"no symptom has the attributes {', '.join(self.attributes)} and no other"


class UnknownColumnError(ScoringError):
    """`columns` are named like PRO-CTCAE columns, but no symptom has them; nothing of them is guessed."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        super().__init__(columns)
        self.columns = columns

    def __str__(self) -> str:
        return f"no symptom has the column: {', '.join(self.columns)}"


class DuplicateCycleError(ScoringError):
    """The patient `id` has more than one row for `cycle`."""

    def __init__(self, id_column: str, patient: object, cycle_column: str, cycle: object) -> None:
        super().__init__(id_column, patient, cycle_column, cycle)
        self.id_column = id_column
        self.patient = patient
        self.cycle_column = cycle_column
        self.cycle = cycle

    def __str__(self) -> str:
        return (
            f"more than one row has {self.id_column} {self.patient!r} and {self.cycle_column} {self.cycle!r}"
        )


class KeyColumnError(ScoringError):
    """`column` cannot tell patients or cycles apart, because of `problem`."""

    def __init__(self, column: str, problem: str) -> None:
        super().__init__(column, problem)
        self.column = column
        self.problem = problem

    def __str__(self) -> str:
        return f"column {self.column}: {self.problem}"


class UnknownKindError(ScoringError):
    """There is no summary of this `kind`; `known` are those there are."""

    def __init__(self, kind: str, known: tuple[str, ...]) -> None:
        super().__init__(kind, known)
        self.kind = kind
        self.known = known

    def __str__(self) -> str:
        return f"{self.kind!r} is not one of {', '.join(self.known)}"
