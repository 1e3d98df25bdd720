"""The words of site staff for a patient's way through the study."""

from app.i18n import lazy_translate, translate, translate_plural
from app.services.treatment import Treatment, TreatmentState

# What each way of leaving ends, in plain words.
EFFECTS = {
    "questionnaires": lazy_translate(
        "The patient answers no more questionnaires and stays in the study. No visit due from that day on is "
        "expected, the links end, and nothing more is sent."
    ),
    "treatment": lazy_translate(
        "The treatment of the study alone ends. Visits, questionnaires and links go on. Record the stop of "
        "the drug under Treatment too."
    ),
    "contact": lazy_translate(
        "The patient cannot be reached. Nothing more is sent; visits stay expected, and links go on working."
    ),
    "consent": lazy_translate(
        "The patient leaves the study. No visit due from that day on is expected, all links and sessions end "
        "at once, and nothing more is sent. What was sent before is kept."
    ),
    "everything": lazy_translate(
        "No visit due from that day on is expected, all links and sessions end at once, and nothing more is "
        "sent. No later event can be recorded."
    ),
}
# What is to be recorded besides an event, by its kind.
BESIDES = {
    "reintroduction": lazy_translate("Record the drug that is taken again under Treatment too."),
}
VALUES = {
    "CR": lazy_translate("Complete response (CR)"),
    "PR": lazy_translate("Partial response (PR)"),
    "SD": lazy_translate("Stable disease (SD)"),
    "PD": lazy_translate("Progressive disease (PD)"),
}
# What a page says after a change, by the key in its address.
DONE = {
    "recorded": lazy_translate("The event is recorded, and the visits follow."),
    "planned": lazy_translate("The visit is planned and open today. Give its link now."),
    "transferred": lazy_translate("The transfer is recorded: the staff of the new site see the patient now."),
    "reattributed": lazy_translate("The answers are given to the other patient; the original is kept, void."),
    "drug_recorded": lazy_translate("The drug is recorded."),
    "drug_stopped": lazy_translate("The stop is recorded."),
    "drug_undone": lazy_translate("The drug is undone: it stays below, struck out, with your reason."),
    "drug_corrected": lazy_translate("The correction is recorded; the trail keeps what stood there."),
    "undone": lazy_translate("The event is undone, and the visits follow. Links that it ended stay dead."),
}
QUESTIONNAIRES = {"symptoms": lazy_translate("List of symptoms")}
RULES = {
    "unknown_questionnaire": lazy_translate("Choose at least one questionnaire."),
    "unknown_site": lazy_translate("Choose the site."),
    "same_site": lazy_translate("The patient is at this site already: choose another one."),
    "before_stay": lazy_translate("The present stay began on %(since_on)s: give a later day."),
    "not_another_patient": lazy_translate("Give the code of another patient of the study."),
    "nothing_sent": lazy_translate("Nothing that was sent stands at this visit any more."),
    "form_there": lazy_translate(
        "The other patient has begun or sent this visit’s questionnaires: look there."
    ),
    "form_of_other": lazy_translate(
        "The questionnaire of another visit serves this one too: choose that visit."
    ),
    "other_questionnaires": lazy_translate(
        "The other patient’s visit asks other questionnaires: choose the visit that was filled in."
    ),
    "no_drug": lazy_translate("Give the drug’s name."),
    "unknown_stop_reason": lazy_translate("With the day of a stop goes its reason: give both or neither."),
    "before_start": lazy_translate("The drug was begun on %(started_on)s: it cannot stop before."),
    "stopped_already": lazy_translate(
        "The stop is recorded already, on %(stopped_on)s: correct it if need be."
    ),
    "exposure_overlaps": lazy_translate(
        "The drug begun on %(started_on)s is still taken at that time: stop or correct that one first."
    ),
}


def treatment_text(state: TreatmentState) -> str:
    """How a patient is treated, and for how many days."""
    if state.code is Treatment.UNKNOWN or state.days is None:
        return str(translate("Not known: no drug is recorded"))
    days = state.days
    texts = {
        Treatment.ON_IMATINIB: translate_plural(
            "Imatinib for %(num)s day", "Imatinib for %(num)s days", days
        ),
        Treatment.INTERRUPTED_PER_PROTOCOL: translate_plural(
            "Stopped for %(num)s day, as the protocol asks",
            "Stopped for %(num)s days, as the protocol asks",
            days,
        ),
        Treatment.INTERRUPTED_OTHERWISE: translate_plural(
            "Stopped for %(num)s day, for another reason than the protocol",
            "Stopped for %(num)s days, for another reason than the protocol",
            days,
        ),
        Treatment.REINTRODUCED: translate_plural(
            "Imatinib again for %(num)s day", "Imatinib again for %(num)s days", days
        ),
        Treatment.OTHER_TREATMENT: translate_plural(
            "Another drug for %(num)s day", "Another drug for %(num)s days", days
        ),
    }
    return str(texts[state.code])


def value_text(value: str | None) -> str:
    """What was found, in words where there are any."""
    return str(VALUES.get(value or "", value or ""))


def questionnaire_name(code: str) -> str:
    """What a questionnaire is called: instruments by their code in capitals."""
    return str(QUESTIONNAIRES.get(code, code.upper()))
