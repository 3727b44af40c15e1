"""Settings of outgoing mail: wrong ones stop the start."""

import base64
from hashlib import sha256

import pytest

from config import SettingError, Settings

_KEY = base64.b64encode(sha256(b"made up for this test").digest()).decode()
PRODUCTION = {
    "APP_ENV": "production", "DATABASE_URL": "postgresql://x@127.0.0.1/x",
    "JWT_SECRET_KEYS": _KEY, "FIELD_ENCRYPTION_KEYS": _KEY,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("SMTP_URL", {"SMTP_URL": "mail.example:25", "PUBLIC_URL": "https://rpm.example"}),
        ("SMTP_URL", {"SMTP_URL": "http://mail.example", "PUBLIC_URL": "https://rpm.example"}),
        ("PUBLIC_URL", {"SMTP_URL": "smtp://mail.example"}),
        ("PUBLIC_URL", {"PUBLIC_URL": "http://rpm.example"}),
        ("PUBLIC_URL", {"PUBLIC_URL": "rpm.example"}),
        ("MAIL_FROM", {"MAIL_FROM": "nobody"}),
    ],
)
def test_a_wrong_mail_setting_stops_the_start(name: str, values: dict[str, str]) -> None:
    """And is named."""
    with pytest.raises(SettingError, match=name):
        Settings.from_environment({**PRODUCTION, **values})


def test_the_sender_is_at_the_public_host_unless_named() -> None:
    """A server would not take a mail from localhost."""
    values = {"SMTP_URL": "smtps://user:pass@mail.example", "PUBLIC_URL": "https://rpm.example/"}
    settings = Settings.from_environment({**PRODUCTION, **values})
    assert (settings.mail_from, settings.public_url) == ("Vantrexia <no-reply@rpm.example>", "https://rpm.example")
