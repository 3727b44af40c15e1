"""Token lifetimes and what a refresh token coming back means.

Source: the product's API overview (access 15 minutes, refresh 1 day, rotation); NIST SP 800-63B-4 AAL2 for the 24-hour
life of a whole session; RFC 9700 for reuse.
"""

from datetime import datetime, timedelta
from enum import Enum

ACCESS_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(days=1)
SESSION_LIFETIME = timedelta(hours=24)
ROTATION_GRACE = timedelta(seconds=10)


class Replay(Enum):
    """What a refresh token presented a second time means."""

    RETRY = "retry"  # an honest double click: refuse, but keep the session
    THEFT = "theft"  # end the session


def judge_replay(used_at: datetime, *, is_parent_of_newest: bool, now: datetime) -> Replay:
    """Judge a spent refresh token: only the newest token's own parent, within 10 seconds, is an honest retry."""
    if is_parent_of_newest and now - used_at <= ROTATION_GRACE:
        return Replay.RETRY
    return Replay.THEFT
