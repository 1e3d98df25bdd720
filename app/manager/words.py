"""The words of data managers' pages for states, kinds of texts, faults of files and refusals."""

from datetime import date
from typing import Any

from app.i18n import day_text, lazy_translate, translate
from app.services.errors import RuleError
from app.services.wording import Fault
from app.services.wording.faults import PLACES, RULES

LANGUAGES = {"fr": lazy_translate("French"), "en": lazy_translate("English")}
QUESTIONNAIRES = {"symptoms": lazy_translate("List of symptoms"), "report": lazy_translate("Symptom report")}
STATES = {
    "broken": lazy_translate("Seal broken"),
    "approved": lazy_translate("Approved"),
    "outdated": lazy_translate("No longer fits"),
    "stand-in": lazy_translate("Provisional wording"),
    "none": lazy_translate("None yet"),
    "draft": lazy_translate("Draft to approve"),
    "replaced": lazy_translate("Replaced"),
}
EXPLANATIONS = {
    "broken": lazy_translate(
        "These texts are not those that were approved: they were changed in the database, outside the "
        "application. Patients are shown no questionnaire in this language and are asked to call their site. "
        "Import the licensed texts again below and approve them; have the change looked into."
    ),
    "approved": lazy_translate("Patients read these texts."),
    "outdated": lazy_translate(
        "The questionnaire has changed since these texts were approved. Import texts that fit it."
    ),
    "stand-in": lazy_translate(
        "Patients read the provisional wording of this application’s own, marked as such on every page. "
        "A study in production gives no link with it."
    ),
    "none": lazy_translate(
        "There is no approved text yet: no link is given to patients who read this language."
    ),
}
KINDS = {
    "title": lazy_translate("Title"),
    "instructions": lazy_translate("Instructions"),
    "recall": lazy_translate("Period"),
    "question": lazy_translate("Question %(number)s"),
    "label": lazy_translate("Answer %(number)s"),
}
DONE = {
    "approved": lazy_translate("The texts are approved: from now on patients read them."),
}
SPOILED = lazy_translate(
    "The draft was changed in the database, outside the application, and cannot be approved. "
    "Import the file again."
)
REFUSALS = {
    "other_draft": lazy_translate(
        "Another file was imported meanwhile. Compare the texts below, which are those of the new file."
    ),
    "structure_changed": lazy_translate(
        "The study has been amended since the import: it asks for more texts now. Import a complete file."
    ),
    "licence_needed": lazy_translate(
        "Give the licence’s reference and version, each in at most 200 characters."
    ),
    "in_future": lazy_translate("This date is in the future. Today is %(today)s."),
}


def name_of(questionnaire: str) -> str:
    """What a questionnaire is called: instruments by their code in capitals."""
    return str(QUESTIONNAIRES.get(questionnaire, questionnaire.upper()))


def place_of(fault: Fault) -> str:
    """Where in the file a fault is."""
    return str(translate(PLACES[fault.unit])) % {"at": fault.at}


def fault_text(fault: Fault) -> str:
    """What is wrong there."""
    return str(translate(RULES[fault.rule])) % dict(fault.facts)


def refuse(form: Any, error: RuleError) -> None:
    """Puts a refused rule at the field of the form that it names, or above the form."""
    facts = {
        name: day_text(value) if isinstance(value, date) else value for name, value in error.facts.items()
    }
    text = str(REFUSALS[error.rule]) % facts
    if error.field in form and error.field != "sha256":
        form[error.field].errors = [*form[error.field].errors, text]
    else:
        form.form_errors.append(text)
