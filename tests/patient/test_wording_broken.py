"""Wording that cannot be shown: the patient meets plain words, whom to call, and no question."""

import html5lib
import pytest
from flask import Flask, g
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.assets import STATIC
from app.clock import SteppedClock
from app.models import Response as Answers
from app.patient.broken import MARK, wording_broken
from app.services import links
from app.services.wording import NoWordingError, SealBrokenError
from tests import factories

BROKEN = SealBrokenError(1, "qlq-c30", "fr")


@pytest.fixture
def token(session: Session, clock: SteppedClock) -> str:
    """The secret of a French patient's link."""
    patient = factories.make_patient(session, clock, factories.make_study(session, clock))
    issued = factories.make_link(session, clock, patient)
    session.commit()
    return issued.token


def text(response: Response) -> str:
    """What the patient reads; the document is parsed strictly."""
    document = response.get_data(as_text=True)
    root = html5lib.HTMLParser(namespaceHTMLElements=False, strict=True).parse(document)
    return " ".join("".join(root.itertext()).split())


@pytest.mark.requirement("INS-04")
@pytest.mark.parametrize("error", [BROKEN, NoWordingError("qlq-c30", "fr")])
@pytest.mark.parametrize(
    ("language", "told"),
    [("fr", "Vos questions ne peuvent pas s’afficher"), ("en", "Your questions cannot be shown just now")],
)
def test_no_question_is_shown_and_the_site_is_named_with_its_telephone(
    app: Flask,
    session: Session,
    token: str,
    error: SealBrokenError | NoWordingError,
    language: str,
    told: str,
) -> None:
    with app.test_request_context(f"/l/{token}?lang={language}"):
        response = wording_broken(error)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "600")
    # By this a phone knows it from a failure that passes.
    assert MARK in response.headers
    shown = text(response)
    assert told in shown
    assert "Centre Léon Bérard" in shown
    assert "04 65 71 26 04" in shown
    assert 'href="tel:0465712604"' in response.get_data(as_text=True)
    assert 'type="radio"' not in response.get_data(as_text=True)


@pytest.mark.requirement("INS-04")
def test_on_a_question_the_link_of_the_session_says_whose_page_it_is(
    app: Flask, session: Session, clock: SteppedClock, token: str
) -> None:
    with app.test_request_context("/survey/q01?lang=en"):
        g.link = links.find_link(session, clock, token)
        assert "Centre Léon Bérard" in text(wording_broken(BROKEN))


@pytest.mark.requirement("INS-04")
def test_what_the_request_had_begun_is_not_kept(app: Flask, session: Session, token: str) -> None:
    with app.test_request_context(f"/l/{token}", method="POST"):
        wording_broken(BROKEN)
    assert session.scalar(select(func.count(Answers.id))) == 0


def test_without_a_known_link_the_error_goes_on(app: Flask, session: Session) -> None:
    with app.test_request_context("/l/unknown"), pytest.raises(SealBrokenError):
        wording_broken(BROKEN)


def test_the_phones_scripts_know_the_mark() -> None:
    for name in ("survey.js", "review.js", "worker.js"):
        assert f'headers.has("{MARK}")' in (STATIC / name).read_text("utf-8"), name
