"""Headers, cookies, hosts, big bodies and failures, under http and under https."""

from collections.abc import Iterator

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.security import MAX_BODY_BYTES
from app.services import access
from tests.page import Browser, Page
from tests.patient import steps
from tests.patient.steps import FR

POLICY_OF_DATA = "default-src 'none'; frame-ancestors 'none'"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'; worker-src 'self'"
)
STYLE = "/static/patient.css"
ERRORS = {
    400: ("La page n’a pas pu être envoyée", "The page could not be sent"),
    401: ("Votre session est terminée", "Your session has ended"),
    403: ("Vous ne pouvez pas ouvrir cette page", "You cannot open this page"),
    404: ("Cette page n’existe pas", "There is no such page"),
    405: ("Cette adresse ne s’utilise pas ainsi", "This address cannot be used that way"),
    409: (
        "Une autre personne a fait une modification en même temps",
        "Somebody else changed this at the same time",
    ),
    413: ("L’envoi est trop volumineux", "Too much was sent at once"),
    418: ("La page n’a pas pu être envoyée", "The page could not be sent"),
    429: ("Trop d’essais en peu de temps", "Too many tries in a short time"),
    500: ("Un problème est survenu de notre côté", "Something went wrong on our side"),
    501: ("Un problème est survenu de notre côté", "Something went wrong on our side"),
    503: ("Le service n’est pas disponible pour le moment", "The service is not available just now"),
}


@pytest.fixture
def failing_app(bare_app: Flask) -> Flask:
    """An application with a page for each failure."""

    def fail(status: int) -> str:
        if status == 500:
            raise ValueError("canary of the inside")
        abort(status, "canary of the inside")

    bare_app.add_url_rule("/fails/<int:status>", view_func=access.public(fail))
    return bare_app


def every_kind_of_response(client: FlaskClient, token: str) -> Iterator[TestResponse]:
    """Good and bad answers, of every maker."""
    host, evil = {"Host": "study.example"}, {"Host": "evil.example"}
    for path in (
        f"/l/{token}",
        "/l/unknown",
        "/survey/q01",
        "/login",
        "/nurse/",
        "/",
        STYLE,
        "/static/no",
        "/no",
    ):
        yield client.get(path, headers=host)
    for method in ("HEAD", "OPTIONS", "PUT", "POST", "TRACE"):
        yield client.open(f"/l/{token}", method=method, headers=host)
    yield client.post(f"/l/{token}", data={"q": "a" * (MAX_BODY_BYTES + 1)}, headers=host)
    yield client.get(f"/l/{token}", headers=evil)


@pytest.mark.requirement("ACC-03")
@pytest.mark.threat("C4")
@pytest.mark.threat("C5")
@pytest.mark.threat("C7")
def test_every_response_bears_the_security_headers(secure_app: Flask, secure_token: str) -> None:
    client = secure_app.test_client()
    for response in every_kind_of_response(client, secure_token):
        response.close()
        where, headers = f"{response.request.method} {response.request.path}", response.headers
        is_page = response.mimetype == "text/html"
        assert headers["Content-Security-Policy"] == (POLICY if is_page else POLICY_OF_DATA), where
        assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains", where
        assert headers["X-Content-Type-Options"] == "nosniff", where
        assert headers["Referrer-Policy"] == "no-referrer", where
        assert (headers.get("Cross-Origin-Opener-Policy") == "same-origin") == is_page, where
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", where
        assert ("camera=()" in headers.get("Permissions-Policy", "")) == is_page, where
        is_style = response.request.path == STYLE
        wanted = "public, max-age=31536000, immutable" if is_style else "no-store"
        assert headers["Cache-Control"] == wanted, where
        assert "Server" not in headers, where


@pytest.mark.threat("C5")
def test_http_promises_no_https(browser: Browser, token: str) -> None:
    assert "Strict-Transport-Security" not in browser.get(f"/l/{token}").response.headers


@pytest.mark.requirement("ACC-03")
@pytest.mark.threat("C6")
def test_cookies_under_http(browser: Browser, token: str) -> None:
    page = browser.get(f"/l/{token}")
    header = page.response.headers["Set-Cookie"]
    assert header.startswith("ressenti_patient=a.")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} == set(header.split("; ")[1:])
    data = {"csrf_token": page.all("input", name="csrf_token")[0].get("value")}
    started = browser.client.post(f"/l/{token}", data=data).headers["Set-Cookie"]
    assert started.startswith("ressenti_patient=s.")
    # As long as the link: the end of its window and the grace.
    assert "Expires=Tue, 22 Dec 2026 23:00:00 GMT" in started
    assert len(started) < 4096


