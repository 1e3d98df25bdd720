"""`flask --app wsgi tick`: does all that is due, safely from any number of places at once."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.channels import Channel
from app.clock import Clock
from app.db import READ, db
from app.models import Study
from app.services import alert_messages, audit, outbox, reminders, sending
from app.services.studies import definition_in_force
from app.settings import Settings
from app.staff_words import staff_words

# Reminders planned in one transaction: few, so that patients' saves never wait for long.
TOGETHER = 20


@click.command("tick")
@with_appcontext
def tick() -> None:
    """Tells of alerts, plans the reminders that are due, sends what waits; to be called every few minutes."""
    # The gateways' library is loaded here, not by the web processes.
    from app.channels.configured import configured_channels

    clock, settings = current_app.extensions["clock"], current_app.extensions["settings"]
    if not settings.contact_keys:
        raise click.ClickException("CONTACT_KEYS is not set, so no address can be read: nothing was sent")
    channels = configured_channels(settings, clock)
    try:
        counts = run_tick(clock, settings, channels)
    finally:
        for channel in channels.values():
            channel.close()
    click.echo(", ".join(f"{what}: {counts[what]}" for what in sorted(counts)) or "Nothing was due.")


def run_tick(clock: Clock, settings: Settings, channels: Mapping[str, Channel]) -> Counter[str]:
    """Does all that is due; how many messages were planned, and how many ended in each state."""
    counts: Counter[str] = Counter()
    idempotent = [name for name, channel in channels.items() if channel.is_idempotent]
    with _writing(clock) as session:
        counts["interrupted"] += outbox.give_up_lost(session, clock, idempotent)
    while told := _tell_staff(clock):
        counts += told
    _plan(clock, settings, counts)
    while done := _send_some(clock, settings, channels):
        counts.update(done)
    return +counts


@contextmanager
def _writing(clock: Clock) -> Iterator[Session]:
    """A transaction of its own, committed at the end."""
    with db.new_session() as session:
        audit.act_as(session, clock, audit.AuditContext("tick", "system"))
        yield session
        session.commit()


def _tell_staff(clock: Clock) -> Counter[str]:
    """Some alerts that are new or late, told to staff; how many of each, nothing when there are none."""
    with _writing(clock) as session:
        return alert_messages.plan_alert_messages(session, clock)


def _plan(clock: Clock, settings: Settings, counts: Counter[str]) -> None:
    with db.new_session(READ) as reader:
        for study in reader.scalars(select(Study).order_by(Study.id)).all():
            rules = definition_in_force(reader, study).reminders
            if rules is None:
                continue
            due = reminders.due_reminders(reader, clock, study, rules)
            while some := list(islice(due, TOGETHER)):
                with _writing(clock) as session:
                    for each in some:
                        is_planned = reminders.plan_reminder(
                            session, clock, settings.contact_keys, rules, each
                        )
                        counts["planned"] += is_planned


def _send_some(clock: Clock, settings: Settings, channels: Mapping[str, Channel]) -> list[str]:
    """Claims some messages and sends them one by one; what became of each, nothing when none is due.

    One session for some, so that their study and sites are read once, and for few, so that it stays small.
    """
    with _writing(clock) as session:
        claimed = outbox.claim(session, clock, channels)
        session.commit()
        return [_send(session, clock, settings, channels, message_id) for message_id in claimed]


def _send(
    session: Session, clock: Clock, settings: Settings, channels: Mapping[str, Channel], message_id: int
) -> str:
    """One message: marked, sent while nothing is held, settled. Returns what became of it."""
    keys, url = settings.contact_keys, settings.public_url
    outgoing = sending.begin_sending(session, clock, keys, url, message_id, staff_words)
    channel = channels[outbox.channel_of(session, message_id)]
    session.commit()
    if outgoing is None:
        return "not sent"
    receipt = channel.send(outgoing)
    state = outbox.settle(session, clock, message_id, receipt, is_idempotent=channel.is_idempotent)
    session.commit()
    return state
