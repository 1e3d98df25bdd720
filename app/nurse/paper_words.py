"""The words of site staff for sheets of paper: what comes next, what was done, refusals."""

from app.i18n import lazy_translate
from app.services.paper import Step

STEPS = {
    Step.NOT_YET: lazy_translate("This visit opens on %(opens_on)s: a sheet can be typed from that day on."),
    Step.FIRST: "",
    Step.SECOND: lazy_translate(
        "A colleague has typed this sheet. Type it again from the paper: you do not see what was typed."
    ),
    Step.OTHER_PERSON: lazy_translate(
        "You have typed this sheet. Another person types it a second time; it counts once both agree."
    ),
    Step.SETTLE: lazy_translate(
        "Two persons have read this sheet differently. Look at the paper once more and type what it shows."
    ),
    Step.RECEIVED: lazy_translate("The questionnaire of this visit was received: no sheet can be added."),
    Step.CLOSED: lazy_translate("This visit closed on %(closes_on)s: no sheet can be added any more."),
    Step.SERVED: lazy_translate(
        "The questionnaire of another visit serves this one too: type the sheet of that visit."
    ),
}
# The differences of two sheets that are no answers.
FRAME = {
    "mode": lazy_translate("How the sheet was filled in"),
    "completed_on": lazy_translate("Date on the sheet"),
    "helper": lazy_translate("Who helped"),
    "help_kinds": lazy_translate("How they helped"),
}
# What the page says after a change, by the key in its address.
DONE = {
    "sheet_received": lazy_translate("The answers on paper are recorded as received."),
    "sheet_other_person": lazy_translate(
        "Your transcription is kept. Another person types the sheet a second time; it counts once both agree."
    ),
}
RULES = {
    "sheet_before_window": lazy_translate(
        "The visit opened on %(opens_on)s: a sheet filled in before belongs to another visit, or none."
    ),
    "sheet_after_window": lazy_translate(
        "The visit closed on %(closes_on)s: a sheet filled in later is none of it."
    ),
    "unknown_mode": lazy_translate("Say how the sheet was filled in."),
    "helper_missing": lazy_translate("Say who helped."),
    "unknown_helper": lazy_translate("Choose who helped."),
    "help_missing": lazy_translate("Say how they helped."),
    "unknown_help": lazy_translate("Choose ways of helping from the list."),
    "deciding_is_proxy": lazy_translate(
        "“By somebody else” and “Answering in the patient’s place” go together: choose both or neither."
    ),
    "begun_on_screen": lazy_translate(
        "Questions answered on the screen: %(count)s. Tick the box if the sheet is what counts."
    ),
    "no_remark": lazy_translate("Say what the sheet shows where the two transcriptions differ."),
    "unknown_answer": lazy_translate(
        "Question %(number)s: type a number from %(codes)s, or - where the sheet has no answer."
    ),
    "nothing_typed": lazy_translate("Question %(number)s: type the answer, or - where the sheet has none."),
    "ruled_out": lazy_translate(
        "Question %(number)s is not asked after the answer before it: leave this field empty. What the sheet "
        "shows here can be told in the remark."
    ),
    "sheet_without_wording": lazy_translate(
        "The questionnaire has no wording that may be shown in the patient’s language: ask the data manager."
    ),
    "sheet_not_yet": STEPS[Step.NOT_YET],
    "sheet_other_person": STEPS[Step.OTHER_PERSON],
    "sheet_settle": lazy_translate("Two persons have typed this sheet: open the page again to compare."),
    "sheet_first": lazy_translate("This sheet was not typed yet."),
    "sheet_second": lazy_translate("This sheet was typed once: a second person types it first."),
    "sheet_received": STEPS[Step.RECEIVED],
    "sheet_closed": STEPS[Step.CLOSED],
    "sheet_served": STEPS[Step.SERVED],
}
NOT_ASKED = lazy_translate("Not asked")
