"""What fetching from device vendors shares: its refusals, and reading an answer's JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.egress import AddressRefused
from app.domain.errors import EmrUnavailable, Unavailable
from app.integrations.egress import CallFailed, Gate, Params, Reply

_OK, _TOO_MANY, _UNAUTHORISED, _FORBIDDEN = 200, 429, 401, 403


class VendorUnavailable(Unavailable):
    """The vendor did not answer as it should; trying again later may work."""

    default_detail = "The device vendor does not answer."


class VendorRefused(Unavailable):
    """The vendor does not take our sign-in: a new token may help, trying again does not."""

    default_detail = "The device vendor refuses our sign-in."


@dataclass(frozen=True, slots=True)
class Tokens:
    """What lets us in from now on; the old refresh token is spent."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_in_seconds: int
    owner: str | None = None  # whose they are, if the vendor tells


def post_form(gate: Gate, base_url: str, path: str, form: bytes, headers: Mapping[str, str]) -> Reply:
    """Send a form once; raises VendorUnavailable or VendorRefused. Nothing of the request gets into the error."""
    try:
        sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return _good(gate.post(base_url, path, form, sent))
    except (CallFailed, AddressRefused) as error:
        raise VendorUnavailable(f"The device vendor was not reached ({type(error).__name__}).") from None


def get(gate: Gate, base_url: str, path: str, params: Params) -> Reply:
    """Fetch something, trying three times; raises VendorUnavailable or VendorRefused."""
    try:
        return _good(gate.get(base_url, path, params, {"Accept": "application/json"}))
    except EmrUnavailable:
        raise VendorUnavailable from None


def read_object(body: bytes) -> Mapping[str, Any]:
    """Return the object of an answer; raises VendorUnavailable."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise VendorUnavailable("The device vendor did not answer with JSON.") from None
    if not isinstance(value, dict):
        raise VendorUnavailable("The device vendor did not answer with an object.")
    return value


def read_tokens(value: Mapping[str, Any], access: str, refresh: str, expires: str, owner: str) -> Tokens:
    """Return the tokens that an answer holds under these names; raises VendorRefused when it holds none."""
    found = [value.get(name) for name in (access, refresh)]
    lifetime = value.get(expires)
    if not all(isinstance(token, str) and token for token in found) or not str(lifetime).isdecimal():
        raise VendorRefused
    told = value.get(owner)
    return Tokens(str(found[0]), str(found[1]), int(str(lifetime)), None if told is None else str(told))


def _good(reply: Reply) -> Reply:
    if reply.status in {_UNAUTHORISED, _FORBIDDEN}:
        raise VendorRefused
    if reply.status != _OK:
        raise VendorUnavailable(f"The device vendor answered with status {reply.status}.")
    return reply
