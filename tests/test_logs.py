"""No token of a link reaches a log, by whatever way it comes."""

import io
import logging
from collections.abc import Iterator

import pytest

from app.logs import LINK_FILTER, init_logging

pytestmark = [pytest.mark.requirement("LINK-01"), pytest.mark.requirement("DAT-02"), pytest.mark.threat("A3")]
TOKEN = "fV0mJ-2_" * 5 + "abc"
LOGGERS = ("app", "gunicorn.access", "gunicorn.error", "werkzeug")


@pytest.fixture(params=LOGGERS)
def log(request: pytest.FixtureRequest) -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger of the application with what it writes."""
    init_logging()
    logger, output = logging.getLogger(request.param), io.StringIO()
    handler, level = logging.StreamHandler(output), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield logger, output
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.mark.parametrize(
    ("line", "written"),
    [
        (f'"GET /l/{TOKEN} HTTP/1.1" 200', '"GET /l/[link] HTTP/1.1" 200'),
        (f'"POST /l/{TOKEN}?lang=en HTTP/1.1"', '"POST /l/[link]?lang=en HTTP/1.1"'),
        (f'"POST /password/{TOKEN}?lang=en HTTP/1.1"', '"POST /password/[link]?lang=en HTTP/1.1"'),
        (f"/login?next=%2Fpassword%2F{TOKEN}", "/login?next=%2Fpassword%2F[link]"),
        ('"GET /password-kept"', '"GET /password-kept"'),
        (f'"GET /l/{TOKEN}/x"', '"GET /l/[link]/x"'),
        (f"https://host/l/{TOKEN}", "https://host/l/[link]"),
        (f"'http://host/l/{TOKEN}' '/l/{TOKEN}'", "'http://host/l/[link]' '/l/[link]'"),
        (f"/login?next=%2Fl%2F{TOKEN}%3Fa", "/login?next=%2Fl%2F[link]%3Fa"),
        (f"/login?next=/l/{TOKEN}&a=1", "/login?next=/l/[link]&a=1"),
        ("GET /survey/q01 100 %", "GET /survey/q01 100 %"),
        ("GET /all/of/it", "GET /all/of/it"),
    ],
)
def test_tokens_are_replaced_and_the_rest_stays(
    log: tuple[logging.Logger, io.StringIO], line: str, written: str
) -> None:
    logger, output = log
    logger.info("%s", line)
    logger.info(line)
    assert output.getvalue().splitlines() == [written, written]


def test_arguments_in_every_form_are_scrubbed(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, output = log
    logger.warning("%s of %d at %s", "GET", 1, f"/l/{TOKEN}")
    # As the web server writes its access log.
    logger.warning("%(r)s %(f)s", {"r": f"GET /l/{TOKEN}", "f": f"https://host/l/{TOKEN}"})
    assert output.getvalue().splitlines() == ["GET of 1 at /l/[link]", "GET /l/[link] https://host/l/[link]"]


def test_tracebacks_are_scrubbed_too(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, output = log
    try:
        raise RuntimeError(f"cannot serve /l/{TOKEN}")
    except RuntimeError:
        logger.exception("Exception on /l/%s [POST]", TOKEN)
    written = output.getvalue()
    assert TOKEN not in written
    assert "RuntimeError: cannot serve /l/[link]" in written
    assert written.startswith("Exception on /l/[link] [POST]")


def test_the_filter_is_there_once_however_often_the_application_is_made() -> None:
    for _ in range(3):
        init_logging()
    for name in LOGGERS:
        assert logging.getLogger(name).filters.count(LINK_FILTER) == 1
