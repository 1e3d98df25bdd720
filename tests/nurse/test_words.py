"""Every state, task and refusal has words."""

import ast
from datetime import date
from pathlib import Path

import pytest

from app import models, security
from app.forms import corrections as correction_forms
from app.forms import events as forms
from app.forms import notes as note_forms
from app.forms import paper as paper_forms
from app.forms import steps
from app.nurse import correction_words, event_words, morning_words, paper_words, step_words, words
from app.services import (
    adverse_events,
    codes,
    contact,
    correction_rules,
    corrections,
    declarations,
    event_rules,
    exposure,
    handover,
    identifiers,
    link_sending,
    links,
    milestones,
    missing,
    notes,
    paper,
    patients,
    personal_links,
    phones,
    responses,
    sheets,
    signing,
    transfers,
    unscheduled,
    ward,
    wrong_patient,
)
from app.services.discrepancies import Disagreement
from app.services.errors import RuleError
from app.services.event_rules import ACTIONS, CAUSES, CRITERIA, OUTCOMES
from app.services.event_signatures import SignatureState
from app.services.morning import Matter, Task
from app.services.treatment import StopReason, Treatment, TreatmentState
from app.services.visits import VisitState
from app.services.worklist import LinkHealth

STEPS = (exposure, transfers, unscheduled, wrong_patient)
SERVICES = (
    *(codes, contact, handover, identifiers, link_sending, links, milestones, missing, patients),
    *(notes, personal_links, phones, ward),
)


def rules_of(module: object) -> set[str]:
    """The rules that a service may refuse by, read from its source."""
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))  # type: ignore[attr-defined]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    refusals = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "RuleError"]
    return {str(call.args[1].value) for call in refusals if isinstance(call.args[1], ast.Constant)}


def test_every_refusal_of_the_services_has_words() -> None:
    assert set().union(*map(rules_of, SERVICES)) == set(words.RULES)


@pytest.mark.requirement("AE-05")
def test_every_refusal_of_an_event_has_words() -> None:
    found = set().union(*map(rules_of, (adverse_events, declarations, event_rules, security, signing)))
    assert set(event_words.RULES) <= found | {f"unknown_{name}" for name in ("action", "outcome")}
    assert found <= set(event_words.RULES) | set(words.RULES)


@pytest.mark.requirement("AE-05")
def test_every_choice_and_state_of_an_event_has_words() -> None:
    assert (tuple(forms.ACTIONS), tuple(forms.OUTCOMES)) == (ACTIONS, OUTCOMES)
    assert (tuple(forms.CRITERIA), tuple(forms.CAUSES)) == (CRITERIA, CAUSES)
    assert tuple(forms.CHANNELS) == declarations.CHANNELS
    assert set(event_words.SIGNATURES) == set(SignatureState)
    assert set(event_words.DISAGREEMENTS) == set(Disagreement)


@pytest.mark.requirement("CLI-04")
def test_every_refusal_and_choice_of_a_sheet_has_words() -> None:
    sheet_steps = {f"sheet_{each.value}" for each in paper.Step}
    found = set().union(*map(rules_of, (paper, sheets))) | sheet_steps
    known = set(words.RULES) | set(event_words.RULES)
    assert (found - known, set(paper_words.RULES) - found) == (set(paper_words.RULES), set())
    assert (tuple(paper_forms.MODES), tuple(paper_forms.HELPERS)) == (sheets.MODES, sheets.HELPERS)
    assert tuple(paper_forms.HELP_KINDS) == sheets.HELP_KINDS
    assert set(paper_words.STEPS) == set(paper.Step)
    assert set(paper_words.FRAME) == set(paper.FRAME)


@pytest.mark.requirement("VIS-08")
def test_every_refusal_of_a_step_has_words() -> None:
    found = set().union(*map(rules_of, STEPS))
    assert set(step_words.RULES) <= found <= set(step_words.RULES) | set(words.RULES)
    # One rule has one set of words, whichever page refuses by it.
    assert not set(step_words.RULES) & (set(words.RULES) | set(event_words.RULES))


@pytest.mark.requirement("VIS-04")
def test_every_treatment_and_reason_for_a_stop_has_words(app_context: None) -> None:
    assert set(steps.STOP_REASONS) == set(StopReason)
    for code in Treatment:
        assert step_words.treatment_text(TreatmentState(code, date(2026, 7, 5), 141))
    stopped = TreatmentState(Treatment.INTERRUPTED_PER_PROTOCOL, date(2026, 7, 5), 141)
    assert step_words.treatment_text(stopped) == "Stopped for 141 days, as the protocol asks"


@pytest.mark.requirement("AUD-02")
def test_every_refusal_of_a_correction_has_words() -> None:
    found = set().union(*map(rules_of, (corrections, correction_rules, responses, signing)))
    # An address names no other question; what a draft alone may be refused by is of no sent one.
    assert found - {"unknown_item"} <= set(words.RULES | event_words.RULES | correction_words.RULES)
    assert set(correction_words.RULES) <= found
    assert set(correction_forms.SOURCES) == set(correction_rules.SOURCES)
    assert set(correction_forms.ASKERS) == set(correction_rules.ASKERS)


@pytest.mark.requirement("VIS-05")
def test_every_state_and_task_has_words() -> None:
    assert set(words.STATES) == set(VisitState)
    assert set(words.MISSING) == set(missing.Reason)
    assert set(words.LINKS) == set(LinkHealth)
    assert set(words.TASKS) == set(words.TASK_BADGES) == set(Task)


@pytest.mark.requirement("CLI-03")
def test_every_kind_of_a_note_has_words() -> None:
    assert tuple(note_forms.KINDS) == tuple(notes.NoteKind)


@pytest.mark.requirement("CLI-01")
@pytest.mark.requirement("REM-03")
def test_every_matter_of_the_list_and_every_state_of_a_message_has_words(app_context: None) -> None:
    assert all(morning_words.count_text(each, 2).startswith("2 ") for each in Matter)
    states = {models.WAITING, models.SENDING, models.SENT, models.CANCELLED, *models.UNSENT}
    assert set(morning_words.STATES) == states
    assert set(morning_words.UNSENT) == {models.WAITING, *models.UNSENT}
    assert set(morning_words.UNSENT_TO_STAFF) == set(morning_words.UNSENT)
    to_staff = {models.ALERT_MESSAGE, models.ESCALATION_MESSAGE}
    assert set(morning_words.MESSAGES) == {models.LINK_MESSAGE, models.REMINDER} | to_staff


def test_facts_are_put_in_dates_written_out(app_context: None) -> None:
    error = RuleError("consent_on", "in_future", day=date(2026, 11, 24), today=date(2026, 11, 23))
    assert words.refusal(error) == "This date is in the future. Today is 23 November 2026."


def test_a_refusal_of_no_field_stands_above_the_form(app_context: None) -> None:
    class Form(dict[str, object]):
        form_errors: list[str] = []

    words.refuse(Form(), RuleError("visit", "already_sent", visit="M3"))
    assert Form.form_errors == ["The questionnaire of this visit was received: it needs no link any more."]
