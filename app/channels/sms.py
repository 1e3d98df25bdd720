"""SMS through any gateway that takes an HTTP request: method, address, headers and body by configuration."""

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

import httpx

from app.channels import Outcome, Outgoing, Receipt

TIMEOUT_SECONDS = 10.0
PLACEHOLDER = re.compile(r"\{(to|text|key|secret)\}")
JSON_BODY = '{"to": "{to}", "text": "{text}", "key": "{key}"}'
JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"
# Certainly not sent: no connection was made, or no request could be.
NO_REQUEST = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
# Another attempt may succeed: no right yet, asked too soon or too often, and "not able to handle it now".
NOT_NOW = frozenset({401, 403, 407, 408, 425, 429, 503})
Quote = Callable[[str], str]


@dataclass(frozen=True)
class Gateway:
    """How a gateway is asked to send. {to} {text} {key} {secret} are filled in, in url, headers and body."""

    url: str
    method: str = "POST"
    body: str = JSON_BODY
    headers: Mapping[str, str] = field(default_factory=dict)
    secret: str = ""
    is_idempotent: bool = False


class SmsChannel:
    """SMS through a gateway; one connection for many messages."""

    def __init__(self, gateway: Gateway, timeout: float = TIMEOUT_SECONDS) -> None:
        # At INFO it would log addresses, which hold the number and the text where the method is GET.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        self._gateway = gateway
        self._client = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False)

    @property
    def is_idempotent(self) -> bool:
        """Whether the gateway sends once what is handed over twice with one key."""
        return self._gateway.is_idempotent

    def send(self, outgoing: Outgoing) -> Receipt:
        """Asks the gateway; its answer, or what kept it from answering, says what is known."""
        try:
            response = self._client.send(self._request(outgoing))
        except NO_REQUEST as error:
            return Receipt(Outcome.NOT_NOW, _name(error))
        except httpx.HTTPError as error:
            return Receipt(Outcome.UNKNOWN, _name(error))
        return _receipt(response)

    def close(self) -> None:
        """Leaves the gateway."""
        self._client.close()

    def _request(self, outgoing: Outgoing) -> httpx.Request:
        gateway = self._gateway
        values = {"to": outgoing.to, "text": outgoing.text, "key": outgoing.key, "secret": gateway.secret}
        headers = {name: _filled(value, values, str) for name, value in gateway.headers.items()}
        headers = {"Content-Type": JSON_TYPE} | headers
        body = _filled(gateway.body, values, _quote_for(headers["Content-Type"]))
        has_body = gateway.method not in {"GET", "HEAD"}
        return self._client.build_request(
            gateway.method,
            _filled(gateway.url, values, lambda value: quote(value, safe="")),
            headers=headers if has_body else {k: v for k, v in headers.items() if k != "Content-Type"},
            content=body.encode() if has_body else None,
        )


def _filled(template: str, values: Mapping[str, str], as_written: Quote) -> str:
    return PLACEHOLDER.sub(lambda found: as_written(values[found[1]]), template)


def _quote_for(content_type: str) -> Quote:
    kind = content_type.split(";")[0].strip().lower()
    if kind == FORM_TYPE:
        return quote_plus
    return _as_json if kind == JSON_TYPE or kind.endswith("+json") else str


def _as_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _receipt(response: httpx.Response) -> Receipt:
    detail = f"http {response.status_code}"
    if response.is_success:
        return Receipt(Outcome.SENT, provider_id=_provider_id(response))
    if response.status_code in NOT_NOW:
        return Receipt(Outcome.NOT_NOW, detail)
    # A server that failed may have failed after it passed the message on.
    return Receipt(Outcome.UNKNOWN if response.is_server_error else Outcome.REFUSED, detail)


def _provider_id(response: httpx.Response) -> str | None:
    try:
        found: Any = response.json()
    except ValueError:
        return None
    value = found.get("id") if isinstance(found, dict) else None
    return str(value)[:100] if isinstance(value, str | int) else None


def _name(error: httpx.HTTPError) -> str:
    return "timeout" if isinstance(error, httpx.TimeoutException) else "no connection"
