"""Who may go where: every route, every role, own and other places, in one table that a person can read."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app import create_app
from app.clock import SteppedClock
from app.db import db
from app.models import RoleAssignment, Study, User
from app.security import access_of
from app.services.access import SITE_BOUND, Permission, Role
from app.services.audit import AuditContext, act_as
from tests import factories
from tests.conftest import NOW, migrated_database, test_settings
from tests.page import Browser
from tests.rules import places
from tests.rules.places import ALERT, ANSWERS, OTHER_SITE, OTHER_STUDY, OWN, SENDERS, address, requests_of

P = Permission
EVERYBODY = frozenset(Role)
SITES = frozenset({Role.NURSE, Role.INVESTIGATOR})
READERS = SITES | {Role.DATA_MANAGER, Role.MONITOR, Role.INSPECTOR}
EXPORTERS = frozenset({Role.DATA_MANAGER, Role.ANALYST})
MANAGERS = frozenset({Role.DATA_MANAGER})
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
INVESTIGATORS = frozenset({Role.INVESTIGATOR})
EVENTS = "/nurse/<study>/<code>/events"
VISITS = "/nurse/<study>/<code>/visits/<visit>"
STEPS = "/nurse/<study>/<code>"
PERSON = "/admin/staff/<number>"
CORRECTION = f"{ANSWERS}/<visit>/<questionnaire>/<item>/correction"
WORDING = "/manager/wording/<study>/<questionnaire>/<language>"


@dataclass(frozen=True)
class Row:
    """What a route declares, what those who may use it get, who they are, and what they send."""

    access: str | Permission
    status: tuple[int, ...]
    roles: frozenset[Role] = EVERYBODY
    form: dict[str, str] = field(default_factory=dict)


TODAY = NOW.date().isoformat()
FACTS = {
    "term": "Nausea",
    "grade": "2",
    "onset_on": TODAY,
    "action": "none",
    "outcome": "not_recovered",
    "seen": "1",
}
# Reviewed by a person: a new route fails until somebody says who may use it, and no route vanishes unseen.
ROUTES = {
    "GET /": Row("signed in", (200, 303)),
    "POST /language": Row("signed in", (303,), form={"language": "en", "next": "/nurse/"}),
    "GET /sessions": Row("signed in", (200,)),
    "POST /sessions/end": Row("signed in", (303,)),
    "GET /login": Row("public", (200, 302)),
    "POST /login": Row("public", (302,)),
    "POST /logout": Row("signed in", (302,)),
    "GET /verify": Row("nobody", (404,)),
    "POST /verify": Row("nobody", (404,)),
    "GET /password/<token>": Row("public", (404,)),
    "POST /password/<token>": Row("public", (404,)),
    "GET /password-kept": Row("public", (200,)),
    "GET /static/<path:filename>": Row("public", (200,)),
    "GET /bootstrap/static/<path:filename>": Row("public", (200,)),
    "GET /fs-static/<path:filename>": Row("nobody", (404,)),
    "GET /l/<token>": Row("public", (404,)),
    "GET /sw.js": Row("public", (200,)),
    "POST /l/<token>": Row("public", (400,)),
    "GET /survey/<item_id>": Row("patient", (401,)),
    "POST /survey/<item_id>": Row("patient", (400,)),
    "GET /survey/review": Row("patient", (401,)),
    "POST /survey/review": Row("patient", (400,)),
    "GET /survey/sent": Row("patient", (401,)),
    "POST /survey/answers": Row("patient saving", (400,)),
    "POST /display": Row("public", (400,)),
    "GET /ward": Row("handed over", (303,)),
    "POST /ward": Row("handed over", (303,)),
    "GET /ward/leave": Row("patient", (401,)),
    "POST /ward/leave": Row("patient", (400,)),
    "GET /resume": Row("handed over", (303,)),
    "POST /resume": Row("handed over", (303,)),
    "GET /nurse/": Row(P.SEE_PATIENTS, (200,), READERS),
    "GET /nurse/patients/new": Row(P.REGISTER, (200,), SITES),
    "POST /nurse/patients/new": Row(
        P.REGISTER, (303,), SITES, {"code": "", "consent_on": TODAY, "language": "fr"}
    ),
    "GET /nurse/<study>/<code>": Row(P.SEE_PATIENTS, (200,), READERS),
    "GET /nurse/<study>/<code>/randomisation": Row(P.RANDOMISE, (200,), SITES),
    "POST /nurse/<study>/<code>/randomisation": Row(
        P.RANDOMISE, (200,), SITES, {"randomised_on": TODAY, "arm": "interruption", "remark": "On paper"}
    ),
    "POST /nurse/<study>/<code>/visits/<visit>/link": Row(P.ISSUE_LINKS, (200,), SITES),
    "POST /nurse/<study>/<code>/visits/<visit>/revoke": Row(
        P.ISSUE_LINKS, (303,), SITES, {"reason": "lost_phone"}
    ),
    f"GET {VISITS}/sheet": Row(P.TRANSCRIBE, (200,), SITES),
    f"GET {VISITS}/paper": Row(P.TRANSCRIBE, (200,), SITES),
    f"POST {VISITS}/paper": Row(P.TRANSCRIBE, (422,), SITES),
    f"POST {VISITS}/paper/settle": Row(P.TRANSCRIBE, (422,), SITES),
    "POST /nurse/<study>/<code>/visits/<visit>/send": Row(P.ISSUE_LINKS, (422,), SITES, {"channel": "email"}),
    "POST /nurse/<study>/<code>/messages/<number>/note": Row(P.ISSUE_LINKS, (404,), SITES),
    "GET /nurse/<study>/<code>/visits/<visit>/reason": Row(P.EXPLAIN_MISSING, (200,), SITES),
    "POST /nurse/<study>/<code>/visits/<visit>/reason": Row(
        P.EXPLAIN_MISSING, (422,), SITES, {"reason": "forgot"}
    ),
    "POST /nurse/<study>/<code>/visits/<visit>/here": Row(P.ISSUE_LINKS, (303,), SITES),
    "POST /nurse/<study>/<code>/visits/<visit>/unlock": Row(P.ISSUE_LINKS, (303,), SITES),
    "POST /nurse/<study>/<code>/personal-link": Row(P.ISSUE_LINKS, (200,), SITES),
    "POST /nurse/<study>/<code>/personal-link/unlock": Row(P.ISSUE_LINKS, (303,), SITES),
    "POST /nurse/<study>/<code>/personal-link/revoke": Row(
        P.ISSUE_LINKS, (303,), SITES, {"reason": "lost_phone"}
    ),
    "GET /nurse/<study>/<code>/contact": Row(P.SEE_CONTACT, (200,), SITES),
    "POST /nurse/<study>/<code>/contact/show": Row(P.SEE_CONTACT, (200,), SITES),
    "POST /nurse/<study>/<code>/contact": Row(
        P.CHANGE_CONTACT, (303,), SITES, {"phone": "06 39 98 00 01", "channel": "sms", "version": "0"}
    ),
    "POST /nurse/<study>/<code>/contact/erase": Row(P.CHANGE_CONTACT, (303,), SITES),
    "GET /nurse/handover": Row(P.WRITE_HANDOVER, (200,), SITES),
    "POST /nurse/handover": Row(P.WRITE_HANDOVER, (422,), SITES, {"text": "A note"}),
    "POST /nurse/handover/<note>/down": Row(P.WRITE_HANDOVER, (404,), SITES),
    f"GET {STEPS}/notes": Row(P.SEE_PATIENTS, (200,), READERS),
    f"POST {STEPS}/notes": Row(P.WRITE_NOTE, (303,), SITES, {"kind": "call", "text": "Feels better"}),
    f"GET {STEPS}/scores": Row(P.SEE_PATIENTS, (200,), READERS),
    # Nobody has sent anything: there is no score to explain.
    f"GET {STEPS}/scores/<visit>/<questionnaire>/<scale>": Row(P.SEE_PATIENTS, (404,), READERS),
    "GET /nurse/alerts": Row(P.SEE_PATIENTS, (200,), READERS),
    f"GET {ALERT}": Row(P.SEE_PATIENTS, (200,), READERS),
    # Answered once: the second one is told so.
    f"POST {ALERT}": Row(P.ANSWER_ALERT, (303, 422), SITES, {"action": "called"}),
    f"GET {EVENTS}": Row(P.SEE_PATIENTS, (200,), READERS),
    f"GET {EVENTS}/new": Row(P.DRAFT_EVENT, (200,), SITES),
    f"POST {EVENTS}/new": Row(P.DRAFT_EVENT, (303,), SITES, FACTS),
    f"GET {EVENTS}/<number>": Row(P.SEE_PATIENTS, (200,), READERS),
    f"GET {EVENTS}/<number>/change": Row(P.DRAFT_EVENT, (200,), SITES),
    f"POST {EVENTS}/<number>/change": Row(P.DRAFT_EVENT, (422,), SITES, FACTS),
    f"POST {EVENTS}/<number>/decision": Row(P.DECIDE_EVENT, (422,), INVESTIGATORS),
    f"POST {EVENTS}/<number>/signature": Row(P.DECIDE_EVENT, (422,), INVESTIGATORS),
    f"POST {EVENTS}/<number>/declaration": Row(P.DRAFT_EVENT, (422,), SITES),
    f"POST {STEPS}/card/lost": Row(P.ISSUE_LINKS, (303,), SITES),
    f"GET {STEPS}/milestones": Row(P.SEE_PATIENTS, (200,), READERS),
    f"GET {STEPS}/milestones/new/<kind>": Row(P.RECORD_COURSE, (200,), SITES),
    f"POST {STEPS}/milestones/new/<kind>": Row(P.RECORD_COURSE, (200,), SITES, {"occurred_on": TODAY}),
    # The first is the consent, which is never undone.
    f"GET {STEPS}/milestones/<number>/undo": Row(P.RECORD_COURSE, (422,), SITES),
    f"POST {STEPS}/milestones/<number>/undo": Row(P.RECORD_COURSE, (422,), SITES),
    f"GET {STEPS}/treatment": Row(P.SEE_PATIENTS, (200,), READERS),
    f"GET {STEPS}/treatment/new": Row(P.RECORD_COURSE, (200,), SITES),
    f"POST {STEPS}/treatment/new": Row(P.RECORD_COURSE, (422,), SITES),
    f"GET {STEPS}/treatment/<number>/stop": Row(P.RECORD_COURSE, (200,), SITES),
    f"POST {STEPS}/treatment/<number>/stop": Row(P.RECORD_COURSE, (422,), SITES),
    f"GET {STEPS}/treatment/<number>/change": Row(P.RECORD_COURSE, (200,), SITES),
    f"POST {STEPS}/treatment/<number>/change": Row(P.RECORD_COURSE, (422,), SITES),
    f"GET {STEPS}/treatment/<number>/undo": Row(P.RECORD_COURSE, (200,), SITES),
    f"POST {STEPS}/treatment/<number>/undo": Row(P.RECORD_COURSE, (422,), SITES),
    f"GET {STEPS}/unscheduled": Row(P.SEE_PATIENTS, (200,), READERS),
    f"POST {STEPS}/unscheduled": Row(P.RECORD_COURSE, (303,), SITES, {"questionnaires": "qlq-c30"}),
    # A visit of the schedule has its link elsewhere.
    f"POST {STEPS}/unscheduled/<visit>/link": Row(P.ISSUE_LINKS, (404,), SITES),
    f"GET {STEPS}/transfer": Row(P.TRANSFER, (200,), MANAGERS),
    f"POST {STEPS}/transfer": Row(P.TRANSFER, (422,), MANAGERS),
    f"GET {STEPS}/wrong-patient": Row(P.REATTRIBUTE, (200,), MANAGERS),
    f"POST {STEPS}/wrong-patient": Row(P.REATTRIBUTE, (422,), MANAGERS),
    f"GET {ANSWERS}": Row(P.SEE_PATIENTS, (200,), READERS),
    f"GET {ANSWERS}/<visit>/<questionnaire>": Row(P.SEE_PATIENTS, (200,), READERS),
    f"GET {CORRECTION}": Row(P.CORRECT, (200,), INVESTIGATORS),
    f"POST {CORRECTION}": Row(P.CORRECT, (422,), INVESTIGATORS, {"seen": "0"}),
    "GET /analyst/": Row(P.EXPORT, (200,), EXPORTERS),
    "POST /analyst/<study>/export": Row(P.EXPORT, (200,), EXPORTERS),
    "GET /manager/allocations/<study>": Row(P.IMPORT_ALLOCATIONS, (200,), MANAGERS),
    "POST /manager/allocations/<study>": Row(
        P.IMPORT_ALLOCATIONS, (422,), MANAGERS, {"list": "site;patient;arm;randomised_on"}
    ),
    "GET /manager/randomisation/<study>/<code>": Row(P.CORRECT_RANDOMISATION, (200,), MANAGERS),
    "POST /manager/randomisation/<study>/<code>": Row(P.CORRECT_RANDOMISATION, (422,), MANAGERS),
    "GET /manager/wording/": Row(P.MANAGE_WORDING, (200,), MANAGERS),
    f"GET {WORDING}": Row(P.MANAGE_WORDING, (200,), MANAGERS),
    f"POST {WORDING}": Row(P.MANAGE_WORDING, (422,), MANAGERS),
    f"GET {WORDING}/draft": Row(P.MANAGE_WORDING, (200,), MANAGERS),
    f"POST {WORDING}/draft": Row(P.MANAGE_WORDING, (422,), MANAGERS, {"reference": "Without the rest"}),
    "GET /admin/": Row(P.MANAGE_STAFF, (200,), ADMINISTRATORS),
    "GET /admin/access": Row(P.MANAGE_STAFF, (200,), ADMINISTRATORS),
    "GET /admin/sites": Row(P.MANAGE_STAFF, (200,), ADMINISTRATORS),
    "GET /admin/invite": Row(P.MANAGE_STAFF, (200,), ADMINISTRATORS),
    "POST /admin/invite": Row(P.MANAGE_STAFF, (422,), ADMINISTRATORS),
    f"GET {PERSON}": Row(P.MANAGE_STAFF, (200,), ADMINISTRATORS),
    f"POST {PERSON}/roles": Row(P.MANAGE_STAFF, (422,), ADMINISTRATORS),
    f"POST {PERSON}/roles/<role>/end": Row(P.MANAGE_STAFF, (404,), ADMINISTRATORS),
    f"POST {PERSON}/link": Row(P.MANAGE_STAFF, (422,), ADMINISTRATORS),
    f"POST {PERSON}/sign-out": Row(P.MANAGE_STAFF, (303,), ADMINISTRATORS),
    f"POST {PERSON}/deactivate": Row(P.MANAGE_STAFF, (303,), ADMINISTRATORS),
    f"POST {PERSON}/reactivate": Row(P.MANAGE_STAFF, (303,), ADMINISTRATORS),
}


@pytest.fixture(scope="module")
def hospital(
    database_kind: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[tuple[Flask, Session]]:
    """An application on a database of its own, whose readers and writers have a connection each."""
    url = migrated_database(database_kind, tmp_path_factory.mktemp("routes"), worker_id)
    app, clock = create_app(test_settings(url), SteppedClock(NOW)), SteppedClock(NOW)
    with app.app_context():
        session = db.new_session()
    act_as(session, clock, AuditContext("test", "test"))
    places.fill(session, clock)
    session.commit()
    yield app, session
    session.close()
    for engine in db._app_state[app].engines.values():
        engine.dispose()


def staff(hospital: tuple[Flask, Session], role: Role) -> User:
    """The account of a role, bound to the own site where the role is."""
    session, email = hospital[1], f"{role.value}@staff.example"
    known = session.query(User).filter_by(email=email).one_or_none()
    study = session.query(Study).filter_by(code=OWN[0]).one()
    site = factories.get_site(session, study) if role in SITE_BOUND else None
    user = known or factories.make_staff(session, SteppedClock(NOW), role, study, site, email)
    session.commit()
    return user


def browser_of(hospital: tuple[Flask, Session], user: User) -> FlaskClient:
    """A browser in which the user has just signed in."""
    app, session = hospital
    return factories.sign_in(Browser(app), session, SteppedClock(NOW), user).client


def routes_of(app: Flask) -> dict[str, str]:
    """Method and rule -> endpoint."""
    return {
        f"{method} {rule.rule}": rule.endpoint
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def form_token(app: Flask) -> str:
    """What the pages of the sessions that factories.sign_in opens have in their forms."""
    return str(URLSafeTimedSerializer(str(app.secret_key), salt="wtf-csrf-token").dumps("t" * 40))


def send(client: FlaskClient, route: str, path: str, token: str | None = None) -> TestResponse:
    """The request of a route with its form."""
    data = ROUTES[route].form | ({"csrf_token": token} if token else {})
    method = route.split(" ")[0]
    response = client.open(path, method=method, data=data if method == "POST" else None)
    response.get_data()
    response.close()
    return response


def expected(row: Row, role: Role, place: str) -> tuple[int, ...]:
    """What the table says for a role at a place."""
    if not isinstance(row.access, Permission) or role not in row.roles:
        return (403,) if role not in row.roles else row.status
    is_elsewhere = place == "other study" or (place == "other site" and role in SITE_BOUND)
    return (404,) if is_elsewhere else row.status


def text_of_all(response: TestResponse) -> str:
    """What an answer holds, an archive's files included."""
    if response.mimetype != "application/zip":
        return response.get_data(as_text=True)
    with zipfile.ZipFile(io.BytesIO(response.get_data())) as archive:
        return "\n".join(archive.read(name).decode("utf-8") for name in archive.namelist())


