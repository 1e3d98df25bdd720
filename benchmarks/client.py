"""A small HTTP client like a phone's: keeps the connection and the cookies, asks for compressed pages."""

import gzip
import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import brotli  # type: ignore[import-untyped]

HEADERS = {"Accept": "text/html", "Accept-Encoding": "gzip, deflate, br", "Accept-Language": "fr"}
DECODERS = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}


@dataclass(frozen=True)
class Reply:
    """What the server answered."""

    status: int
    location: str
    text: str


@dataclass
class Client:
    """One patient's browser; `seconds` holds the time that each of its requests took."""

    port: int
    seconds: list[float] = field(default_factory=list)
    _cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def get(self, path: str) -> Reply:
        """Fetches a page."""
        return self._send("GET", path, None)

    def post(self, path: str, fields: dict[str, str]) -> Reply:
        """Sends a form; follows nothing."""
        return self._send("POST", path, urlencode(fields))

    def post_json(self, path: str, body: str, token: str) -> Reply:
        """Sends a document as a page's script does, with the form token in a head."""
        return self._send("POST", path, body, {"Content-Type": "application/json", "X-CSRFToken": token})

    def _send(self, method: str, path: str, body: str | None, more: Mapping[str, str] | None = None) -> Reply:
        headers = HEADERS | {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body is not None:
            headers |= more or {"Content-Type": "application/x-www-form-urlencoded"}
        began = time.perf_counter()
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        self.seconds.append(time.perf_counter() - began)
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name.strip()] = value
        decode = DECODERS[response.headers.get("Content-Encoding", "")]
        return Reply(response.status, response.headers.get("Location", ""), decode(content).decode())
