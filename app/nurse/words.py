"""The words of site staff for states, tasks, messages and refusals."""

from datetime import date
from typing import Any

from app.forms.nurse import REASONS
from app.i18n import day_text, lazy_translate
from app.nurse import alert_words, correction_words, event_words, paper_words, step_words
from app.services.errors import RuleError
from app.services.links import LOST_CARD
from app.services.missing import Reason
from app.services.morning import Task
from app.services.visits import VisitState
from app.services.worklist import LinkHealth

STATES = {
    VisitState.NOT_YET_EXPECTED: lazy_translate("Not yet expected"),
    VisitState.OPEN: lazy_translate("Open"),
    VisitState.IN_PROGRESS: lazy_translate("In progress"),
    VisitState.RECEIVED: lazy_translate("Received"),
    VisitState.PARTIAL: lazy_translate("Partial"),
    VisitState.MISSING: lazy_translate("Missing"),
    VisitState.NOT_EXPECTED: lazy_translate("Not expected"),
}
LINKS = {
    LinkHealth.NONE: lazy_translate("No link"),
    LinkHealth.ISSUED: lazy_translate("Given on %(day)s, not opened yet"),
    LinkHealth.OPENED: lazy_translate("Begun by a person on %(day)s"),
    LinkHealth.REVOKED: lazy_translate("Revoked on %(day)s"),
}
TASKS = {
    Task.CLOSING_SOON: lazy_translate("%(visit)s closes on %(day)s: nothing received yet."),
    Task.ISSUE_LINK: lazy_translate("%(visit)s is open until %(day)s: no link given."),
    Task.IN_PROGRESS: lazy_translate("%(visit)s was begun and not sent; open until %(day)s."),
    Task.DUE_TODAY: lazy_translate("%(visit)s is due today: link given, nothing received yet."),
    Task.IN_GRACE: lazy_translate(
        "%(visit)s closed on %(day)s; what was begun can be sent for 24 hours more."
    ),
    Task.RANDOMISE: lazy_translate("Initial questionnaire received: the randomisation can be recorded."),
}
TASK_BADGES = {
    Task.CLOSING_SOON: lazy_translate("Closing soon"),
    Task.IN_GRACE: lazy_translate("Last hours"),
    Task.ISSUE_LINK: lazy_translate("Link to give"),
    Task.IN_PROGRESS: lazy_translate("In progress"),
    Task.DUE_TODAY: lazy_translate("Due today"),
    Task.RANDOMISE: lazy_translate("To randomise"),
}
# Why a form did not come.
MISSING = {
    Reason.TOO_ILL_PATIENT: lazy_translate("Too ill, says the patient"),
    Reason.TOO_ILL_STAFF: lazy_translate("Too ill, in the staff’s view"),
    Reason.DECLINED: lazy_translate("The patient declined"),
    Reason.FORGOT: lazy_translate("The patient forgot"),
    Reason.NOT_OFFERED: lazy_translate("Not offered by the site"),
    Reason.TECHNICAL: lazy_translate("Technical problem"),
    Reason.LANGUAGE: lazy_translate("Language"),
    Reason.LOST: lazy_translate("Lost to follow-up"),
    Reason.OTHER: lazy_translate("Another reason"),
}
LANGUAGES = {"fr": lazy_translate("French"), "en": lazy_translate("English")}
# What a page says after a change, by the key in its address.
CARD_REASONS = {LOST_CARD: lazy_translate("Card lost")}
DONE = {
    "registered": lazy_translate("The patient is registered. Next: give the link of the initial visit."),
    "randomised": lazy_translate("The randomisation is recorded. The visits that follow are listed below."),
    "revoked": lazy_translate("The link is revoked: it opens nothing any more."),
    "contact_kept": lazy_translate("The contact details are kept."),
    "contact_erased": lazy_translate("The contact details are erased."),
    "queued": lazy_translate("The link is in the outbox: it leaves within minutes."),
    "noted": lazy_translate("Noted: the message is off the list."),
    "written": lazy_translate("It is written down, and stands first in the list."),
    "reason": lazy_translate("The reason is recorded."),
    "card_ended": lazy_translate("The card and all links of this patient have ended: print a new one."),
    "visit_unlocked": lazy_translate("The link is unlocked: the code can be typed again."),
    "unlocked": lazy_translate("The personal link is unlocked: the code can be typed again."),
} | paper_words.DONE
RULES = {
    "code_shape": lazy_translate("Write the site’s number, a dash and three digits, such as %(example)s."),
    "code_of_other_site": lazy_translate("The codes of this site begin with %(site)s-."),
    "code_taken": lazy_translate("%(code)s is already registered. Check the number, or take the next one."),
    "not_recruiting": lazy_translate("%(site)s does not recruit yet."),
    "unknown_language": lazy_translate("Choose a language of the study."),
    "unknown_arm": lazy_translate("Choose an arm of the study."),
    "already_randomised": lazy_translate(
        "The randomisation of %(code)s is already recorded, and never changes."
    ),
    "before_study": lazy_translate("The study began on %(starts_on)s: give a date from that day on."),
    "before_consent": lazy_translate("The consent is dated %(consent_on)s: give a date from that day on."),
    "in_future": lazy_translate("This date is in the future. Today is %(today)s."),
    "no_baseline": lazy_translate(
        "The initial questionnaire was not received. Say why the patient was randomised without it."
    ),
    "already_sent": lazy_translate(
        "The questionnaire of this visit was received: it needs no link any more."
    ),
    "no_approved_wording": lazy_translate(
        "The questionnaire’s wording is not approved yet: a study in production gives no link."
    ),
    "wording_seal_broken": lazy_translate(
        "The questionnaire’s approved wording was changed outside the application: no link is given until a "
        "data manager has imported and approved it anew."
    ),
    "follow_up_over": lazy_translate(
        "The follow-up of %(code)s is over: a personal link would open nothing."
    ),
    "no_symptoms": lazy_translate("The study lists no symptom: a personal link would have nothing to ask."),
    "no_phone": lazy_translate(
        "This is no telephone number: write it as you dial it, or with + and the country’s code."
    ),
    "no_personal_phone": lazy_translate("This is a service’s number: give one at which the patient answers."),
    "no_email": lazy_translate("This is no e-mail address: one looks like name@domain.example."),
    "sms_needs_phone": lazy_translate("Give the mobile number to which the SMS go."),
    "sms_needs_mobile": lazy_translate("This number receives no SMS: give a mobile number."),
    "email_needs_address": lazy_translate("Give the e-mail address to which the links go."),
    "unknown_channel": lazy_translate("Choose how the links are received."),
    "contact_changed": lazy_translate(
        "These details were changed meanwhile: nothing was recorded. Open them again and compare."
    ),
    "no_card": lazy_translate(
        "%(code)s has no card with six digits yet: print a link first, without them it opens nothing."
    ),
    "no_card_keys": lazy_translate(
        "The server has no key to keep the digits of cards (CONTACT_KEYS). Tell whoever runs it."
    ),
    "card_not_opened": lazy_translate(
        "The digits of this patient’s card do not open (%(problem)s). Tell whoever runs the server."
    ),
    "no_contact_keys": lazy_translate("The server has no key for contact details (CONTACT_KEYS)."),
    "contact_not_opened": lazy_translate(
        "What is kept cannot be opened: the server lacks its key, or it was altered. Write it down anew, or "
        "tell whoever runs the server."
    ),
    "national_number": lazy_translate("This holds a social security number: leave it out."),
    "birth_date": lazy_translate(
        "This holds what may be a birth date: leave it out, or write the month and the year alone."
    ),
    "served_by_other": lazy_translate(
        "The questionnaire of another visit serves this one too: give the link of that visit."
    ),
    "patient_left": lazy_translate(
        "Nothing is expected of this patient from %(ends_on)s on: a link would open nothing."
    ),
    "unknown_milestone": lazy_translate("Choose an event of the study."),
    "milestone_recorded": lazy_translate("This event is recorded already: it happens once only."),
    "unknown_value": lazy_translate("Choose one of these: %(values)s."),
    "too_early": lazy_translate("Another event comes before this one: record that one first."),
    "before_milestone": lazy_translate(
        "The event that comes before is dated %(on)s: give a date from that day on."
    ),
    "after_death": lazy_translate("The death is dated %(died_on)s: give a date up to that day."),
    "after_withdrawal": lazy_translate(
        "The consent was withdrawn on %(withdrawn_on)s: give a date up to that day."
    ),
    "milestone_later": lazy_translate(
        "Another event is dated %(on)s, after this day. Check both dates; undo the one that is wrong."
    ),
    "no_reason": lazy_translate("Give the reason."),
    "not_undone": lazy_translate("This event is not undone: a data manager corrects it."),
    "needed_by": lazy_translate("Another event follows from this one: undo that one first."),
    "no_way_to_reach": lazy_translate(
        "%(code)s cannot be reached that way: see the contact details, or show the QR code."
    ),
    "unknown_reason": lazy_translate("Choose a reason."),
    "other_in_words": lazy_translate("Say the reason in a few words."),
    "not_missing": lazy_translate("The questionnaire of this visit is not missing: it asks for no reason."),
    "revoked": lazy_translate("The links of this visit were revoked: issue a new one first."),
    "not_open_yet": lazy_translate("This visit opens on %(opens_on)s: it cannot be filled in before."),
    "no_note": lazy_translate("Write what whoever covers must know."),
    "empty_note": lazy_translate("Say it in a few words. Only a call that nobody answered needs none."),
    "long_note": lazy_translate("Write at most %(longest)s characters."),
    "note_day": lazy_translate("Give a day from %(first)s to %(last)s."),
    "window_closed": lazy_translate("This visit closed on %(closes_on)s: a link would open nothing."),
}


def refusal(error: RuleError) -> str:
    """A refused rule as a sentence of the page's language that says what to do."""
    facts = {
        name: day_text(value) if isinstance(value, date) else value for name, value in error.facts.items()
    }
    known = RULES | alert_words.RULES | correction_words.RULES | event_words.RULES | paper_words.RULES
    return str((known | step_words.RULES)[error.rule]) % facts


# What stands where an answer would.
NO_ANSWER = {"skipped": lazy_translate("Skipped"), "erased": lazy_translate("Erased")}


def refuse(form: Any, error: RuleError) -> None:
    """Puts a refused rule at the field of the form that it names, or above the form."""
    if error.field in form:
        form[error.field].errors = [*form[error.field].errors, refusal(error)]
    else:
        form.form_errors.append(refusal(error))


def reason_text(reason: str | None) -> str:
    """The reason of a revocation; a reissue is explained by the new link."""
    return str((REASONS | CARD_REASONS).get(reason or "", ""))


def missing_text(reason: str | None, text: str | None) -> str:
    """Why a form did not come: the coded reason, or another one in words; nothing for none."""
    return text or (str(MISSING[Reason(reason)]) if reason else "")
