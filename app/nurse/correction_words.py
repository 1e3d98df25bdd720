"""The words of site staff for corrections: states, signatures, refusals."""

from app.i18n import lazy_translate

STATES = {
    "skipped": lazy_translate("No answer"),
    "erased": lazy_translate("Erased"),
    "not_asked": lazy_translate("Not asked"),
}
ATTRIBUTES = {
    "frequency": lazy_translate("frequency"),
    "severity": lazy_translate("severity"),
    "interference": lazy_translate("interference"),
    "amount": lazy_translate("amount"),
    "presence": lazy_translate("presence"),
}
QUESTIONNAIRES = {
    "symptoms": lazy_translate("List of symptoms"),
    "report": lazy_translate("Report between visits"),
}
SIGNATURES = {
    True: lazy_translate("Signature valid"),
    False: lazy_translate("Signature not valid: the record was altered outside the application"),
}
MEANING = lazy_translate("I have decided that this answer is corrected as shown, for the reason given.")
DONE = {"corrected": lazy_translate("The correction is recorded. What the patient sent stays beside it.")}
RULES = {
    "unknown_code": lazy_translate("This is no answer to the question."),
    "not_asked_now": lazy_translate(
        "This question is not asked, going by the answer before it: correct that one first."
    ),
    "unknown_source": lazy_translate("Choose the source."),
    "late_source": lazy_translate(
        "An answer that came after sending is taken over from the questionnaire’s page, and with that source."
    ),
    "not_the_late_answer": lazy_translate("The late answer says otherwise: take it over as it is."),
    "unknown_asker": lazy_translate("Choose who asked for it."),
    "corrected_meanwhile": lazy_translate(
        "%(by)s corrected this questionnaire meanwhile. Look at it and start again."
    ),
}
