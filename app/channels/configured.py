"""The channels that the settings name; a message of a channel that is none of them waits."""

from app.channels import Channel
from app.channels.sms import JSON_BODY, Gateway, SmsChannel
from app.channels.smtp import SmtpChannel
from app.clock import Clock
from app.settings import Settings

EMAIL, SMS = "email", "sms"


def configured_channels(settings: Settings, clock: Clock) -> dict[str, Channel]:
    """A channel by its name ("email", "sms") where the settings say how to reach it."""
    channels: dict[str, Channel] = {}
    if settings.smtp_url:
        channels[EMAIL] = SmtpChannel(settings.smtp_url, settings.smtp_from, clock)
    if settings.sms_url:
        channels[SMS] = SmsChannel(_gateway(settings))
    return channels


def _gateway(settings: Settings) -> Gateway:
    headers = dict(settings.sms_headers)
    if settings.sms_secret and not headers:
        headers = {"Authorization": "Bearer {secret}"}
    return Gateway(
        url=settings.sms_url,
        method=settings.sms_method,
        body=settings.sms_body or JSON_BODY,
        headers=headers,
        secret=settings.sms_secret,
        is_idempotent=settings.sms_idempotent,
    )
