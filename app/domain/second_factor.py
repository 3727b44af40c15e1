"""The second factor: one-time codes of an authenticator app, and recovery codes for the day it is lost.

Source: RFC 6238 with its defaults (SHA-1, 6 digits, 30 seconds), which every app understands; NIST SP 800-63B-4
§3.1.4: secrets of at least 112 bits (we: 160), a code works once; §3.1.2: recovery codes of at least 112 bits may be
stored under a plain hash.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.roles import Role

STEP_SECONDS = 30
SECRET_BYTES = 20
RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # 31 signs without l, i, o, 0, 1: 24 of them carry 118 bits
_GROUPS, _GROUP = 4, 6


@dataclass(frozen=True, slots=True)
class Proof:
    """What a caller shows beside the password: a code of the app, or a recovery code."""

    totp_code: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """What a practice demands: the roles that must use a second factor (administrators, unless it says otherwise)."""

    require_2fa_for: tuple[Role, ...]


def accepted_steps(now: datetime) -> tuple[int, int]:
    """Return the time steps whose code is accepted: this one and the one before, for slow fingers and clocks."""
    step = int(now.timestamp()) // STEP_SECONDS
    return step, step - 1


def new_recovery_codes() -> list[str]:
    """Return fresh codes as they are shown, in groups that can be read aloud."""
    return ["-".join(_group() for _ in range(_GROUPS)) for _ in range(RECOVERY_CODES)]


def normalise_recovery_code(code: str) -> str:
    """Return what is hashed: groups, spaces and capitals are for the eye."""
    return "".join(sign for sign in code.casefold() if sign.isalnum())


def _group() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP))
