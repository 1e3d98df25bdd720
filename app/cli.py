"""Commands: `flask --app wsgi COMMAND`. Each says what it did; a refusal says why and exits with 1."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from flask_security.utils import lookup_identity

from app import migrate
from app.clock import Clock
from app.contact_cli import contact_group
from app.db import READ, SNAPSHOT, db
from app.demo.cli import demo_group
from app.security import hash_new_password
from app.services import accounts, audit, studies
from app.services.access import Role
from app.services.corrected_scores import verify_corrections
from app.services.definition import DefinitionError
from app.services.errors import NotFoundError, RuleError
from app.services.password_links import IssuedPasswordLink, make_password_link
from app.services.passwords import SHORTEST_PASSWORD, require_good_password
from app.services.responses import verify_scores
from app.tick_cli import tick
from app.wording_cli import wording_group

SHOWN_VISITS = 10
# What to do about a refused rule, where its name does not say it.
REMEDIES = {
    "version_used": "give the file a version of its own",
    "still_used": "keep it in the file; a site that stops has recruiting = false",
    "role_needs_site": "name it with --site",
    "role_needs_study": "name it with --study",
    "no_address": "give an e-mail address that can be reached, such as a.nurse@hospital.fr",
}
REFUSALS = (DefinitionError, NotFoundError, RuleError, migrate.SchemaError, OSError, UnicodeDecodeError)


def init_app(app: Flask) -> None:
    """Registers the commands."""
    for group in (db_group, study_group, account_group, contact_group, audit_group, scores_group):
        app.cli.add_command(group)
    for group in (wording_group, demo_group):
        app.cli.add_command(group)
    app.cli.add_command(export)
    app.cli.add_command(tick)


@contextmanager
def refusing() -> Iterator[None]:
    """Turns a refusal into one message and exit code 1; nothing is half written."""
    try:
        yield
    except REFUSALS as error:
        db.session.rollback()
        raise click.ClickException(_message(error)) from None


def _message(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"the file is not UTF-8 text (byte {error.start + 1}): save it as UTF-8"
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    remedy = REMEDIES.get(error.rule) if isinstance(error, RuleError) else None
    return f"{error}: {remedy}" if remedy else str(error)


def acting_clock() -> Clock:
    """The application's clock, with the command line named as the actor of what is written."""
    clock: Clock = current_app.extensions["clock"]
    audit.act_as(db.session, clock, audit.AuditContext("command line", "system"))
    return clock


def database_url() -> str:
    """The database that the commands work on."""
    url: str = current_app.extensions["settings"].database_url
    return url


db_group = AppGroup("db", help="The database's schema.")


@db_group.command("upgrade")
@click.argument("revision", default="head")
def db_upgrade(revision: str) -> None:
    """Brings the database up to REVISION (the newest)."""
    migrate.upgrade(database_url(), revision)
    click.echo("The database is at the version asked for.")


@db_group.command("downgrade")
@click.argument("revision")
def db_downgrade(revision: str) -> None:
    """Takes the database down to REVISION."""
    migrate.downgrade(database_url(), revision)
    click.echo("The database is at the version asked for.")


@db_group.command("check")
def db_check() -> None:
    """Says whether the database is at the version that this software needs."""
    with refusing(), db.engines[READ].connect() as connection:
        migrate.require_newest(connection)
    click.echo(f"The database is at version {migrate.newest()}, as needed.")


study_group = AppGroup("study", help="Studies and their definition files.")


@study_group.command("load")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Apply an amendment without asking.")
def study_load(file: Path, *, yes: bool) -> None:
    """Checks FILE and loads it; an amendment shows what it changes before it is applied."""
    with refusing():
        source = file.read_text("utf-8")
        loaded, name = _load(source, file)
        if loaded.is_new:
            db.session.commit()
            click.echo(f"Study {name} is loaded.")
        elif not loaded.changes:
            click.echo(f"Study {name} is loaded already: nothing to change.")
        else:
            # While a person thinks nothing is held, so that patients go on saving.
            db.session.rollback()
            _show_amendment(loaded, name)
            _apply_amendment(source, file, yes=yes)


def _load(source: str, file: Path) -> tuple[studies.LoadedStudy, str]:
    loaded = studies.load_study(db.session, acting_clock(), source, str(file))
    return loaded, f"{loaded.study.code} {loaded.study.definition_version}"


def _apply_amendment(source: str, file: Path, *, yes: bool) -> None:
    if yes or click.confirm("Apply it?"):
        # What was shown, whatever became of the file meanwhile.
        _load(source, file)
        db.session.commit()
        click.echo("Applied.")
    else:
        click.echo("Nothing was changed.")


