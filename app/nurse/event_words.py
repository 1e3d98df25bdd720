"""The words of site staff for adverse events: choices, states, refusals."""

from app.i18n import lazy_translate
from app.services.discrepancies import Disagreement
from app.services.event_signatures import SignatureState

STATUSES = {
    "draft": lazy_translate("To be decided"),
    "decided": lazy_translate("To be signed"),
    "signed": lazy_translate("Signed"),
}
SIGNATURES = {
    SignatureState.NONE: lazy_translate("Not signed"),
    SignatureState.VALID: lazy_translate("Signature valid"),
    SignatureState.OUTDATED: lazy_translate("Signature not valid: changed since"),
    SignatureState.BROKEN: lazy_translate(
        "Signature not valid: the record was altered outside the application"
    ),
}
DISAGREEMENTS = {
    Disagreement.NO_EVENT: lazy_translate("Composite grade %(composite)s, no event within 14 days"),
    Disagreement.GAP: lazy_translate("Composite grade %(composite)s, event of CTCAE grade %(grade)s"),
}
MEANING = lazy_translate("I have decided on the seriousness and the causes of this event.")
DONE = {
    "drafted": lazy_translate("The event is drafted. An investigator decides and signs."),
    "changed": lazy_translate("The new version is recorded. An investigator decides anew."),
    "decided": lazy_translate("The decision is recorded. It is still to be signed."),
    "signed": lazy_translate("The event is signed."),
    "declared": lazy_translate("The sending to the sponsor is recorded."),
}
RULES = {
    "term_or_text": lazy_translate("Choose a term, or describe the event in your own words: one of them."),
    "unknown_term": lazy_translate("Choose a term of the list."),
    "text_too_long": lazy_translate("Write at most %(longest)s characters."),
    "grade_not_of_term": lazy_translate("The grades of “%(term)s” are: %(grades)s."),
    "unknown_action": lazy_translate("Choose the action."),
    "unknown_outcome": lazy_translate("Choose the outcome."),
    "after_death": lazy_translate("The patient died on %(died_on)s: give a date up to that day."),
    "end_before_onset": lazy_translate("The event began on %(onset_on)s: it cannot end before."),
    "end_missing": lazy_translate("The patient has recovered: give the day on which the event ended."),
    "end_without_recovery": lazy_translate("With an end the outcome is recovered, with sequelae, or fatal."),
    "fatal_is_grade_5": lazy_translate("Grade 5 and the outcome “Fatal” go together."),
    "no_death_date": lazy_translate("Record the date of death first: grade 5 is a death."),
    "unknown_criterion": lazy_translate("Choose criteria of the list."),
    "no_criterion": lazy_translate("A serious event meets at least one criterion: choose it."),
    "criterion_of_serious": lazy_translate("An event that meets a criterion is serious."),
    "death_is_grade_5": lazy_translate("Grade 5 and the criterion “Death” go together."),
    "no_cause": lazy_translate("Choose at least one cause."),
    "unknown_cause": lazy_translate("Choose causes of the list."),
    "cause_text_missing": lazy_translate("Say which other cause."),
    "aware_of_serious": lazy_translate(
        "For a serious event, and for it alone, say when the site learnt of it."
    ),
    "instant_in_future": lazy_translate("This moment is in the future."),
    "aware_before_onset": lazy_translate(
        "The event began on %(onset_on)s: the site cannot have known before."
    ),
    "changed_meanwhile": lazy_translate(
        "%(by)s changed this event meanwhile. Look at the latest version and start again from it."
    ),
    "no_reason": lazy_translate("Give the reason, in at most 500 characters."),
    "nothing_changed": lazy_translate("Nothing was changed."),
    "reauthenticate": lazy_translate("Give your password to sign."),
    "wrong_password": lazy_translate("This is not your password."),
    "too_many_tries": lazy_translate("Too many tries. Wait a few minutes, then try again."),
    "no_name": lazy_translate("Give your first and last name, as they are to be printed."),
    "not_decided": lazy_translate("Decide first: this version is not decided, or signed already."),
    "not_serious": lazy_translate("This event is not decided to be serious."),
    "unknown_channel": lazy_translate("Choose the way."),
    "sent_before_aware": lazy_translate("It cannot have been sent before the site knew."),
}
