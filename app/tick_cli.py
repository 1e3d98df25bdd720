"""`flask --app wsgi tick`: does all that is due, safely from any number of places at once."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.channels import Channel
from app.clock import Clock
from app.db import READ, db
from app.models import Message, Site, Study
from app.services import alert_messages, audit, missing, outbox, reminders, sending
from app.services.studies import definition_in_force
from app.settings import Settings
from app.staff_words import staff_words

# Reminders planned in one transaction: few, so that patients' saves never wait for long.
TOGETHER = 20
# What has to be set for a message to leave, where it is not.
KEYS = "CONTACT_KEYS"
ADDRESSES = {"email": "SMTP_URL", "sms": "SMS_URL"}
EXIT_CODE = 1


@dataclass
class Done:
    """What a tick did. counts: of what, and of messages by the state that they ended in.

    broken: the parts that ended with an error, which the log has.
    waiting: how many messages are due and cannot leave, by the setting that is missing.
    """

    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    waiting: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Tick:
    """What every part of a tick needs."""

    clock: Clock
    settings: Settings
    channels: Mapping[str, Channel]
    done: Done

    @property
    def reaches_patients(self) -> bool:
        """Whether patients' addresses can be read."""
        return bool(self.settings.contact_keys)


@click.command("tick")
@with_appcontext
def tick() -> None:
    """Closes forms, tells of alerts, plans reminders, sends what waits; to be called every few minutes.

    Exits with 1 where something is due that could not be done, and says what.
    """
    # The gateways' library is loaded here, not by the web processes.
    from app.channels.configured import configured_channels

    clock, settings = current_app.extensions["clock"], current_app.extensions["settings"]
    channels = configured_channels(settings, clock)
    try:
        done = run_tick(clock, settings, channels)
    finally:
        for channel in channels.values():
            channel.close()
    counts = done.counts
    click.echo(", ".join(f"{what}: {counts[what]}" for what in sorted(counts)) or "Nothing was due.")
    for complaint in _complaints(done):
        click.echo(complaint, err=True)
    if done.broken or done.waiting:
        raise SystemExit(EXIT_CODE)


def run_tick(clock: Clock, settings: Settings, channels: Mapping[str, Channel]) -> Done:
    """Does all that is due. A part that breaks keeps none of the others from being done."""
    run = Tick(clock, settings, channels, Done())
    for name, part in PARTS.items():
        _attempt(run, name, partial(part, run))
    run.done.counts = +run.done.counts
    return run.done


def _attempt(run: Tick, name: str, work: Callable[[], None]) -> None:
    try:
        work()
    except Exception:
        current_app.logger.exception("tick: %s", name)
        run.done.broken.append(name)


def _complaints(done: Done) -> Iterator[str]:
    for setting, count in sorted(done.waiting.items()):
        why = "no address can be read" if setting == KEYS else "nothing leaves that way"
        yield f"Messages that wait: {count}. {setting} is not set, so {why}."
    for name, times in sorted(Counter(done.broken).items()):
        yield f"Broken off: {name} ({times}). The log says why; the next tick tries again."


@contextmanager
def _writing(clock: Clock) -> Iterator[Session]:
    """A transaction of its own, committed at the end."""
    with db.new_session() as session:
        audit.act_as(session, clock, audit.AuditContext("tick", "system"))
        yield session
        session.commit()


def _give_up_lost(run: Tick) -> None:
    idempotent = [name for name, channel in run.channels.items() if channel.is_idempotent]
    with _writing(run.clock) as session:
        run.done.counts["interrupted"] += outbox.give_up_lost(session, run.clock, idempotent)


def _tell_staff(run: Tick) -> None:
    """Plans the messages of alerts that are new or late, some in a transaction, until there are none."""
    told: Counter[str] | None = None
    while told is None or told:
        with _writing(run.clock) as session:
            told = alert_messages.plan_alert_messages(session, run.clock)
        run.done.counts += told


def _close_forms(run: Tick) -> None:
    """Closes the forms whose time is over, a batch in a transaction, until there are none."""
    closed = -1
    while closed:
        with _writing(run.clock) as session:
            closed = missing.close_forms(session, run.clock)
        run.done.counts["closed"] += closed


def _plan(run: Tick) -> None:
    with db.new_session(READ) as reader:
        for study in reader.scalars(select(Study).order_by(Study.id)).all():
            rules = definition_in_force(reader, study).reminders
            if rules is None:
                continue
            due = reminders.due_reminders(reader, run.clock, study, rules)
            if not run.reaches_patients:
                run.done.waiting[KEYS] += sum(1 for _ in due)
            while some := list(islice(due, TOGETHER)):
                with _writing(run.clock) as session:
                    run.done.counts["planned"] += reminders.plan_reminders(
                        session, run.clock, run.settings.contact_keys, study, rules, some
                    )


def _send(run: Tick) -> None:
    """Sends what is due, some in a session of their own, so that it stays small; then counts what waits."""
    while _send_some(run):
        pass
    with db.new_session(READ) as reader:
        for (channel, is_to_staff), count in outbox.waiting_counts(reader, run.clock).items():
            if not is_to_staff and not run.reaches_patients:
                run.done.waiting[KEYS] += count
            elif channel not in run.channels:
                run.done.waiting[ADDRESSES[channel]] += count


def _send_some(run: Tick) -> int:
    """Claims some messages and sends them one by one; how many there were."""
    with _writing(run.clock) as session:
        claimed = outbox.claim(session, run.clock, run.channels, to_patients=run.reaches_patients)
        session.commit()
        # Read once for all of them: what nobody refers to any more, a session forgets.
        _known = claimed and (session.scalars(select(Study)).all(), session.scalars(select(Site)).all())
        session.commit()
        for message in claimed:
            _attempt(run, "sending", partial(_send_one, run, session, message))
            session.rollback()
        return len(claimed)


def _send_one(run: Tick, session: Session, message: Message) -> None:
    """One message: marked, sent while nothing is held, settled."""
    clock, settings = run.clock, run.settings
    channel = run.channels[message.channel]
    keys, url = settings.contact_keys, settings.public_url
    outgoing = sending.begin_sending(session, clock, keys, url, message.id, staff_words)
    session.commit()
    if outgoing is None:
        run.done.counts["not sent"] += 1
        return
    receipt = channel.send(outgoing)
    state = outbox.settle(session, clock, message.id, receipt, is_idempotent=channel.is_idempotent)
    session.commit()
    run.done.counts[state] += 1


# What a tick does, in this order, under the names by which it tells what broke.
PARTS: dict[str, Callable[[Tick], None]] = {
    "giving up lost sendings": _give_up_lost,
    "telling staff of alerts": _tell_staff,
    "closing forms": _close_forms,
    "planning reminders": _plan,
    "sending": _send,
}
