"""The demonstration study on the command line: `flask --app wsgi demo`."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from flask_security.utils import hash_password
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import migrate
from app.clock import Clock
from app.db import READ, db
from app.demo import server, text
from app.i18n import wording_sha256
from app.models import Study
from app.services import demo
from app.services.audit import act_as
from app.services.demo.history import STAFF
from app.services.demo.links import OpenLink, is_short, open_links, top_up
from app.services.errors import RuleError
from app.services.responses import STAND_IN, WordingUsed
from app.services.studies import definition_in_force
from app.services.tokens import DemonstrationTokens
from app.settings import Settings

INSTRUMENTS = ("qlq-c30", "symptoms")


@click.group(
    "demo",
    cls=AppGroup,
    invoke_without_command=True,
    help="The demonstration study; alone, an overview of it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print accounts and open links for programs.")
@click.pass_context
@with_appcontext
def demo_group(context: click.Context, *, as_json: bool) -> None:
    """Prints the accounts and the open links, of which there are always some in each language."""
    _require_demonstration()
    if context.invoked_subcommand is not None:
        return
    with _refusing():
        study, links = links_in_stock()
        if as_json:
            click.echo(json.dumps(text.document(_settings(), _tokens(), links), ensure_ascii=False, indent=1))
        else:
            _print_overview(study, links)


@demo_group.command("load")
def load() -> None:
    """Loads the demonstration where the database has none."""
    with _refusing():
        _require_newest()
        _load()


@demo_group.command("serve")
def serve() -> None:
    """Makes all ready, prints how to get in, and serves until Ctrl+C."""
    settings = _settings()
    with _refusing():
        server.require_free_port(settings.host, settings.port)
        _upgrade(settings)
        _load()
        _, links = links_in_stock()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot draw the QR shows question marks; the link is above it.
        sys.stdout.reconfigure(errors="replace")
    click.echo(text.welcome(settings, _tokens(), links))
    server.become_server(settings)


@contextmanager
def _refusing() -> Iterator[None]:
    """One message and exit code 1 in place of a traceback; nothing is half written."""
    try:
        yield
    except (RuleError, migrate.SchemaError, server.PortTakenError) as error:
        db.session.rollback()
        raise click.ClickException(str(error)) from None
    except OperationalError as error:
        db.session.rollback()
        raise click.ClickException(f"the database does not answer: {error.orig}") from None


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _clock() -> Clock:
    clock: Clock = current_app.extensions["clock"]
    return clock


def _tokens() -> DemonstrationTokens:
    return cast(DemonstrationTokens, current_app.extensions["tokens"])


def _require_demonstration() -> None:
    if not _settings().is_demonstration:
        raise click.ClickException(
            "this is no demonstration: synthetic patients and printable links need MODE=demonstration"
        )


def _require_newest() -> None:
    with db.engines[READ].connect() as connection:
        migrate.require_newest(connection)


def _upgrade(settings: Settings) -> None:
    with db.engines[READ].connect() as connection:
        found = migrate.current(connection)
    if found == migrate.newest():
        return
    if found is not None and found > migrate.newest():
        raise migrate.SchemaError(found, migrate.newest())
    _say("Preparing the database")
    migrate.upgrade(settings.database_url)


def _load() -> None:
    """Makes the demonstration, unless it is there; looks first, so that a second start waits for nobody."""
    if demo.find_demonstration(db.get_session(READ)) is not None:
        return
    _say("Making the demonstration study")
    session = db.session
    wording = {code: WordingUsed(STAND_IN, wording_sha256(code)) for code in INSTRUMENTS}
    study = demo.load_demonstration(session, _clock(), _tokens(), hash_password, wording, _say)
    session.commit()
    _say(f"Made: {demo.patient_count(session, study)} synthetic patients")
    db.get_session(READ).rollback()


def links_in_stock() -> tuple[Study, list[OpenLink]]:
    """The study with its open links, after more patients were registered where links had run short."""
    _require_newest()
    reader = db.get_session(READ)
    study, links = _study_and_links(reader)
    if is_short(definition_in_force(reader, study), links):
        reader.rollback()
        demo.lock_demonstration(db.session)
        study, _ = _study_and_links(db.session)
        act_as(db.session, _clock(), STAFF)
        added = top_up(db.session, _clock(), _tokens(), study)
        db.session.commit()
        _say(f"Registered {added} more synthetic patients with open links")
        study, links = _study_and_links(db.session)
        db.session.rollback()
    return study, links


def _study_and_links(session: Session) -> tuple[Study, list[OpenLink]]:
    study = demo.find_demonstration(session)
    if study is None:
        raise RuleError("study", "not_loaded_yet", command="flask --app wsgi demo load")
    return study, open_links(session, _clock(), _tokens(), study)


def _print_overview(study: Study, links: list[OpenLink]) -> None:
    reader = db.get_session(READ)
    patients, visits = demo.patient_count(reader, study), demo.visit_counts(reader, _clock(), study)
    click.echo(text.overview(study.code, patients, visits, links))
    click.echo(text.ways_in(_settings(), _tokens(), links))


def _say(line: str) -> None:
    """Progress, which never mixes with what programs read from standard output."""
    click.echo(f"== {line}", err=True)
