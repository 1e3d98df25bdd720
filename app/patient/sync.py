"""Answers that the page's script carries in the background, one by one or those of hours offline."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import abort, current_app, g, jsonify, request
from werkzeug.wrappers import Response as Reply

from app.db import db
from app.i18n import LANGUAGES, time_text
from app.patient import blueprint
from app.services import access, drafts, responses
from app.services.drafts import RevokedError, Saving
from app.services.links import LinkState
from app.services.responses import Answer, AnswerState

MOST_ANSWERS = 200
DEVICE = re.compile(r"[A-Za-z0-9_-]{16,64}")
SEQUENCES = range(1, 2**31)


@dataclass(frozen=True)
class Sent:
    """What a device sent: the readable answers, and the running numbers of the others."""

    answers: list[Answer]
    refused: list[int]


@blueprint.post("/survey/answers")
@access.patient_saving
def sync() -> Reply:
    """Merges answers into the visit's drafts; after sending or closing keeps them apart.

    Tells for each answer whether it was taken or can never be: a device forgets both kinds. Whatever else
    happens, it keeps them and tries again.
    """
    saving: Saving = g.link
    clock = current_app.extensions["clock"]
    sent = _read(clock.now())
    try:
        saved = drafts.save_answers(db, clock, saving, sent.answers)
    except RevokedError:
        abort(410)
    refused = saved.refused | set(sent.refused)
    return jsonify(
        state={LinkState.OPEN: "open", LinkState.SENT: "sent"}.get(saved.state, "closed"),
        saved_at=time_text(saved.saved_at, saving.timezone) if saved.saved_at else None,
        acknowledged=[each.sequence for each in sent.answers if each.sequence not in refused],
        refused=sorted(refused),
    )


def _read(now: datetime) -> Sent:
    """The body; 400 where it is none of ours, so that nothing is taken for read."""
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        # Lists in lists without end: no fault of syntax to the reader of JSON.
        abort(400)
    if not isinstance(body, dict) or not DEVICE.fullmatch(str(body.get("device"))):
        abort(400)
    device_now, entries = _instant(body.get("now")), body.get("answers")
    if device_now is None or not isinstance(entries, list) or len(entries) > MOST_ANSWERS:
        abort(400)
    # What the device's clock is wrong by, the time on the way included: an answer is never from the future.
    skew = now - device_now
    answers: list[Answer] = []
    refused: list[int] = []
    for entry in entries:
        sequence = entry.get("sequence") if isinstance(entry, dict) else None
        if type(sequence) is not int or sequence not in SEQUENCES:
            abort(400)
        answer = _answer(entry, str(body["device"]), skew)
        if answer is None:
            refused.append(sequence)
        else:
            answers.append(answer)
    return Sent(answers, refused)


def _answer(entry: dict[str, Any], device: str, skew: timedelta) -> Answer | None:
    """What was given, at the instant that the device's clock should have shown; None if it is unreadable."""
    at, value, item = _instant(entry.get("at")), entry.get("value"), entry.get("item")
    state, language = entry.get("state"), entry.get("language")
    if at is None or not isinstance(item, str) or not (value is None or type(value) in {int, str}):
        return None
    if not isinstance(state, str) or state not in responses.GIVEN:
        return None
    if not isinstance(language, str) or language not in LANGUAGES:
        return None
    return Answer(item, AnswerState(state), value, language, at + skew, at, device, entry["sequence"])


def _instant(text: object) -> datetime | None:
    """An instant in UTC as a browser writes it; None for anything else."""
    if not isinstance(text, str) or len(text) > 32:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    if instant.tzinfo is None or not 2000 <= instant.year <= 2200:
        return None
    return instant.astimezone(UTC)
