"""A phone whose network dies in the middle of a request holds up nobody else."""

import http.client
import json
import re
from contextlib import closing
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

import pytest

from tests.journeys.hospital import Hospital

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
DEVICE = "phone-0123456789abcdef"


class Phone:
    """A browser without a screen, on a connection of its own."""

    def __init__(self, hospital: Hospital, link: str) -> None:
        address = urlsplit(hospital.url)
        self.connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
        self.cookie, path = "", urlsplit(link).path
        landing = self._ask("GET", path)
        form = urlencode({"csrf_token": TOKEN.findall(landing)[0]})
        self._ask("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded"})
        self.token = TOKEN.findall(self._ask("GET", "/survey/q01"))[0]

    def _ask(self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> str:
        self.connection.request(method, path, body, {"Cookie": self.cookie} | (headers or {}))
        reply = self.connection.getresponse()
        self.cookie = str(reply.headers.get("Set-Cookie", self.cookie)).split(";")[0]
        self.status = reply.status
        return reply.read().decode()

    @property
    def headers(self) -> dict[str, str]:
        """Of a request that carries answers."""
        return {"Cookie": self.cookie, "X-CSRFToken": self.token, "Content-Type": "application/json"}

    def body(self) -> str:
        """One answer."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        answer = {"item": "q01", "state": "answered", "value": 2, "language": "fr", "at": now, "sequence": 1}
        return json.dumps({"device": DEVICE, "now": now, "answers": [answer]})

    def save(self) -> int:
        """Saves the answer; the status of the reply."""
        self._ask("POST", "/survey/answers", self.body(), self.headers)
        return self.status

    def begin_to_save(self) -> str:
        """Sends the head of the request and half of its body; the other half."""
        body = self.body()
        self.connection.putrequest("POST", "/survey/answers")
        for name, value in self.headers.items():
            self.connection.putheader(name, value)
        self.connection.putheader("Content-Length", str(len(body)))
        self.connection.endheaders(body[:20].encode())
        return body[20:]

    def end_saving(self, rest: str) -> int:
        """Sends the other half; the status of the reply."""
        self.connection.send(rest.encode())
        with self.connection.getresponse() as reply:
            return reply.status


@pytest.mark.threat("C16")
@pytest.mark.requirement("SUR-06")
def test_half_a_request_holds_nothing_in_the_database(hospital: Hospital) -> None:
    slow, quick = (Phone(hospital, hospital.link(hospital.patient())) for _ in range(2))
    with closing(slow.connection), closing(quick.connection):
        rest = slow.begin_to_save()
        assert quick.save() == 200
        assert slow.end_saving(rest) == 200
