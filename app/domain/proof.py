"""What a person shows to prove again who they are."""

from dataclasses import dataclass, field

from app.domain import second_factor


@dataclass(frozen=True, slots=True)
class Proof:
    """A password, and a second factor when the account has one. Never printed."""

    password: str = field(repr=False)
    second: second_factor.Proof = field(default=second_factor.Proof(), repr=False)
