"""The words of site staff for scores, their charts and their arithmetic."""

from app.i18n import lazy_translate

# The end of a scale that is good for the patient.
BETTER = {"higher": lazy_translate("Higher is better"), "lower": lazy_translate("Lower is better")}
IMPORTANT = {
    "higher": lazy_translate("Clinically important below %(value)s"),
    "lower": lazy_translate("Clinically important above %(value)s"),
}
GROUPS = {
    "global": lazy_translate("Global health and summary"),
    "functional": lazy_translate("Functioning"),
    "symptom": lazy_translate("Symptoms and difficulties"),
}
MODES = {
    "paper": lazy_translate("On paper"),
    "interview": lazy_translate("Questions read aloud"),
    "proxy": lazy_translate("Answered by somebody else"),
}
PARTIAL = lazy_translate("Partial")
CORRECTED = lazy_translate("Corrected")
LATE = lazy_translate("Late")
BESIDES = lazy_translate("Besides the schedule")
REPORT = lazy_translate("Report between visits")
# What the shapes of a chart mean, in the order of the legend.
MARKS = {
    "round": lazy_translate("Answered by the patient on a screen"),
    "square": lazy_translate("On paper, read aloud, or answered by somebody else"),
    "hollow": lazy_translate("Partial: begun and never sent"),
    "ringed": lazy_translate("Late: sent after the window, within 24 hours"),
    "gap": lazy_translate("No score: missing, or too few answers"),
}
START = lazy_translate("Initial")
STARTED = lazy_translate("%(drug)s: first day")
RESTARTED = lazy_translate("%(drug)s: first day again")
STOPPED = lazy_translate("%(drug)s: stopped (%(reason)s)")
