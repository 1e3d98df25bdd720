"""The settings: read once, refused with the variable's name where they are missing or unsafe."""

import base64
from dataclasses import FrozenInstanceError

import pytest

from app.settings import ROOT, Settings, SettingsError, read_settings

KEY = "k" * 32
SAFE = {"SECRET_KEY": KEY, "PUBLIC_URL": "https://ressenti.example"}
DEMONSTRATION = {"SECRET_KEY": KEY, "MODE": "demonstration"}


def test_production_on_sqlite_is_the_default() -> None:
    settings = read_settings(SAFE)
    assert settings == Settings(
        secret_key=KEY,
        database_url=f"sqlite:///{ROOT / 'instance' / 'ressenti.sqlite'}",
        public_url="https://ressenti.example",
        mode="production",
        database_read_url="",
        host="127.0.0.1",
        port=8000,
        trusted_hosts=(),
    )
    assert settings.is_secure
    assert not settings.is_demonstration


@pytest.mark.requirement("OPS-01")
def test_postgresql_is_one_setting() -> None:
    url = "postgresql+psycopg://ressenti@db/ressenti"
    settings = read_settings(SAFE | {"DATABASE_URL": url, "DATABASE_READ_URL": f"{url}?host=replica"})
    assert (settings.database_url, settings.database_read_url) == (url, f"{url}?host=replica")


def test_a_demonstration_is_reached_at_its_own_port() -> None:
    settings = read_settings(DEMONSTRATION | {"PORT": "8123"})
    assert (settings.public_url, settings.port) == ("http://127.0.0.1:8123", 8123)
    assert settings.is_demonstration
    assert not settings.is_secure


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - compared, not bound
def test_an_address_that_means_everywhere_is_shown_as_one_that_a_browser_can_open(host: str) -> None:
    settings = read_settings(DEMONSTRATION | {"HOST": host})
    assert (settings.host, settings.public_url) == (host, "http://127.0.0.1:8000")


def test_empty_variables_are_as_good_as_none() -> None:
    empty = dict.fromkeys(("DATABASE_URL", "HOST", "PORT", "MODE", "TRUSTED_HOSTS", "DATABASE_READ_URL"), "")
    assert read_settings(SAFE | empty) == read_settings(SAFE)


def test_a_slash_at_the_end_of_the_public_address_is_left_out() -> None:
    assert read_settings(SAFE | {"PUBLIC_URL": "https://a.example/"}).public_url == "https://a.example"


@pytest.mark.threat("C8")
def test_trusted_hosts_are_listed_with_commas_and_spaces() -> None:
    settings = read_settings(SAFE | {"TRUSTED_HOSTS": "a.example, b.example ,,"})
    assert settings.trusted_hosts == ("a.example", "b.example")


