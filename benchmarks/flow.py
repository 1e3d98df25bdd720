"""What a measured unit of work is: a whole questionnaire, or as many bare inserts; every reply is checked."""

import re
from collections.abc import Mapping

from benchmarks.client import Client, Reply

ITEMS = tuple(f"q{number:02}" for number in range(1, 31))
# Landing, start, a page and a save for each item, review, send, thank-you page.
REQUESTS = 2 + 2 * len(ITEMS) + 3
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class UnexpectedReplyError(Exception):
    """The server answered something else than it should have."""

    def __init__(self, where: str, reply: Reply) -> None:
        super().__init__(f"{where}: {reply.status} {reply.location} {reply.text[:200]!r}")
        self.where, self.reply = where, reply


def complete_questionnaire(client: Client, link: str, answers: Mapping[str, int]) -> None:
    """One patient from the link to the thank-you page. Raises UnexpectedReplyError."""
    landing = expect(client.get(link), link, 200, "<h1>")
    place = moved(client.post(link, {"csrf_token": token_of(landing)}), link)
    for item in ITEMS:
        where = f"/survey/{item}"
        if place != where:
            raise UnexpectedReplyError(f"expected to be led to {where}", Reply(0, place, ""))
        page = expect(client.get(where), where, 200, f'<fieldset id="{item}"')
        fields = {"csrf_token": token_of(page), item: str(answers[item]), "action": "next"}
        place = moved(client.post(where, fields), where)
    review = expect(client.get(place), place, 200, 'value="send"')
    place = moved(client.post(place, {"csrf_token": token_of(review), "action": "send"}), place)
    expect(client.get(place), place, 200, "<h1>")
    if place != "/survey/sent" or len(client.seconds) != REQUESTS:
        raise UnexpectedReplyError(f"{len(client.seconds)} requests", Reply(0, place, ""))


def insert_bare(client: Client, unit: int) -> None:
    """As many bare requests as a questionnaire has, each committing one insert."""
    for number in range(REQUESTS):
        fields = {"unit": str(unit), "item": ITEMS[number % len(ITEMS)], "value": str(number % 4 + 1)}
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
