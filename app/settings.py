"""The settings of one running application, read once from the environment."""

import base64
import binascii
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent
DEMONSTRATION, PRODUCTION = "demonstration", "production"
SECRET_LENGTH = 32
CONTACT_KEY_BYTES = 32
# Of a longer one an SMS with a link would not fit in one part.
PUBLIC_URL_LENGTH = 40
PLAIN_SMTP = "smtp"
SMTP_SCHEMES = {"smtps", "smtp+starttls", PLAIN_SMTP}
THIS_MACHINE = {"127.0.0.1", "::1", "localhost"}


class SettingsError(Exception):
    """A setting is missing or unusable; names the variable and what to do."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


@dataclass(frozen=True)
class Settings:
    """Everything that differs from one installation to the next.

    smtp_url: smtps://, smtp+starttls:// or smtp:// with user, password, host and port. sms_body, sms_headers:
    with {to} {text} {key} {secret} where those go. sms_idempotent: the gateway promises to send once what is
    handed over twice with one {key}.
    """

    secret_key: str
    database_url: str
    public_url: str
    mode: str = PRODUCTION
    database_read_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    trusted_hosts: tuple[str, ...] = field(default=())
    # Number and key of each, the one that seals first; none: contact details cannot be kept.
    contact_keys: tuple[tuple[int, bytes], ...] = field(default=(), repr=False)
    smtp_url: str = field(default="", repr=False)
    smtp_from: str = ""
    sms_url: str = ""
    sms_method: str = "POST"
    sms_body: str = ""
    sms_headers: Mapping[str, str] = field(default_factory=dict)
    sms_secret: str = field(default="", repr=False)
    sms_idempotent: bool = False

    @property
    def is_demonstration(self) -> bool:
        """Whether synthetic data and printable links are allowed."""
        return self.mode == DEMONSTRATION

    @property
    def is_secure(self) -> bool:
        """Whether people reach the application by https."""
        return self.public_url.startswith("https://")


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings from the environment, completed by the file .env beside wsgi.py.

    Raises SettingsError naming the variable at fault.
    """
    values = _environment() if environment is None else environment
    host, port = values.get("HOST") or "127.0.0.1", _port(values.get("PORT") or "8000")
    settings = Settings(
        secret_key=_secret_key(values),
        database_url=_database_url("DATABASE_URL", values.get("DATABASE_URL") or _default_database()),
        public_url=(values.get("PUBLIC_URL") or f"http://{_reachable(host)}:{port}").rstrip("/"),
        mode=values.get("MODE") or PRODUCTION,
        database_read_url=_database_url("DATABASE_READ_URL", values.get("DATABASE_READ_URL") or ""),
        host=host,
        port=port,
        trusted_hosts=tuple((values.get("TRUSTED_HOSTS") or "").replace(",", " ").split()),
        contact_keys=_contact_keys(values.get("CONTACT_KEYS") or ""),
        smtp_url=values.get("SMTP_URL") or "",
        smtp_from=values.get("SMTP_FROM") or "",
        sms_url=values.get("SMS_URL") or "",
        sms_method=(values.get("SMS_METHOD") or "POST").upper(),
        sms_body=values.get("SMS_BODY") or "",
        sms_headers=_headers(values.get("SMS_HEADERS") or ""),
        sms_secret=values.get("SMS_SECRET") or "",
        sms_idempotent=_switch("SMS_IDEMPOTENT", values.get("SMS_IDEMPOTENT") or "0"),
    )
    _refuse_unsafe(settings)
    _refuse_unsendable(settings)
    return settings


def _environment() -> dict[str, str]:
    stored = {key: value for key, value in dotenv_values(ROOT / ".env").items() if value is not None}
    return stored | dict(os.environ)


def _secret_key(values: Mapping[str, str]) -> str:
    key = values.get("SECRET_KEY") or ""
    if len(key) < SECRET_LENGTH:
        raise SettingsError(
            "SECRET_KEY",
            f"needs at least {SECRET_LENGTH} characters of chance. Make one with:"
            ' python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
            " (`make run` writes one into .env at its first run)",
        )
    return key


