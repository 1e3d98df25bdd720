"""Licensed wording on the command line: `flask --app wsgi wording import | approve | check`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from flask_security.utils import lookup_identity

from app.clock import Clock
from app.db import SNAPSHOT, db
from app.services import audit, studies
from app.services.access import AccessDeniedError, load_actor
from app.services.errors import NotFoundError, RuleError
from app.services.wording import (
    Licence,
    RefusedFileError,
    SealBrokenError,
    approve_wording,
    broken_packs,
    import_wording,
)

REFUSALS = (NotFoundError, RuleError, AccessDeniedError, SealBrokenError, OSError)

wording_group = AppGroup("wording", help="Licensed wording of the questionnaires.")
of_study = click.option("--study", "study_code", required=True, help="The study's code.")
of_questionnaire = click.option("--questionnaire", required=True, help="Its code: qlq-c30, symptoms.")
of_language = click.option("--language", required=True, help="The language of the texts: fr, en.")


@contextmanager
def refusing() -> Iterator[None]:
    """Turns a refusal into one message and exit code 1; nothing is half written."""
    try:
        yield
    except RefusedFileError as error:
        db.session.rollback()
        lines = "\n".join(f"  {each}" for each in error.faults)
        raise click.ClickException(f"the file was not taken, nothing was changed:\n{lines}") from None
    except REFUSALS as error:
        db.session.rollback()
        raise click.ClickException(str(error)) from None


@wording_group.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@of_study
@of_questionnaire
@of_language
def wording_import(file: Path, study_code: str, questionnaire: str, language: str) -> None:
    """Checks FILE (CSV, .xlsx or a FHIR Questionnaire) and keeps its texts as a draft."""
    with refusing():
        source, clock = file.read_bytes(), _clock()
        audit.act_as(db.session, clock, audit.AuditContext("command line", "system"))
        study = studies.find_study(db.session, study_code)
        facts = (questionnaire, language, source, file.name, "command line")
        pack = import_wording(db.session, clock, study, *facts)
        db.session.commit()
    click.echo(f"Imported {len(pack.texts)} texts as a draft. SHA-256: {pack.sha256}")


@wording_group.command("approve")
@of_study
@of_questionnaire
@of_language
@click.option("--sha256", required=True, help="Of the draft, as the import or the preview showed it.")
@click.option("--reference", required=True, help="The reference of the licence agreement.")
@click.option("--version", required=True, help="The version of the texts that the licence names.")
@click.option("--date", "on", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Of the licence.")
@click.option("--by", "email", required=True, help="The account of the data manager who approves.")
def wording_approve(
    study_code: str,
    questionnaire: str,
    language: str,
    sha256: str,
    reference: str,
    version: str,
    on: datetime,
    email: str,
) -> None:
    """Approves a draft; its texts never change afterwards."""
    with refusing():
        clock, user = _clock(), _account(email)
        actor = load_actor(db.session, clock, user)
        audit.act_as(db.session, clock, actor.audit_context("on the command line"))
        study = studies.find_study(db.session, study_code)
        licence = Licence(reference, version, on.date())
        key = (questionnaire, language, sha256)
        pack = approve_wording(db.session, clock, actor, study, *key, licence)
        db.session.commit()
    click.echo(f"Approved by {pack.approved_by}. Patients read these texts from now on.")


@wording_group.command("check")
@of_study
def wording_check(study_code: str) -> None:
    """Compares every approved pack with its seal and with the audit trail; names those that differ."""
    reader = db.get_session(SNAPSHOT)
    with refusing():
        study = studies.find_study(reader, study_code)
    broken = broken_packs(reader, study.id)
    for name, problem in broken:
        click.echo(f"{name}: {problem}")
    if broken:
        raise click.ClickException(f"wording that does not hold: {len(broken)}")
    click.echo("All approved wording is as it was approved.")


def _clock() -> Clock:
    clock: Clock = current_app.extensions["clock"]
    return clock


def _account(email: str) -> Any:
    user = lookup_identity(email)
    if user is None or not user.active:
        raise NotFoundError("account", email)
    return user
