"""A real SMTP server and a real HTTP gateway on 127.0.0.1, which keep what comes and misbehave when told."""

import asyncio
import email
import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.postgres_process import free_port

PATIENCE = 30
Reply = str


class MailReceiver:
    """What aiosmtpd asks at each step; `refusals` answers a step ("MAIL", "RCPT", "DATA") instead of 250.

    With `hangs` it says nothing after a message has arrived whole, until it is released.
    """

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.refusals: dict[str, Reply] = {}
        self.connections = 0
        self.hangs = False
        self.arrived, self.released = threading.Event(), threading.Event()
        self.url = ""

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> Reply:
        envelope.mail_from = address
        return self.refusals.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> Reply:
        if "RCPT" in self.refusals:
            return self.refusals["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> Reply:
        if "DATA" in self.refusals:
            return self.refusals["DATA"]
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.received.append(message)
        self.arrived.set()
        if self.hangs:
            await asyncio.get_running_loop().run_in_executor(None, self.released.wait, PATIENCE)
        return "250 OK"

    def recipients(self) -> Counter[str]:
        """How many messages each address got."""
        return Counter(str(each["To"]) for each in self.received)


@contextmanager
def mail_receiver(tls: ssl.SSLContext | None = None) -> Iterator[MailReceiver]:
    """An SMTP server in a thread; with `tls` it takes nothing before STARTTLS."""
    receiver, port = MailReceiver(), free_port()
    controller = Controller(
        receiver, hostname="127.0.0.1", port=port, tls_context=tls, require_starttls=tls is not None
    )
    controller.start()
    scheme = "smtp+starttls" if tls else "smtp"
    receiver.url = f"{scheme}://127.0.0.1:{port}"
    try:
        yield receiver
    finally:
        receiver.released.set()
        controller.stop()


class SmsReceiver:
    """What reached the gateway. status: what it answers; `hangs` as of MailReceiver.

    delivered: text by key, where it honours keys; texts: everything it would have sent on.
    """

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.status, self.answer = 200, b'{"id": "m-1"}'
        self.hangs = False
        self.arrived, self.released = threading.Event(), threading.Event()
        self.url = ""

    @property
    def bodies(self) -> list[dict[str, str]]:
        """The JSON of each request."""
        return [json.loads(each["body"]) for each in self.requests]

    def delivered(self) -> dict[str, dict[str, str]]:
        """What a gateway that honours keys has sent on: the first of each key."""
        found: dict[str, dict[str, str]] = {}
        for body in self.bodies:
            found.setdefault(body["key"], body)
        return found


@contextmanager
def sms_receiver() -> Iterator[SmsReceiver]:
    """An HTTP gateway in a thread."""
    receiver = SmsReceiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length).decode()
            facts = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}
            receiver.requests.append(facts)
            receiver.arrived.set()
            if receiver.hangs:
                receiver.released.wait(PATIENCE)
                self.close_connection = True
                return
            self.send_response(receiver.status)
            self.send_header("Content-Length", str(len(receiver.answer)))
            self.end_headers()
            self.wfile.write(receiver.answer)

        do_GET = do_PUT = do_POST  # noqa: N815 - the library's names

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/send"
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        server.server_close()
