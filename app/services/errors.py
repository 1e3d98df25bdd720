"""What a service refuses, with the field and the facts; the surfaces put it into words."""

from typing import Any


class RuleError(ValueError):
    """A rule of the study or of the application forbids what was asked; nothing was changed.

    field names the input at fault, rule the rule (a key that each surface has words for),
    facts what the words need.
    """

    def __init__(self, field: str, rule: str, **facts: Any) -> None:
        detail = ", ".join(f"{name}={value}" for name, value in facts.items())
        super().__init__(f"{field}: {rule.replace('_', ' ')}" + (f" ({detail})" if detail else ""))
        self.field, self.rule, self.facts = field, rule, facts


class NotFoundError(LookupError):
    """There is no such thing, or none that the asker may know of: both look the same."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"no {kind} {name!r}")
        self.kind, self.name = kind, name
