"""E-mail against a real SMTP server: what arrives, and what is known when it does not."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.channels import Outcome, Outgoing
from app.channels.smtp import SmtpChannel
from app.clock import SteppedClock
from tests.conftest import NOW
from tests.postgres_process import free_port
from tests.receivers import MailReceiver, mail_receiver

pytestmark = [pytest.mark.requirement("LINK-06"), pytest.mark.threat("F7")]
MESSAGE = Outgoing(
    key="reminder:1:2:1",
    to="p@patients.example",
    sender="Étude de suivi 0426",
    subject="Étude de suivi 0426 : votre questionnaire",
    text="Bonjour,\n\nRépondez ici :\nhttps://r.example/l/abc\n.\nfin\n",
)


def channel_to(url: str, timeout: float = 5) -> SmtpChannel:
    return SmtpChannel(url, "study@hospital.example", SteppedClock(NOW), timeout)


@pytest.fixture
def channel(mailbox: MailReceiver) -> Iterator[SmtpChannel]:
    channel = channel_to(mailbox.url)
    yield channel
    channel.close()


def test_a_message_arrives_as_it_was_written(channel: SmtpChannel, mailbox: MailReceiver) -> None:
    assert channel.send(MESSAGE).outcome is Outcome.SENT
    (mail,) = mailbox.received
    assert mail["From"] == "Étude de suivi 0426 <study@hospital.example>"
    assert (mail["To"], mail["Subject"]) == (MESSAGE.to, MESSAGE.subject)
    assert mail["Date"].datetime == NOW
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().replace("\r\n", "\n") == MESSAGE.text


def test_the_message_id_is_the_same_for_the_same_key_and_tells_nothing(
    channel: SmtpChannel, mailbox: MailReceiver
) -> None:
    for key in ("reminder:1:2:1", "reminder:1:2:1", "reminder:1:2:2"):
        channel.send(replace(MESSAGE, key=key))
    first, again, other = (str(each["Message-ID"]) for each in mailbox.received)
    assert first == again != other
    assert "reminder" not in first
    assert first.endswith("@hospital.example>")


def test_one_connection_serves_many_messages_also_after_a_refusal(
    channel: SmtpChannel, mailbox: MailReceiver
) -> None:
    channel.send(MESSAGE)
    mailbox.refusals = {"RCPT": "550 unknown"}
    channel.send(MESSAGE)
    mailbox.refusals = {}
    assert channel.send(MESSAGE).outcome is Outcome.SENT
    assert (len(mailbox.received), mailbox.connections) == (2, 1)


@pytest.mark.parametrize(
    ("step", "reply", "outcome", "detail"),
    [
        ("MAIL", "451 later", Outcome.NOT_NOW, "smtp 451"),
        ("MAIL", "550 no such sender", Outcome.REFUSED, "smtp 550"),
        ("RCPT", "450 greylisted", Outcome.NOT_NOW, "smtp 450"),
        ("RCPT", "550 <p@patients.example> unknown", Outcome.BOUNCED, "smtp 550"),
        ("DATA", "452 no room", Outcome.NOT_NOW, "smtp 452"),
        ("DATA", "554 looks like spam", Outcome.REFUSED, "smtp 554"),
    ],
)
def test_each_refusal_says_whether_another_attempt_helps(
    channel: SmtpChannel, mailbox: MailReceiver, step: str, reply: str, outcome: Outcome, detail: str
) -> None:
    mailbox.refusals = {step: reply}
    receipt = channel.send(MESSAGE)
    assert (receipt.outcome, receipt.detail) == (outcome, detail)
    assert mailbox.received == []


def test_nobody_listening_is_certainly_not_sent() -> None:
    receipt = channel_to(f"smtp://127.0.0.1:{free_port()}").send(MESSAGE)
    assert (receipt.outcome, receipt.detail) == (Outcome.NOT_NOW, "no connection")


def test_a_server_that_falls_silent_with_the_whole_message_leaves_it_unknown(mailbox: MailReceiver) -> None:
    mailbox.hangs = True
    receipt = channel_to(mailbox.url, timeout=0.3).send(MESSAGE)
    assert (receipt.outcome, receipt.detail) == (Outcome.UNKNOWN, "timeout")
    assert len(mailbox.received) == 1


@pytest.mark.parametrize("address", ["", "nobody", "é@patients.example", "a@b.example\nBcc: c@d.example"])
def test_an_address_that_is_none_bounces_before_the_server_is_asked(
    channel: SmtpChannel, mailbox: MailReceiver, address: str
) -> None:
    assert channel.send(replace(MESSAGE, to=address)).outcome is Outcome.BOUNCED
    assert mailbox.connections == 0


def test_a_server_that_left_meanwhile_is_called_again(channel: SmtpChannel, mailbox: MailReceiver) -> None:
    channel.send(MESSAGE)
    assert channel._server is not None
    assert channel._server.sock is not None
    channel._server.sock.shutdown(socket.SHUT_RDWR)
    assert channel.send(MESSAGE).outcome is Outcome.SENT
    assert mailbox.connections == 2


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that signs itself, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(built.public_bytes(pem) + private)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return path, context


@pytest.mark.parametrize(
    ("is_known", "outcome"), [(True, Outcome.SENT), (False, Outcome.NOT_NOW)], ids=["known", "unknown"]
)
def test_nothing_leaves_before_the_servers_certificate_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_known: bool, outcome: Outcome
) -> None:
    path, context = certificate(tmp_path)
    if is_known:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with mail_receiver(context) as mailbox:
        channel = channel_to(mailbox.url)
        assert channel.send(MESSAGE).outcome is outcome
        channel.close()
        assert len(mailbox.received) == int(is_known)