def _show_amendment(loaded: studies.LoadedStudy, name: str) -> None:
    click.echo(f"Amendment to {name} changes:")
    for change in loaded.changes:
        click.echo(f"  {change}")
    visits = loaded.visits
    for word, codes in (("added", visits.added), ("moved", visits.moved), ("removed", visits.removed)):
        more = ", ..." if len(codes) > SHOWN_VISITS else ""
        click.echo(
            f"  visits {word}: {len(codes)}"
            + (f" ({', '.join(codes[:SHOWN_VISITS])}{more})" if codes else "")
        )


account_group = AppGroup("account", help="Staff accounts.")


@account_group.command("create")
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--study", "study_code", help="The study's code; not needed for an administrator.")
@click.option("--site", "site_number", help="The site's number, for roles that are bound to one.")
@click.option("--language", type=click.Choice(["fr", "en"]), default="fr")
@click.option("--password", help=f"For scripts: {SHORTEST_PASSWORD} characters or more, in place of a link.")
def account_create(
    email: str,
    role: str,
    study_code: str | None,
    site_number: str | None,
    language: str,
    password: str | None,
) -> None:
    """Creates a staff account EMAIL with one role; prints the link by which the person sets the password."""
    _require_password(password, email)
    with refusing():
        clock = acting_clock()
        study = studies.find_study(db.session, study_code) if study_code else None
        site = studies.find_site(db.session, study, site_number) if study and site_number else None
        hashed = hash_new_password(password) if password else None
        user = accounts.create_account(db.session, clock, email, hashed, language)
        accounts.grant_role(db.session, clock, user, Role(role), study, site)
        if lookup_identity(user.email) is None:
            # The sign-in page refuses some addresses: nobody is given one that opens nothing.
            raise RuleError("email", "no_address", email=user.email)
        issued = None if password else make_password_link(db.session, clock, user)
        db.session.commit()
    click.echo(_how_to_enter(user.email, issued))


def _require_password(password: str | None, email: str) -> None:
    if password is None:
        return
    try:
        require_good_password(password, email)
    except RuleError as error:
        raise click.BadParameter(
            f"a password needs at least {SHORTEST_PASSWORD} characters"
            if error.rule == "password_short"
            else "this password is easily guessed"
        ) from None


def _how_to_enter(email: str, issued: IssuedPasswordLink | None) -> str:
    site = current_app.extensions["settings"].public_url
    if issued is None:
        return f"{email} can sign in at {site}/login"
    until = f"{issued.expires_at:%Y-%m-%d %H:%M} UTC"
    return f"{email} sets the password, once and until {until}, at\n{site}/password/{issued.token}"


audit_group = AppGroup("audit", help="The audit trail.")


@audit_group.command("verify")
def audit_verify() -> None:
    """Recomputes every chain; names the first broken entry of each that does not hold."""
    breaks = audit.verify(db.get_session(SNAPSHOT))
    for each in breaks:
        click.echo(f"{each.chain}, entry {each.sequence}: {each.problem}")
    if breaks:
        raise click.ClickException(f"broken chains: {len(breaks)}")
    click.echo("The audit trail is whole.")


scores_group = AppGroup("scores", help="Stored scores.")


@scores_group.command("verify")
def scores_verify() -> None:
    """Computes every stored score again from the answers, corrected ones too; names those that differ."""
    snapshot = db.get_session(SNAPSHOT)
    checked, differences = verify_scores(snapshot)
    corrected, more = verify_corrections(snapshot)
    differences += more
    for difference in differences:
        click.echo(difference)
    if differences:
        raise click.ClickException(f"scores that differ: {len(differences)}")
    counts = f"Responses checked: {checked}; corrections: {corrected}."
    click.echo(f"{counts} Every stored score equals the one computed again.")


@click.command("export")
@click.option("--study", "study_code", required=True, help="The study's code.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="A folder.")
@click.option("--without-arm", is_flag=True, help="Leave the arm out.")
@with_appcontext
def export(study_code: str, out: Path, *, without_arm: bool) -> None:
    """Writes the scored table, its codebook and a manifest into a folder."""
    from app.services.exports.files import export_study, write_export

    with refusing():
        clock, reader = acting_clock(), db.replica
        study = studies.find_study(reader, study_code)
        definition = studies.definition_in_force(reader, study)
        files = export_study(reader, db.session, clock, definition, study, with_arm=not without_arm)
        db.session.commit()
        paths = write_export(files, out)
    for path in paths:
        click.echo(f"{path}  {files.sha256[path.name]}")
