"""One small interface for all who carry messages away, and what can go wrong with them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from app.domain.egress import AddressRefused
from app.domain.notifications.settings import Failure
from app.integrations.egress import CallFailed, Gate, Reply, gate

_UNAUTHORISED = frozenset({401, 403})
_BUSY = frozenset({408, 425, 429})
_OK, _REDIRECT, _SERVER_ERROR = 200, 300, 500
_LONGEST_REFERENCE = 200
_AGAIN = frozenset({Failure.UNREACHABLE, Failure.BUSY, Failure.ODD_ANSWER})


@dataclass(frozen=True, slots=True)
class Message:
    """What goes out: to one phone number or push token. Its id is the same at every try."""

    id: str
    to: str
    title: str
    text: str
    link: str
    is_critical: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """Where a provider is and how one signs in there."""

    base_url: str
    account: str | None = None
    sender: str | None = None
    secret: str | None = None


class NotTaken(Exception):
    """The provider did not take the message, or nobody knows whether it did."""

    def __init__(self, failure: Failure, retry_after: float | None = None) -> None:
        super().__init__(failure.value)
        self.failure, self.retry_after = failure, retry_after

    @property
    def may_be_tried_again(self) -> bool:
        """Say whether another try could end otherwise without anybody's help."""
        return self.failure in _AGAIN


class Sender(Protocol):
    """Carries messages away."""

    needs_receipt: bool  # whether the provider tells only later that a phone is gone

    def send(self, message: Message) -> str | None:
        """Hand one message over and return the provider's name for it; raises NotTaken."""


class Post:
    """A POST to a provider that turns everything but success into NotTaken."""

    def __init__(self, base_url: str, way_out: Gate = gate) -> None:
        self._base_url, self._gate = base_url, way_out

    def __call__(self, path: str, content: bytes, headers: Mapping[str, str]) -> Reply:
        """Return whatever was answered; raises NotTaken when nothing was."""
        try:
            return self._gate.post(self._base_url, path, content, dict(headers))
        except AddressRefused:
            raise NotTaken(Failure.ADDRESS_REFUSED) from None
        except CallFailed:
            raise NotTaken(Failure.UNREACHABLE) from None


def require_success(reply: Reply) -> None:
    """Raise NotTaken unless the status is one of success. Client errors other than "later" are final."""
    if _OK <= reply.status < _REDIRECT:
        return
    if reply.status in _UNAUTHORISED:
        raise NotTaken(Failure.SIGN_IN_REFUSED)
    if reply.status in _BUSY or reply.status >= _SERVER_ERROR:
        raise NotTaken(Failure.BUSY, _seconds(reply.retry_after))
    raise NotTaken(Failure.MESSAGE_REFUSED)


def parsed(reply: Reply) -> Mapping[str, Any]:
    """Return the JSON object of an answer; an empty one when it is none."""
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def reference_of(value: object) -> str | None:
    """Return a provider's name for a message, if it gave one that we can keep."""
    is_good = isinstance(value, str) and value.isascii() and value.isprintable()
    return str(value)[:_LONGEST_REFERENCE] if is_good and value else None


def as_json(content: Mapping[str, Any]) -> bytes:
    """Write a body."""
    return json.dumps(content, ensure_ascii=False).encode()


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after and retry_after.isdecimal() and len(retry_after) < 7 else None  # noqa: PLR2004