def hidden_codes(role: Role) -> set[str]:
    """The patients of whom a role may see nothing."""
    if role is Role.ADMINISTRATOR:
        return {*SENDERS, *SENDERS.values()}
    hidden = {OTHER_STUDY[1]} | ({OTHER_SITE[1]} if role in SITE_BOUND else set())
    return hidden | {SENDERS[each] for each in hidden}


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_the_table_names_every_route_and_no_other(app: Flask) -> None:
    assert sorted(routes_of(app)) == sorted(ROUTES)


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_every_route_declares_its_access(app: Flask) -> None:
    assert {route: access_of(app, endpoint) for route, endpoint in routes_of(app).items()} == {
        route: row.access for route, row in ROUTES.items()
    }


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
@pytest.mark.parametrize("role", Role)
def test_each_role_gets_what_the_table_says_and_sees_no_other_patients(
    hospital: tuple[Flask, Session], role: Role
) -> None:
    user, token = staff(hospital, role), form_token(hospital[0])
    wrong, seen = {}, {}
    for route, row in ROUTES.items():
        for place, path in requests_of(route.split(" ")[1]):
            response = send(browser_of(hospital, user), route, path, token)
            if response.status_code not in expected(row, role, place):
                wrong[f"{route} {place}"] = response.status_code
            # What the address asked for may be named in the answer; nothing else of another place may.
            text = text_of_all(response)
            if leaked := {code for code in hidden_codes(role) if code not in path and code in text}:
                seen[f"{route} {place}"] = leaked
    assert (wrong, seen) == ({}, {})


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_nobody_signed_in_gets_nowhere(hospital: tuple[Flask, Session]) -> None:
    wrong = {}
    for route, row in ROUTES.items():
        for _, path in requests_of(route.split(" ")[1]):
            response = send(hospital[0].test_client(), route, path)
            is_for_staff = row.access not in {"public", "patient", "patient saving", "nobody"}
            wanted = (303,) if is_for_staff else row.status
            target = response.headers.get("Location", "/login")
            if response.status_code not in (wanted if route.startswith("GET") else (400,)):
                wrong[f"{route} {path}"] = str(response.status_code)
            elif not target.startswith("/login"):
                wrong[f"{route} {path}"] = target
    assert wrong == {}


