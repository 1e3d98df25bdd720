"""SMS against a real HTTP receiver: what it is asked, and what is known when it does not answer."""

import json
import logging
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from app.channels import Outcome, Outgoing
from app.channels.sms import FORM_TYPE, Gateway, SmsChannel
from tests.postgres_process import free_port
from tests.receivers import SmsReceiver

pytestmark = [pytest.mark.requirement("LINK-06"), pytest.mark.threat("F7")]
TEXT = 'Hôpital "Nord" & Sud: 100 % \\ {key}\nhttps://r.example/l/a-b_c'
MESSAGE = Outgoing(key="reminder:1:2:1", to="+33639980001", sender="Study", subject="", text=TEXT)


def send(gateway: Gateway, message: Outgoing = MESSAGE, timeout: float = 5) -> tuple[Outcome, str | None]:
    channel = SmsChannel(gateway, timeout)
    receipt = channel.send(message)
    channel.close()
    return receipt.outcome, receipt.detail or receipt.provider_id


def test_without_any_template_the_gateway_gets_json(gateway: SmsReceiver) -> None:
    assert send(Gateway(gateway.url)) == (Outcome.SENT, "m-1")
    assert gateway.bodies == [{"to": MESSAGE.to, "text": TEXT, "key": MESSAGE.key}]
    assert gateway.requests[0]["headers"]["Content-Type"] == "application/json"


def test_secret_and_key_go_where_the_headers_say(gateway: SmsReceiver) -> None:
    headers = {"Authorization": "Bearer {secret}", "Idempotency-Key": "{key}"}
    send(Gateway(gateway.url, headers=headers, secret="s3cret"))
    got = gateway.requests[0]["headers"]
    assert (got["Authorization"], got["Idempotency-Key"]) == ("Bearer s3cret", MESSAGE.key)
    assert "s3cret" not in gateway.requests[0]["body"]


def test_a_form_is_quoted_as_a_form(gateway: SmsReceiver) -> None:
    form = Gateway(gateway.url, body="to={to}&message={text}", headers={"Content-Type": FORM_TYPE})
    send(form)
    assert parse_qs(gateway.requests[0]["body"]) == {"to": [MESSAGE.to], "message": [TEXT]}


def test_a_gateway_may_be_asked_by_its_address_alone(gateway: SmsReceiver) -> None:
    send(Gateway(gateway.url + "?to={to}&text={text}", method="GET"))
    (request,) = gateway.requests
    assert (request["method"], request["body"]) == ("GET", "")
    assert parse_qs(urlsplit(request["path"]).query) == {"to": [MESSAGE.to], "text": [TEXT]}


def test_json_in_the_shape_of_another_gateway(gateway: SmsReceiver) -> None:
    body = '{"messages": [{"recipient": "{to}", "content": {"body": "{text}"}}]}'
    send(Gateway(gateway.url, method="PUT", body=body))
    assert gateway.requests[0]["method"] == "PUT"
    found = json.loads(gateway.requests[0]["body"])
    assert found == {"messages": [{"recipient": MESSAGE.to, "content": {"body": TEXT}}]}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (201, Outcome.SENT),
        (202, Outcome.SENT),
        (302, Outcome.REFUSED),
        (400, Outcome.REFUSED),
        (401, Outcome.NOT_NOW),
        (422, Outcome.REFUSED),
        (429, Outcome.NOT_NOW),
        (500, Outcome.UNKNOWN),
        (502, Outcome.UNKNOWN),
        (503, Outcome.NOT_NOW),
        (504, Outcome.UNKNOWN),
    ],
)
def test_each_status_says_what_is_known(gateway: SmsReceiver, status: int, outcome: Outcome) -> None:
    gateway.status, gateway.answer = status, b"no json, +33639980001"
    detail = None if outcome is Outcome.SENT else f"http {status}"
    assert send(Gateway(gateway.url)) == (outcome, detail)


def test_nobody_listening_is_certainly_not_sent() -> None:
    found = send(Gateway(f"http://127.0.0.1:{free_port()}/send"))
    assert found == (Outcome.NOT_NOW, "no connection")


def test_a_gateway_that_takes_it_and_says_nothing_leaves_it_unknown(gateway: SmsReceiver) -> None:
    gateway.hangs = True
    assert send(Gateway(gateway.url), timeout=0.3) == (Outcome.UNKNOWN, "timeout")
    assert len(gateway.requests) == 1


@pytest.mark.parametrize(
    ("answer", "known_as"),
    [(b'{"id": 42}', "42"), (b'["id"]', None), (b'{"id": {}}', None), (b"ok", None), (b"", None)],
)
def test_the_gateways_own_name_is_kept_where_it_is_one(
    gateway: SmsReceiver, answer: bytes, known_as: str | None
) -> None:
    gateway.answer = answer
    assert send(Gateway(gateway.url)) == (Outcome.SENT, known_as)


@pytest.mark.requirement("LINK-01")
def test_no_number_and_no_text_is_logged(gateway: SmsReceiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    send(Gateway(gateway.url + "?to={to}&text={text}", method="GET"), replace(MESSAGE, text="tok3n"))
    assert "tok3n" not in caplog.text
    assert "33639980001" not in caplog.text
