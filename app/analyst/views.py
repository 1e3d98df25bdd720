"""What analysts do: see how much has come in, and take the scored data away."""

from datetime import datetime
from typing import Any

from flask import Response, current_app, g, render_template, url_for

from app.analyst import blueprint
from app.analyst.pages import FrontPage, StudyCard
from app.db import db
from app.i18n import day_text, page_language, time_text, translate
from app.services import access
from app.services.access import Permission
from app.services.counts import StudyCounts, study_counts
from app.services.errors import NotFoundError
from app.services.studies import definition_in_force

CUT_FORMAT = "%Y%m%dT%H%M%SZ"


@blueprint.get("/")
@access.staff(Permission.EXPORT)
def front() -> str:
    """The studies with what has come in by now."""
    clock = current_app.extensions["clock"]
    studies = access.studies_within(db.session, g.actor, Permission.EXPORT)
    counts = study_counts(db.session, clock, [study.id for study in studies])
    cards = tuple(_card(study, counts[study.id]) for study in studies)
    return render_template("analyst/front.html", page=FrontPage(cut=_cut_text(clock.now()), studies=cards))


@blueprint.post("/<study>/export")
@access.staff(Permission.EXPORT)
def export(study: str) -> Response:
    """The scored data of a study as an archive; the release is in the trail before it leaves."""
    # Reading and writing tables takes long to load: only who exports waits for it.
    from app.services.exports.files import export_archive, export_study

    # A long read must hold up nobody's save: the right to write is given back until it is over.
    db.session.rollback()
    allowed = access.studies_within(db.replica, g.actor, Permission.EXPORT)
    found = next((each for each in allowed if each.code == study), None)
    if found is None:
        raise NotFoundError("study", study)
    definition = definition_in_force(db.replica, found)
    with_arm = g.actor.may_at(Permission.SEE_ARM, found.id, None)
    clock = current_app.extensions["clock"]
    files = export_study(db.replica, db.session, clock, definition, found, with_arm=with_arm)
    db.session.commit()
    name = f"{definition.code}_{files.data_cut.strftime(CUT_FORMAT)}.zip"
    response = Response(export_archive(files), mimetype="application/zip")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _card(study: Any, counts: StudyCounts) -> StudyCard:
    title = definition_in_force(db.session, study).title
    has_arm = g.actor.may_at(Permission.SEE_ARM, study.id, None)
    command = f"flask --app wsgi export --study {study.code} --out DIR"
    return StudyCard(
        code=study.code,
        title=title.get(page_language()) or next(iter(title.values())),
        patients=counts.patients,
        expected=counts.expected,
        received=counts.received,
        has_arm=has_arm,
        command=command if has_arm else f"{command} --without-arm",
        export_url=url_for("analyst.export", study=study.code),
    )


def _cut_text(instant: datetime) -> str:
    day, time = day_text(instant.date()), time_text(instant, "UTC")
    return str(translate("%(day)s at %(time)s UTC", day=day, time=time))
