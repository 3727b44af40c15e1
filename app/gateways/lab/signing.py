"""How a simulated vendor proves itself: the other side of `app.gateways.signatures`."""

import base64
from collections.abc import Callable
from datetime import datetime

from app.gateways.signatures import DEFAULT_HEADERS, AuthMode, sign, svix_key

_EVENT = "msg_lab"
USERNAME = "lab"


def dress(mode: AuthMode, header: str, secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers that a vendor with this secret sends with a body; a secret path needs none."""
    make = _MADE.get(mode)
    return make(header or DEFAULT_HEADERS.get(mode, ""), secret, body, now) if make else {}


def _plain(header: str, secret: str, _body: bytes, _now: datetime) -> dict[str, str]:
    return {header: secret}


def _basic(_header: str, secret: str, _body: bytes, _now: datetime) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{USERNAME}:{secret}".encode()).decode()}


def _hex(header: str, secret: str, body: bytes, _now: datetime) -> dict[str, str]:
    return {header: sign(secret.encode(), body).hex()}


def _base64(header: str, secret: str, body: bytes, _now: datetime) -> dict[str, str]:
    return {header: base64.b64encode(sign(secret.encode(), body)).decode()}


def _stamped(header: str, secret: str, body: bytes, now: datetime) -> dict[str, str]:
    at = int(now.timestamp())
    return {header: f"t={at},v1={sign(secret.encode(), f'{at}.'.encode() + body).hex()}"}


def _svix(_header: str, secret: str, body: bytes, now: datetime) -> dict[str, str]:
    at = int(now.timestamp())
    made = base64.b64encode(sign(svix_key(secret), f"{_EVENT}.{at}.".encode() + body)).decode()
    return {"webhook-id": _EVENT, "webhook-timestamp": str(at), "webhook-signature": f"v1,{made}"}


_MADE: dict[AuthMode, Callable[[str, str, bytes, datetime], dict[str, str]]] = {
    AuthMode.CUSTOM_HEADER: _plain,
    AuthMode.API_KEY: _plain,
    AuthMode.SHARED_SECRET: _plain,
    AuthMode.BASIC: _basic,
    AuthMode.HMAC_HEX: _hex,
    AuthMode.HMAC_BASE64: _base64,
    AuthMode.TIMESTAMPED_HMAC: _stamped,
    AuthMode.SVIX: _svix,
}
