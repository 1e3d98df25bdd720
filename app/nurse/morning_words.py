"""The words of the morning list and of messages: what did not go, what waits, what is to be declared."""

from app.i18n import lazy_translate, translate_plural
from app.services.link_health import Stage
from app.services.morning import Matter

CHANNELS = {"email": lazy_translate("e-mail"), "sms": lazy_translate("SMS")}
# What a message is about, by its kind.
MESSAGES = {
    "link": lazy_translate("Link for %(visit)s by %(channel)s"),
    "reminder": lazy_translate("Reminder for %(visit)s by %(channel)s"),
    "alert": lazy_translate("E-mail to %(person)s about an alert"),
    "escalation": lazy_translate("E-mail to %(person)s about an alert without an answer"),
}
STATES = {
    "waiting": lazy_translate("Waiting"),
    "sending": lazy_translate("Being sent"),
    "sent": lazy_translate("Sent"),
    "failed": lazy_translate("Not sent"),
    "uncertain": lazy_translate("Uncertain"),
    "bounced": lazy_translate("Came back"),
    "cancelled": lazy_translate("Cancelled"),
}
# What is known of a message that did not go, or perhaps did not.
UNSENT = {
    "waiting": lazy_translate("%(message)s: waits since %(moment)s, nothing leaves at present."),
    "failed": lazy_translate("%(message)s: not sent."),
    "uncertain": lazy_translate("%(message)s: nobody knows whether it arrived. Ask the patient."),
    "bounced": lazy_translate("%(message)s: came back. Check the contact details."),
}

# What is known of one to staff that did not go: nobody gives its reader another link.
UNSENT_TO_STAFF = UNSENT | {
    "uncertain": lazy_translate("%(message)s: nobody knows whether it arrived. Answer the alert."),
    "bounced": lazy_translate(
        "%(message)s: came back. Answer the alert; an administrator checks the address."
    ),
    "failed": lazy_translate("%(message)s: not sent. Answer the alert."),
}

QUEUED = lazy_translate("In the outbox: leaves by %(channel)s within minutes")
# Where a link stands that was sent, or is being answered; the others say it by themselves.
STAGES = {
    Stage.SENT: lazy_translate("Sent by %(channel)s on %(day)s, not opened yet"),
    Stage.FAILED: lazy_translate("The %(channel)s was not sent"),
    Stage.UNCERTAIN: lazy_translate("Nobody knows whether the %(channel)s arrived"),
    Stage.BOUNCED: lazy_translate("The %(channel)s came back"),
    Stage.FETCHED: lazy_translate("Looked at on %(day)s by a program or a person, not begun yet"),
    Stage.OPENED: lazy_translate("Begun by a person on %(day)s"),
    Stage.IN_PROGRESS: lazy_translate("Opened; %(settled)s questions of %(total)s settled"),
}


def count_text(matter: Matter, count: int) -> str:
    """How many rows there are of a matter, in words."""
    return str(_count(matter, count))


def _count(matter: Matter, count: int) -> object:
    match matter:
        case Matter.ALERT:
            return translate_plural("%(num)s alert", "%(num)s alerts", count)
        case Matter.UNSENT:
            return translate_plural("%(num)s message not sent", "%(num)s messages not sent", count)
        case Matter.DECLARATION:
            return translate_plural(
                "%(num)s serious event to declare", "%(num)s serious events to declare", count
            )
        case Matter.EVENT:
            return translate_plural(
                "%(num)s event for the investigator", "%(num)s events for the investigator", count
            )
        case Matter.CLOSING:
            return translate_plural("%(num)s window closes", "%(num)s windows close", count)
        case Matter.TODAY:
            return translate_plural("%(num)s to do today", "%(num)s to do today", count)
        case Matter.REASON:
            return translate_plural("%(num)s reason to give", "%(num)s reasons to give", count)
