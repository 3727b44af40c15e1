"""Account lockout: five consecutive failures close an account for half an hour.

Source: the product's API contract (§2): 5 failures, 30 minutes; a further failure while locked restarts the 30 minutes.
"""

import math
from datetime import datetime, timedelta

MAX_FAILURES = 5
LOCK_TIME = timedelta(minutes=30)


def minutes_left(locked_until: datetime, now: datetime) -> int:
    """Return whole minutes until the account opens, at least 1."""
    return max(1, math.ceil((locked_until - now) / timedelta(minutes=1)))
