"""Two browsers that save at the same moment: nothing is lost, nothing is written over."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.db import SINGLE
from app.models import AuditEntry, LateAnswer, Response
from app.services import audit
from tests import factories
from tests.live import Live, live_database, together
from tests.page import Browser
from tests.patient import steps
from tests.patient.test_sync import entry, written

pytestmark = [pytest.mark.requirement("SUR-10"), pytest.mark.threat("D1")]


class Phone:
    """A browser in which a patient's link is open."""

    def __init__(self, live: Live, token: str, name: str) -> None:
        self.live, self.browser, self.device = live, Browser(live.app), f"{name}-0123456789abcdef"
        page = steps.start(self.browser, token)
        self.csrf = str(page.all("input", name="csrf_token")[0].get("value"))

    def save(self, item: str, value: int, sequence: int = 1) -> dict[str, Any]:
        """Saves an answer given now; what the reply says."""
        now = self.live.clock.now()
        body = {"device": self.device, "now": written(now), "answers": [entry(item, value, sequence, now)]}
        reply = self.browser.client.post("/survey/answers", json=body, headers={"X-CSRFToken": self.csrf})
        assert reply.status_code == 200, reply.get_data(as_text=True)
        told: dict[str, Any] = reply.get_json()
        assert told["acknowledged"] == [sequence]
        return told


@pytest.fixture(scope="module")
def live(database_kind: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Live]:
    """A database of its own, for several connections at once."""
    with live_database(database_kind, tmp_path_factory.mktemp("saves"), worker_id) as live:
        yield live


@pytest.fixture
def token(live: Live) -> str:
    """The secret of a link of a new patient."""
    with live.session() as session:
        issued = factories.make_link(session, live.clock, live.new_patient(session))
        session.commit()
        return issued.token


def newest(session: Session) -> Response:
    """The response that was begun last."""
    return session.scalars(select(Response).order_by(Response.id.desc()).limit(1)).one()


@contextmanager
def just_before_saving(live: Live, act: Callable[[], object]) -> Iterator[None]:
    """Has something happen once, between a save's reading of a response and its writing of it."""
    engine, waiting = live.engine(SINGLE), [act]

    def before(*arguments: object) -> None:
        if str(arguments[2]).startswith("UPDATE response") and waiting:
            # In a thread of its own: a request within another one shares its context, and so its sessions.
            together(waiting.pop())

    event.listen(engine, "before_cursor_execute", before)
    yield
    event.remove(engine, "before_cursor_execute", before)
    assert not waiting, "nothing was saved"


def test_who_finds_another_quicker_saves_after_it(live: Live, token: str) -> None:
    phone, tablet = (Phone(live, token, name) for name in ("phone", "tablet"))
    with just_before_saving(live, lambda: tablet.save("q02", 3)):
        told = phone.save("q01", 2)
    assert (told["state"], told["refused"]) == ("open", [])
    with live.session() as session:
        assert {item: each["value"] for item, each in newest(session).answers.items()} == {"q01": 2, "q02": 3}


def test_an_answer_that_another_replaced_meanwhile_is_in_the_trail(live: Live, token: str) -> None:
    phone, tablet = (Phone(live, token, name) for name in ("phone", "tablet"))
    with just_before_saving(live, lambda: tablet.save("q01", 3)):
        phone.save("q01", 2, sequence=2)
    with live.session() as session:
        response = newest(session)
        query = select(AuditEntry.changes).where(AuditEntry.entity_id == str(response.id))
        changes = session.scalars(query.order_by(AuditEntry.id.desc()).limit(1)).one()
        assert [each["value"] for each in changes["answers"]["q01"]] == [3, 2]
        assert response.answers["q01"]["value"] == 2
        assert audit.verify(session) == []


def test_an_answer_that_meets_the_sending_is_kept_apart(live: Live, token: str) -> None:
    phone, tablet = (Phone(live, token, name) for name in ("phone", "tablet"))
    for number, item in enumerate(steps.ITEMS[:-1], start=1):
        tablet.save(item, 1, number)

    def send() -> None:
        tablet.save("q30", 3, 99)
        tablet.browser.press(tablet.browser.get("/survey/review"), steps.FR["send"])

    with just_before_saving(live, send):
        told = phone.save("q30", 4)
    assert told["state"] == "sent"
    with live.session() as session:
        response = newest(session)
        assert (response.is_submitted, response.answers["q30"]["value"]) == (True, 3)
        query = select(LateAnswer).where(LateAnswer.response_id == response.id)
        assert [(each.item, each.answer["value"]) for each in session.scalars(query)] == [("q30", 4)]


def test_of_many_at_once_each_is_kept(live: Live, token: str) -> None:
    phones = [Phone(live, token, f"phone{number}") for number in range(6)]
    items = steps.ITEMS[: len(phones)]
    together(*(partial(phone.save, item, 2) for phone, item in zip(phones, items, strict=True)))
    with live.session() as session:
        response = newest(session)
        assert sorted(response.answers) == sorted(items)


def test_a_replay_that_meets_itself_after_sending_is_kept_once(live: Live, token: str) -> None:
    phones = [Phone(live, token, "phone") for _ in range(4)]
    for number, item in enumerate(steps.ITEMS, start=1):
        phones[0].save(item, 1, number)
    phones[0].browser.press(phones[0].browser.get("/survey/review"), steps.FR["send"])
    together(*(partial(phone.save, "q05", 4, 99) for phone in phones))
    with live.session() as session:
        query = select(LateAnswer).where(LateAnswer.response_id == newest(session).id)
        assert len(session.scalars(query).all()) == 1