@pytest.mark.requirement("ACC-03")
@pytest.mark.threat("C1")
def test_every_change_without_a_form_token_is_refused(hospital: tuple[Flask, Session]) -> None:
    client = browser_of(hospital, staff(hospital, Role.NURSE))
    for route in (route for route in ROUTES if route.startswith("POST")):
        path = address(route.split(" ")[1], OWN)
        for token in (None, "guessed", form_token(hospital[0])[:-1]):
            assert send(client, route, path, token).status_code == 400, route
    assert send(client, "GET /nurse/", "/nurse/").status_code == 200


@pytest.mark.requirement("ACC-03")
@pytest.mark.threat("C1")
def test_every_change_that_another_site_sends_is_refused(hospital: tuple[Flask, Session]) -> None:
    client = browser_of(hospital, staff(hospital, Role.NURSE))
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "cross-site"
    for route in (route for route in ROUTES if route.startswith("POST")):
        path = address(route.split(" ")[1], OWN)
        assert send(client, route, path, form_token(hospital[0])).status_code == 400, route


@pytest.mark.requirement("ACC-01")
@pytest.mark.threat("C13")
def test_a_role_that_has_ended_opens_nothing(hospital: tuple[Flask, Session]) -> None:
    user, session = staff(hospital, Role.INVESTIGATOR), hospital[1]
    client = browser_of(hospital, user)
    assert send(client, "GET /nurse/", "/nurse/").status_code == 200
    assignment = session.query(RoleAssignment).filter_by(user_id=user.id).one()
    assignment.ended_at = NOW
    session.commit()
    try:
        for route, row in ROUTES.items():
            if isinstance(row.access, Permission):
                path = address(route.split(" ")[1], OWN)
                assert send(client, route, path, form_token(hospital[0])).status_code == 403, route
    finally:
        assignment.ended_at = None
        session.commit()
