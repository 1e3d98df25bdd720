"""What a correction of an answer has to say, and what it may not be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.models import LateAnswer
from app.services.answers_now import content
from app.services.errors import RuleError
from app.services.identifiers import refuse_identifiers
from app.services.questionnaires import NOT_ASKED, Questionnaire
from app.services.responses import Answer, AnswerState, check_answer

LATE = "late_answer"
# Where the new answer comes from, and who asked for it.
SOURCES = ("telephone", "paper", LATE, "other")
ASKERS = ("patient", "relative", "nurse", "investigator", "monitor", "data_manager")
LONGEST_REASON = 500


@dataclass(frozen=True)
class CorrectionFacts:
    """One answer to be corrected: a code or a text, or None where the patient gives no answer to it.

    late_answer_id: which late answer is taken over, where that is the source.
    """

    item: str
    value: int | str | None
    reason: str
    source: str
    asked_by: str
    late_answer_id: int | None = None

    @property
    def state(self) -> AnswerState:
        """How the answer stands: whoever gives none has passed the question."""
        return AnswerState.SKIPPED if self.value is None else AnswerState.ANSWERED

    @property
    def entry(self) -> dict[str, Any]:
        """The answer as it is stored."""
        return {"state": self.state.value, "value": self.value}


def check_correction(
    asked: Questionnaire,
    current: Mapping[str, Mapping[str, Any]],
    late: Sequence[LateAnswer],
    facts: CorrectionFacts,
    today: date,
) -> None:
    """Raises RuleError for what is no answer to the question, changes nothing, or says too little.

    A question that is not asked as things stand is refused: the answer that rules it out comes first.
    """
    check_answer(asked, Answer(facts.item, facts.state, facts.value), today)
    if current[facts.item]["state"] == NOT_ASKED:
        raise RuleError("answer", "not_asked_now")
    if content(current[facts.item]) == facts.entry:
        raise RuleError("answer", "nothing_changed")
    _check_source(late, facts)
    if facts.asked_by not in ASKERS:
        raise RuleError("asked_by", "unknown_asker")
    if not facts.reason.strip() or len(facts.reason) > LONGEST_REASON:
        raise RuleError("reason", "no_reason")
    refuse_identifiers(facts.reason, "reason", today)
    if asked.by_id[facts.item].kind == "text":
        refuse_identifiers(str(facts.value or ""), "text", today)


def _check_source(late: Sequence[LateAnswer], facts: CorrectionFacts) -> None:
    if facts.source not in SOURCES:
        raise RuleError("source", "unknown_source")
    if (facts.source == LATE) != (facts.late_answer_id is not None):
        raise RuleError("source", "late_source")
    if facts.late_answer_id is not None:
        known = {each.id: (each.item, each.answer["value"]) for each in late}
        if known.get(facts.late_answer_id) != (facts.item, facts.value):
            raise RuleError("answer", "not_the_late_answer")
