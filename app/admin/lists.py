"""The lists of administrators: people, the dated list of who had which access, the sites of the studies."""

from typing import Any

from flask import current_app, g, render_template, request, url_for

from app.admin import blueprint, words
from app.admin.common import moment_text, place_text, role_row, state_badge, unsent_badge
from app.admin.pages import Badge, ListPage, Option, RoleRow, SiteRow, StaffRow, StudySites
from app.db import db
from app.i18n import translate
from app.services import access
from app.services.access import Permission
from app.services.staff import (
    Listing,
    RoleLine,
    StaffLine,
    Wanted,
    access_list,
    deactivations,
    places_within,
    staff_list,
)

LONGEST_SEARCH = 254


@blueprint.get("/")
@access.staff(Permission.MANAGE_STAFF)
def front() -> str:
    """The people whom the actor looks after, with their present roles."""
    wanted = _wanted()
    found = staff_list(db.session, current_app.extensions["clock"], g.actor, wanted)
    page = _page("admin.front", wanted, found, tuple(_staff_row(each) for each in found.lines))
    return render_template("admin/front.html", page=page)


@blueprint.get("/access")
@access.staff(Permission.MANAGE_STAFF)
def access_dates() -> str:
    """Every role ever given, from when to when, by whom; made to be printed."""
    wanted = _wanted()
    found = access_list(db.session, g.actor, wanted)
    closed = deactivations(db.session, [each.user for each in found.lines])
    notes = {
        key: str(translate("Account deactivated %(moment)s", moment=moment_text(entry.at)))
        for key, entry in closed.items()
    }
    rows = tuple(_access_row(each, notes) for each in found.lines)
    return render_template("admin/access.html", page=_page("admin.access_dates", wanted, found, rows))


@blueprint.get("/sites")
@access.staff(Permission.MANAGE_STAFF)
def sites() -> str:
    """The sites as the definition in force has them; they change with the definition's file alone."""
    places = [each for each in places_within(db.session, g.actor).values() if each.study]
    studies: dict[str, StudySites] = {}
    for place in places:
        assert place.study is not None
        rows = tuple(_site_row(each.site) for each in places if each.study is place.study and each.site)
        code, version = place.study.code, place.study.definition_version
        studies[code] = StudySites(code=code, version=version, sites=rows)
    return render_template("admin/sites.html", studies=tuple(studies.values()))


def _wanted() -> Wanted:
    given = request.args.get
    return Wanted(
        search=given("q", "").strip()[:LONGEST_SEARCH],
        place=given("place", "")[:LONGEST_SEARCH],
        after=given("after", "")[:LONGEST_SEARCH],
    )


def _page(
    endpoint: str, wanted: Wanted, found: Listing, rows: tuple[StaffRow, ...] | tuple[RoleRow, ...]
) -> ListPage:
    places = places_within(db.session, g.actor).values()
    kept: dict[str, Any] = {"q": wanted.search or None, "place": wanted.place or None}
    return ListPage(
        total=found.total,
        rows=rows,
        search=wanted.search,
        places=tuple(
            Option(key=each.key, text=place_text(each), is_chosen=each.key == wanted.place)
            for each in places
            if each.study
        ),
        is_first=not wanted.after,
        is_kept=bool(wanted.search or wanted.place),
        next_url=url_for(endpoint, **kept, after=found.next_after) if found.next_after else "",
        first_url=url_for(endpoint, **kept),
        printed=moment_text(current_app.extensions["clock"].now()),
    )


def _staff_row(line: StaffLine) -> StaffRow:
    return StaffRow(
        email=line.user.email,
        url=url_for("admin.person", number=line.user.id),
        state=state_badge(line.state),
        unsent=unsent_badge(line.unsent),
        roles=tuple(f"{words.ROLES[each.role]} – {place_text(each.place)}" for each in line.roles),
    )


def _access_row(line: RoleLine, notes: dict[int, str]) -> RoleRow:
    # What has ended before says nothing of the account.
    return role_row(line, notes.get(line.user.id, "") if line.assignment.ended_at is None else "")


def _site_row(site: Any) -> SiteRow:
    look = "approved" if site.recruiting else "not_yet_expected"
    return SiteRow(
        number=site.number,
        name=site.name,
        city=site.city,
        recruiting=Badge(key=look, text=str(words.RECRUITING[site.recruiting])),
        calendar=str(words.CALENDARS.get(site.calendar, site.calendar)),
        zone=site.timezone,
    )