@pytest.mark.threat("B12")
@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "k" * 31}, "SECRET_KEY"),
        ({"PUBLIC_URL": ""}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "http://ressenti.example"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "ressenti.example"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "ftp://ressenti.example"}, "PUBLIC_URL"),
        ({"MODE": "test"}, "MODE"),
        ({"PORT": "http"}, "PORT"),
        ({"PORT": "0"}, "PORT"),
        ({"PORT": "65536"}, "PORT"),
        ({"PORT": "-1"}, "PORT"),
        ({"DATABASE_URL": "mysql://root@db/x"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://db/x"}, "DATABASE_URL"),
        ({"DATABASE_READ_URL": "postgres://db/x"}, "DATABASE_READ_URL"),
        ({"SMTP_URL": "mail.example"}, "SMTP_URL"),
        ({"SMTP_URL": "smtps://"}, "SMTP_URL"),
        ({"SMTP_URL": "smtp://mail.example", "SMTP_FROM": "a@b.example"}, "SMTP_URL"),
        ({"SMTP_URL": "smtps://mail.example"}, "SMTP_FROM"),
        ({"SMS_URL": "gateway.example"}, "SMS_URL"),
        ({"SMS_URL": "http://gateway.example/send"}, "SMS_URL"),
        ({"SMS_HEADERS": "Authorization: x"}, "SMS_HEADERS"),
        ({"SMS_HEADERS": '{"X": 1}'}, "SMS_HEADERS"),
        ({"SMS_IDEMPOTENT": "yes"}, "SMS_IDEMPOTENT"),
        (
            {"SMS_URL": "https://g.example/", "PUBLIC_URL": "https://a-name-far-too-long-for-an-sms.example"},
            "PUBLIC_URL",
        ),
    ],
    ids=str,
)
def test_what_is_missing_or_unsafe_is_refused_by_its_name(change: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: ") as refused:
        read_settings(SAFE | change)
    assert refused.value.name == name


@pytest.mark.threat("B12")
def test_a_missing_key_says_how_to_make_one_and_no_key_is_built_in() -> None:
    with pytest.raises(SettingsError, match=r"secrets\.token_urlsafe"):
        read_settings({})


@pytest.mark.threat("B12")
def test_a_refusal_does_not_print_the_secrets() -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings(SAFE | {"DATABASE_URL": "mysql://root:hidden@db/x"})
    assert "hidden" not in str(refused.value)
    with pytest.raises(SettingsError) as refused:
        read_settings(SAFE | {"SECRET_KEY": "short-secret"})
    assert "short-secret" not in str(refused.value)


def contact_key(letter: bytes = b"k") -> str:
    return base64.urlsafe_b64encode(letter * 32).decode()


@pytest.mark.requirement("DAT-01")
@pytest.mark.threat("G2")
def test_contact_keys_are_numbered_and_keep_their_order() -> None:
    text = f"2:{contact_key(b'n')}, 1:{base64.b64encode(b'?' * 32).decode()},"
    assert read_settings(SAFE | {"CONTACT_KEYS": text}).contact_keys == ((2, b"n" * 32), (1, b"?" * 32))


@pytest.mark.requirement("DAT-01")
@pytest.mark.parametrize("environment", [SAFE, DEMONSTRATION])
def test_without_contact_keys_it_starts_and_no_key_is_made_up(environment: dict[str, str]) -> None:
    assert read_settings(environment).contact_keys == ()
    assert read_settings(environment | {"CONTACT_KEYS": " "}).contact_keys == ()


@pytest.mark.requirement("DAT-01")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        (contact_key(), "entry 1 has no number"),
        (f"0:{contact_key()}", "entry 1 has no number"),
        (f"256:{contact_key()}", "entry 1 has no number"),
        (f"1:{contact_key()},two:{contact_key()}", "entry 2 has no number"),
        (f"²:{contact_key()}", "entry 1 has no number"),
        ("1:", "entry 1 is no base64 of 32 bytes"),
        (f"1:{contact_key()[:-2]}", "entry 1 is no base64 of 32 bytes"),
        (f"1:{base64.b64encode(b'k' * 16).decode()}", "entry 1 is no base64 of 32 bytes"),
        (f"1:{contact_key()},1:{contact_key(b'n')}", "has key 1 twice"),
        (f"1:é{contact_key()}", "entry 1 is no base64 of 32 bytes"),
    ],
)
def test_contact_keys_at_fault_are_refused_with_what_was_expected(text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=f"^CONTACT_KEYS: {told}") as refused:
        read_settings(SAFE | {"CONTACT_KEYS": text})
    assert contact_key()[:8] not in str(refused.value)


@pytest.mark.threat("G2")
def test_contact_keys_are_not_shown_with_the_settings() -> None:
    settings = read_settings(SAFE | {"CONTACT_KEYS": f"1:{contact_key()}"})
    assert "kkkk" not in repr(settings).replace(KEY, "")


@pytest.mark.requirement("LINK-06")
def test_channels_are_settings() -> None:
    mail = {"SMTP_URL": "smtp+starttls://u:p%40ss@mail.example", "SMTP_FROM": "study@hospital.example"}
    headers = {"SMS_HEADERS": '{"X-Key": "{secret}"}', "SMS_METHOD": "put", "SMS_IDEMPOTENT": "1"}
    sms = {"SMS_URL": "https://g.example/send", "SMS_SECRET": "hidden", "SMS_BODY": "{to} {text}"}
    settings = read_settings(SAFE | mail | headers | sms)
    assert (settings.smtp_url, settings.smtp_from) == (mail["SMTP_URL"], "study@hospital.example")
    assert (settings.sms_method, settings.sms_body) == ("PUT", "{to} {text}")
    assert (settings.sms_headers, settings.sms_idempotent) == ({"X-Key": "{secret}"}, True)
    assert "hidden" not in repr(settings)
    assert "p%40ss" not in repr(settings)


@pytest.mark.requirement("LINK-06")
def test_mail_goes_in_the_clear_to_this_machine_alone_and_in_a_demonstration() -> None:
    sender = {"SMTP_FROM": "study@hospital.example"}
    for values in (
        SAFE | {"SMTP_URL": "smtp://localhost"},
        DEMONSTRATION | {"SMTP_URL": "smtp://mail.example"},
    ):
        assert read_settings(values | sender).smtp_url == values["SMTP_URL"]


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        read_settings(SAFE).port = 1  # type: ignore[misc]


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (DEMONSTRATION | {"PORT": "8765", "PUBLIC_URL": ""}).items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert (settings.secret_key, settings.port, settings.mode) == (KEY, 8765, "demonstration")
