"""What a person shows to prove again who they are."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Proof:
    """A password, and a code when the account has a second factor. Never printed."""

    password: str = field(repr=False)
    totp_code: str | None = field(default=None, repr=False)
