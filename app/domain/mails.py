"""What the mails say. No health information: a mailbox is not ours to protect."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from app.domain.lockout import LOCK_TIME, MAX_FAILURES
from app.domain.password_tokens import INVITATION_LIFETIME, RESET_LIFETIME


@dataclass(frozen=True, slots=True)
class Letter:
    """Subject and text of a mail; `kind` names it in the trail."""

    kind: str
    subject: str
    text: str
    written_at: datetime


def password_reset(public_url: str, token: str, now: datetime) -> Letter:
    """Tell how to set a new password."""
    minutes = int(RESET_LIFETIME.total_seconds() // 60)
    text = f"""Somebody, hopefully you, asked to set a new password for your Vantrexia account.

{password_link(public_url, token)}

The link works once, within {minutes} minutes. If you did not ask for it, do nothing: your password stays as it is.
"""
    return Letter("password_reset", "Set a new password", text, now)


def invitation(public_url: str, token: str, now: datetime) -> Letter:
    """Invite a new person to choose a password."""
    hours = int(INVITATION_LIFETIME.total_seconds() // 3600)
    text = f"""An account at Vantrexia was made for you. Choose your password here:

{password_link(public_url, token)}

The link works once, within {hours} hours.
"""
    return Letter("invitation", "Your Vantrexia account", text, now)


def account_locked(user_id: int, role: str, now: datetime) -> Letter:
    """Tell an administrator that an account was locked; the account is named by its number."""
    minutes = int(LOCK_TIME.total_seconds() // 60)
    text = f"""The account number {user_id} ({role}) of your practice was locked at {now:%Y-%m-%d %H:%M} UTC
after {MAX_FAILURES} failed attempts to sign in. It opens by itself after {minutes} minutes without a further attempt.

If its owner did not do this, somebody may be guessing the password. An administrator can unlock the account.
"""
    return Letter("account_locked", "An account was locked", text, now)


def emergency_access(user_id: int, started_at: datetime, until: datetime) -> Letter:
    """Tell an administrator who broke the glass; the reason stands in the trail, because it may say too much."""
    text = f"""The account number {user_id} of your practice took emergency access at {started_at:%Y-%m-%d %H:%M} UTC,
until {until:%H:%M} UTC at the latest.

The reason, and everything seen and done meanwhile, is marked in the audit trail. Please look at it.
"""
    return Letter("emergency_access", "Emergency access was taken", text, started_at)


def account_changed(what: str, now: datetime) -> Letter:
    """Tell the owner of an account that something about its security changed."""
    text = f"""{what} at {now:%Y-%m-%d %H:%M} UTC.

If this was not you, tell an administrator of your practice at once.
"""
    return Letter("account_changed", "Your Vantrexia account was changed", text, now)


def password_link(public_url: str, token: str) -> str:
    """Return the page's address; the token stands behind the #, which browsers send to nobody."""
    return f"{public_url.rstrip('/')}/admin/set-password#{quote(token)}"
