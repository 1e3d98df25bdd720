"""Real receivers for what the channels send."""

from collections.abc import Iterator

import pytest

from tests.receivers import MailReceiver, SmsReceiver, mail_receiver, sms_receiver


@pytest.fixture
def mailbox() -> Iterator[MailReceiver]:
    """An SMTP server."""
    with mail_receiver() as receiver:
        yield receiver


@pytest.fixture
def gateway() -> Iterator[SmsReceiver]:
    """An SMS gateway."""
    with sms_receiver() as receiver:
        yield receiver
