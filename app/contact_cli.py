"""Contact details on the command line: `flask --app wsgi contact rotate`."""

import click
from flask import current_app
from flask.cli import AppGroup

from app.db import db
from app.services import audit
from app.services.contact import rotate_keys
from app.services.sealing import NoKeyError, SealedTextError

contact_group = AppGroup("contact", help="Contact details of patients.")


@contact_group.command("rotate")
def contact_rotate() -> None:
    """Seals with the first of CONTACT_KEYS whatever another one sealed; then the others can go."""
    keys = current_app.extensions["settings"].contact_keys
    context = audit.AuditContext("command line", "system", "rotation of the contact keys")
    audit.act_as(db.session, current_app.extensions["clock"], context)
    try:
        count = rotate_keys(db.session, keys)
    except (NoKeyError, SealedTextError) as error:
        db.session.rollback()
        raise click.ClickException(f"{error}; nothing was changed") from None
    db.session.commit()
    click.echo(f"Sealed anew with key {keys[0][0]}: the contact details of {count} patients.")