def _contact_keys(text: str) -> tuple[tuple[int, bytes], ...]:
    keys = tuple(_each_contact_key([part.strip() for part in text.split(",") if part.strip()]))
    numbers = [number for number, _ in keys]
    if repeated := {number for number in numbers if numbers.count(number) > 1}:
        raise SettingsError("CONTACT_KEYS", f"has key {min(repeated)} twice; each number once was expected")
    return keys


def _each_contact_key(parts: list[str]) -> Iterator[tuple[int, bytes]]:
    """Each key with its number. What is refused is named by its place: its text may hold a key."""
    for place, part in enumerate(parts, start=1):
        number, _, text = part.partition(":")
        try:
            key = base64.b64decode(text, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not (number.isascii() and number.isdecimal() and 0 < int(number) < 256):
            raise _no_contact_key(place, "has no number from 1 to 255 before a colon")
        if len(key) != CONTACT_KEY_BYTES:
            raise _no_contact_key(place, f"is no base64 of {CONTACT_KEY_BYTES} bytes")
        yield int(number), key


def _no_contact_key(place: int, problem: str) -> SettingsError:
    return SettingsError(
        "CONTACT_KEYS",
        f"entry {place} {problem}; 1:KEY or, once the key has changed, 2:NEW,1:OLD was expected (the first"
        " seals). Make a key with:"
        ' python3 -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())"',
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise SettingsError("PORT", f"is {text!r}; a number from 1 to 65535 was expected")
    return int(text)


def _default_database() -> str:
    return f"sqlite:///{ROOT / 'instance' / 'ressenti.sqlite'}"


def _database_url(name: str, url: str) -> str:
    if url and not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        scheme = url.split(":", 1)[0]
        raise SettingsError(
            name, f"begins with {scheme!r}; sqlite:///FILE or postgresql+psycopg://... was expected"
        )
    return url


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 - compared, not bound


def _headers(text: str) -> dict[str, str]:
    try:
        headers = json.loads(text) if text else {}
    except ValueError:
        headers = None
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise SettingsError("SMS_HEADERS", 'is no JSON such as {"Authorization": "Bearer {secret}"}')
    return headers


def _switch(name: str, text: str) -> bool:
    if text not in {"0", "1"}:
        raise SettingsError(name, f"is {text!r}; 1 or 0 was expected")
    return text == "1"


def _refuse_unsendable(settings: Settings) -> None:
    mail = urlsplit(settings.smtp_url)
    if settings.smtp_url and (mail.scheme not in SMTP_SCHEMES or not mail.hostname):
        expected = "smtps://, smtp+starttls:// or smtp:// and a host was expected"
        raise SettingsError("SMTP_URL", f"begins with {mail.scheme!r}; {expected}")
    if mail.scheme == PLAIN_SMTP and not settings.is_demonstration and mail.hostname not in THIS_MACHINE:
        raise SettingsError("SMTP_URL", "sends addresses in the clear: use smtp+starttls:// or smtps://")
    if settings.smtp_url and "@" not in settings.smtp_from:
        raise SettingsError("SMTP_FROM", "is no address; the one that patients see as the sender is needed")
    gateway = urlsplit(settings.sms_url)
    if settings.sms_url and (gateway.scheme not in {"http", "https"} or not gateway.hostname):
        raise SettingsError("SMS_URL", "is no address; https://HOST/PATH was expected")
    if gateway.scheme == "http" and not settings.is_demonstration and gateway.hostname not in THIS_MACHINE:
        raise SettingsError("SMS_URL", "sends numbers in the clear: use https://")
    if settings.sms_url and len(settings.public_url) > PUBLIC_URL_LENGTH:
        raise SettingsError(
            "PUBLIC_URL", f"has more than {PUBLIC_URL_LENGTH} characters: an SMS would not fit in one part"
        )


def _refuse_unsafe(settings: Settings) -> None:
    if settings.mode not in {DEMONSTRATION, PRODUCTION}:
        raise SettingsError("MODE", f"is {settings.mode!r}; demonstration or production was expected")
    url = urlsplit(settings.public_url)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise SettingsError("PUBLIC_URL", f"is {settings.public_url!r}; https://HOST was expected")
    if settings.mode == PRODUCTION and not settings.is_secure:
        raise SettingsError(
            "PUBLIC_URL",
            f"is {settings.public_url!r}; production is served by https only: set PUBLIC_URL=https://HOST",
        )
