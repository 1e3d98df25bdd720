"""E-mail by SMTP: one connection for many messages; each failure says whether the message may have gone."""

import contextlib
import hashlib
import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as LINES
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from app.channels import Outcome, Outgoing, Receipt
from app.clock import Clock

TIMEOUT_SECONDS = 10.0
IMPLICIT_TLS, STARTTLS = "smtps", "smtp+starttls"
PORTS = {"smtp": 25, STARTTLS: 587, IMPLICIT_TLS: 465}
# What comes before the content: whoever fails here has sent nothing.
NOT_SENT = (OSError, smtplib.SMTPException)


class SmtpChannel:
    """E-mail through the server of an address such as smtp+starttls://user:password@mail.example:587."""

    is_idempotent = False

    def __init__(self, url: str, sender: str, clock: Clock, timeout: float = TIMEOUT_SECONDS) -> None:
        self._url, self._sender, self._clock, self._timeout = urlsplit(url), sender, clock, timeout
        self._server: smtplib.SMTP | None = None

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hands a message over; the envelope first, so that what fails there is certainly not sent."""
        try:
            content = self._written(outgoing)
        except ValueError:
            return Receipt(Outcome.BOUNCED, "address")
        try:
            server = self._open()
            refusal = self._envelope(server, outgoing.to)
        except NOT_SENT as error:
            self.close()
            return Receipt(Outcome.NOT_NOW, _name(error))
        return refusal or self._content(server, content)

    def close(self) -> None:
        """Leaves the server."""
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(*NOT_SENT):
                server.quit()

    def _open(self) -> smtplib.SMTP:
        if self._server is not None and self._is_alive(self._server):
            return self._server
        host, scheme = self._url.hostname or "localhost", self._url.scheme
        port = self._url.port or PORTS[scheme]
        if scheme == IMPLICIT_TLS:
            context = ssl.create_default_context()
            self._server = smtplib.SMTP_SSL(host, port, timeout=self._timeout, context=context)
        else:
            self._server = smtplib.SMTP(host, port, timeout=self._timeout)
        if scheme == STARTTLS:
            self._server.starttls(context=ssl.create_default_context())
        if self._url.username:
            self._server.login(unquote(self._url.username), unquote(self._url.password or ""))
        self._server.ehlo_or_helo_if_needed()
        return self._server

    def _is_alive(self, server: smtplib.SMTP) -> bool:
        """Whether the server still listens, and forgets what a former message left half said."""
        with contextlib.suppress(*NOT_SENT):
            return server.rset()[0] == 250
        self.close()
        return False

    def _envelope(self, server: smtplib.SMTP, to: str) -> Receipt | None:
        code, _ = server.mail(self._sender)
        if code != 250:
            return _refused(code, Outcome.REFUSED)
        code, _ = server.rcpt(to)
        return None if code in {250, 251} else _refused(code, Outcome.BOUNCED)

    def _content(self, server: smtplib.SMTP, content: bytes) -> Receipt:
        try:
            code, _ = server.data(content)
        except smtplib.SMTPDataError as error:
            # The server did not ask for the content.
            return _refused(error.smtp_code, Outcome.REFUSED)
        except NOT_SENT as error:
            self.close()
            return Receipt(Outcome.UNKNOWN, _name(error))
        return Receipt(Outcome.SENT) if code == 250 else _refused(code, Outcome.REFUSED)

    def _written(self, outgoing: Outgoing) -> bytes:
        """The message as it travels. Raises ValueError for an address that is none."""
        message = EmailMessage(policy=LINES)
        domain = self._sender.rpartition("@")[2]
        message["From"] = Address(" ".join(outgoing.sender.split()), addr_spec=self._sender)
        message["To"] = Address(addr_spec=_plain(outgoing.to))
        message["Subject"] = " ".join(outgoing.subject.split())
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{message_id(outgoing.key)}@{domain}>"
        # No other robot answers it, and none of its holidays reach us.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(outgoing.text, cte="quoted-printable")
        return message.as_bytes()


def message_id(key: str) -> str:
    """The same for the same message at every attempt, so that a mailbox may tell a double; says nothing."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def _plain(address: str) -> str:
    if not address.isascii() or "@" not in address:
        raise ValueError("an address of ASCII characters with an @ is needed")
    return address


def _refused(code: int, for_good: Outcome) -> Receipt:
    return Receipt(for_good if code >= 500 else Outcome.NOT_NOW, f"smtp {code}")


def _name(error: Exception) -> str:
    """What happened, in a word; a server's own words may quote the address."""
    # The library says of a timeout that the server has left.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "timeout"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"smtp {error.smtp_code}"
    if isinstance(error, ssl.SSLError):
        return "tls"
    return "no connection"
