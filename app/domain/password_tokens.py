"""How long a mailed secret that sets a password lives.

A reset is asked for by somebody who sits and waits: 30 minutes are enough for slow mail and short enough for a mailbox
read by others later (OWASP Forgot Password Cheat Sheet: as short as practical; NIST SP 800-63B-4 §3.1.3.1 gives codes
by mail 24 hours at most). An invitation waits for a person's next working day: 72 hours span a weekend.
"""

from datetime import datetime, timedelta
from enum import StrEnum

RESET_LIFETIME = timedelta(minutes=30)
INVITATION_LIFETIME = timedelta(hours=72)
MAX_LIVE_RESETS = 3  # more unspent tokens of one account would only fill its mailbox


class TokenPurpose(StrEnum):
    """Why the secret was mailed."""

    RESET = "reset"
    INVITATION = "invitation"


def expires_at(purpose: TokenPurpose, now: datetime) -> datetime:
    """Return when a token made now ends."""
    return now + (RESET_LIFETIME if purpose is TokenPurpose.RESET else INVITATION_LIFETIME)
