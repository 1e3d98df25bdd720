"""What a measured unit of work is: a whole visit, or as many bare inserts; every reply is checked."""

import json
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice

from benchmarks.client import Client, Reply

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
Answers = Mapping[str, int | str]


class UnexpectedReplyError(Exception):
    """The server answered something else than it should have."""

    def __init__(self, where: str, reply: Reply) -> None:
        super().__init__(f"{where}: {reply.status} {reply.location} {reply.text[:200]!r}")
        self.where, self.reply = where, reply


def complete_by_forms(client: Client, link: str, answers: Answers) -> None:
    """One patient without a script, from the link to the thank-you page. Raises UnexpectedReplyError."""
    place = start(client, link)
    for item, value in answers.items():
        where = f"/survey/{item}"
        if place != where:
            raise UnexpectedReplyError(f"expected to be led to {where}", Reply(0, place, ""))
        page = expect(client.get(where), where, 200, f'id="{item}"')
        fields = {"csrf_token": token_of(page), item: str(value), "action": "next"}
        place = moved(client.post(where, fields), where)
    review = expect(client.get(place), place, 200, 'value="send"')
    finish(client, token_of(review))


def complete_by_script(client: Client, link: str, answers: Answers, size: int = 1) -> None:
    """One patient whose page sends the answers in the background, so many in a request."""
    place = start(client, link)
    token = token_of(expect(client.get(place), place, 200, "<fieldset"))
    device, waiting = secrets.token_urlsafe(16), iter(enumerate(answers.items(), start=1))
    while some := list(islice(waiting, size)):
        reply = client.post_json("/survey/answers", sync_body(device, some), token)
        expect(reply, "/survey/answers", 200, '"open"')
        if sorted(json.loads(reply.text)["acknowledged"]) != [sequence for sequence, _ in some]:
            raise UnexpectedReplyError("not all was acknowledged", reply)
    finish(client, token)


def requests_by_forms(answers: Answers) -> int:
    """Landing, start, a page and a save for each answer, review, send, thank-you page."""
    return 2 + 2 * len(answers) + 3


def requests_by_script(answers: Answers, size: int = 1) -> int:
    """Landing, start, the document, the answers, send, thank-you page."""
    return 3 + -(-len(answers) // size) + 2


def start(client: Client, link: str) -> str:
    """The tap on the link and on its button; where that leads."""
    landing = expect(client.get(link), link, 200, "<h1")
    return moved(client.post(link, {"csrf_token": token_of(landing)}), link)


def finish(client: Client, token: str) -> None:
    """Sends what was answered."""
    place = moved(client.post("/survey/review", {"csrf_token": token, "action": "send"}), "/survey/review")
    if place != "/survey/sent":
        raise UnexpectedReplyError("expected the thank-you page", Reply(0, place, ""))
    expect(client.get(place), place, 200, "<h1")


def sync_body(device: str, some: list[tuple[int, tuple[str, int | str]]]) -> str:
    """Answers as the page's script sends them."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    answers = [
        {"item": item, "state": "answered", "value": value, "language": "fr", "at": now, "sequence": number}
        for number, (item, value) in some
    ]
    return json.dumps({"device": device, "now": now, "answers": answers})


def insert_bare(client: Client, unit: int, requests: int) -> None:
    """So many bare requests, each committing one insert."""
    for number in range(requests):
        fields = {"unit": str(unit), "item": f"q{number:02}", "value": str(number % 4 + 1)}
        expect(client.post("/insert", fields), "/insert", 200, "stored")


def expect(reply: Reply, where: str, status: int, text: str) -> Reply:
    """The reply, if it has the status and holds the text."""
    if reply.status != status or text not in reply.text:
        raise UnexpectedReplyError(where, reply)
    return reply


def moved(reply: Reply, where: str) -> str:
    """The path that a reply leads to."""
    if reply.status != 303 or not reply.location.startswith("/"):
        raise UnexpectedReplyError(where, reply)
    return reply.location


def token_of(page: Reply) -> str:
    """The form token of a page, as a browser sends it back."""
    found = TOKEN.search(page.text)
    if found is None:
        raise UnexpectedReplyError("no form token", page)
    return found[1]
