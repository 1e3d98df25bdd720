"""The words of site staff for alerts: what a rule looks at, states, refusals."""

from app.i18n import lazy_translate

LOOKS_AT = {
    "item": lazy_translate("Answer"),
    "scale": lazy_translate("Score"),
    "change": lazy_translate("Change since the initial visit"),
    "composite": lazy_translate("Composite grade"),
}
UPWARDS, DOWNWARDS = lazy_translate("%(threshold)s or more"), lazy_translate("%(threshold)s or less")
OPEN, ESCALATED, ANSWERED = (
    lazy_translate("To be answered"),
    lazy_translate("Not answered in time"),
    lazy_translate("Answered"),
)
DONE = {"acknowledged": lazy_translate("What was done is recorded.")}
RULES = {
    "already_acknowledged": lazy_translate("%(by)s has answered this alert meanwhile."),
    "unknown_alert_action": lazy_translate("Choose what was done."),
    "no_alert_note": lazy_translate("Say why, or what was done, in a few words."),
}