@pytest.mark.requirement("ACC-03")
@pytest.mark.threat("C6")
@pytest.mark.threat("C1")
def test_a_whole_survey_under_https(secure_app: Flask, secure_token: str) -> None:
    client = secure_app.test_client()
    response = client.get(f"/l/{secure_token}", base_url="https://study.example")
    assert response.headers["Set-Cookie"].startswith("__Host-ressenti_patient=a.")
    attributes = set(response.headers["Set-Cookie"].split("; ")[1:])
    assert attributes == {"HttpOnly", "Path=/", "SameSite=Lax", "Secure"}
    # Chromium sends a Referer to nobody under no-referrer, and Origin: null with a form.
    token = Page(response, "").all("input", name="csrf_token")[0].get("value", "")
    options = {
        "headers": {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        "base_url": "https://study.example",
    }
    response = client.post(f"/l/{secure_token}", data={"csrf_token": token}, **options)
    assert (response.status_code, response.headers["Location"]) == (303, "/survey/q01")
    data = {"csrf_token": token, "q01": "2"}
    response = client.post("/survey/q01", data=data, **options)
    assert response.headers["Location"] == "/survey/q02"


@pytest.mark.requirement("ACC-03")
@pytest.mark.threat("C8")
def test_another_host_name_is_refused_and_reflected_nowhere(secure_app: Flask, secure_token: str) -> None:
    client = secure_app.test_client()
    for host in (
        "evil.example",
        "study.example.evil.example",
        "evil.example:443",
        "study.example@evil.example",
    ):
        for path in (f"/l/{secure_token}", "/no", "/nurse/"):
            response = client.get(path, headers={"Host": host})
            assert response.status_code == 400
            assert "evil" not in response.get_data(as_text=True) + str(response.headers)
            assert "Set-Cookie" not in response.headers
    assert client.get("/livez", headers={"Host": "study.example"}).status_code in {200, 404}


@pytest.mark.threat("C16")
def test_a_body_that_is_too_big_is_refused(browser: Browser, token: str) -> None:
    page = steps.start(browser, token)
    too_much = browser.press(page, FR["next"], status=413, q01="1" * MAX_BODY_BYTES)
    assert too_much.h1 == "L’envoi est trop volumineux"
    assert steps.choose(browser, page, 1).path == "/survey/q02"


@pytest.mark.threat("C18")
@pytest.mark.parametrize("status", ERRORS)
def test_each_failure_has_a_page_in_both_languages_that_tells_nothing_of_the_inside(
    failing_app: Flask, status: int
) -> None:
    browser = Browser(failing_app)
    for language, heading in zip(("fr", "en"), ERRORS[status], strict=True):
        page = browser.get(f"/fails/{status}", status, headers={"Accept-Language": language})
        assert (page.language, page.h1, page.title) == (language, heading, heading)
        assert "canary" not in page.html
        assert "Traceback" not in page.html


@pytest.mark.threat("C18")
def test_failures_met_on_the_way_have_these_pages(browser: Browser, token: str) -> None:
    for page in (
        browser.get("/no", 404),
        browser.get("/survey/q01", 401),
        browser.post(f"/l/{token}", status=400),
        browser.post("/static/patient.css", status=405),
    ):
        assert page.h1 == ERRORS[page.status][0]
    assert set(browser.client.put(f"/l/{token}").headers["Allow"].split(", ")) >= {"GET", "HEAD", "POST"}


@pytest.mark.threat("D6")
@pytest.mark.parametrize("cookie", ["", "s.session", "a.forged"])
def test_without_its_database_the_service_says_to_come_back(
    bare_app: Flask, cookie: str, caplog: pytest.LogCaptureFixture
) -> None:
    browser = Browser(bare_app)
    if cookie:
        browser.client.set_cookie("ressenti_patient", cookie)
    page = browser.get("/l/anything", 503, headers={"Accept-Language": "en"})
    assert (page.h1, page.language) == (ERRORS[503][1], "en")
    assert page.response.headers["Retry-After"] == "10"
    assert page.response.headers["Content-Security-Policy"] == POLICY
    assert "kept" in page.text
    # Whoever runs the service has to know why, and no more than that: no token, no value.
    assert "OperationalError" in caplog.text
    assert "/l/anything" not in caplog.text


def test_static_files_are_found_by_their_content_and_are_the_same_for_everybody(
    browser: Browser, token: str
) -> None:
    page = steps.start(browser, token)
    browser.client.set_cookie("ressenti_staff", "s.session")
    for each in page.all("link"):
        assert "?v=" in each.get("href", "")
        with browser.client.get(each.get("href", "")) as response:
            assert response.status_code == 200
            assert "Set-Cookie" not in response.headers
            assert "Cookie" not in response.headers.get("Vary", "")


@pytest.mark.threat("D6")
def test_static_files_need_no_database(bare_app: Flask) -> None:
    client = bare_app.test_client()
    client.set_cookie("ressenti_staff", "s.session")
    with client.get(STYLE) as response:
        assert response.status_code == 200
