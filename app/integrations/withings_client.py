"""Asking Withings for measures, and for new tokens. Requests are built by pure functions, sent by a thin client.

Source: developer.withings.com, "Sign your requests", "Measure - Getmeas", "OAuth2 - Refresh your access token". A nonce
works once and for 30 minutes; a signature is HMAC-SHA256 of the values in the order of their names, commas between.
At most 120 requests a minute.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from app.integrations.egress import Gate, gate
from app.integrations.vendor_calls import Tokens, VendorRefused, VendorUnavailable, post_form, read_object, read_tokens

BASE_URL = "https://wbsapi.withings.net"
_MOST_PAGES = 50
_REFUSED = range(100, 103), (200, 401)  # statuses of a body that mean: sign in again
_MEASURED = "1"  # category: measured, not a goal


@dataclass(frozen=True, slots=True)
class WithingsApp:
    """Our registration there."""

    client_id: str
    client_secret: str = field(repr=False)
    base_url: str = BASE_URL


@dataclass(frozen=True, slots=True)
class Window:
    """Which measures (numbers with commas between) of which time (None: since ever, until now)."""

    measure_types: str
    since: datetime | None = None
    until: datetime | None = None


def signature(secret: str, values: Mapping[str, str]) -> str:
    """Return the hex signature of some parameters."""
    text = ",".join(values[name] for name in sorted(values))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def nonce_form(app: WithingsApp, now: datetime) -> dict[str, str]:
    """Return what asks for a nonce."""
    signed = {"action": "getnonce", "client_id": app.client_id, "timestamp": str(int(now.timestamp()))}
    return {**signed, "signature": signature(app.client_secret, signed)}


def refresh_form(app: WithingsApp, nonce: str, refresh_token: str) -> dict[str, str]:
    """Return what exchanges a refresh token; the secret itself is not sent."""
    signed = {"action": "requesttoken", "client_id": app.client_id, "nonce": nonce}
    rest = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return {**signed, **rest, "signature": signature(app.client_secret, signed)}


def measures_form(window: Window, offset: int = 0) -> dict[str, str]:
    """Return what asks for a page of measures."""
    form = {"action": "getmeas", "meastypes": window.measure_types, "category": _MEASURED}
    for name, at in (("startdate", window.since), ("enddate", window.until)):
        if at is not None:
            form[name] = str(int(at.timestamp()))
    return {**form, "offset": str(offset)} if offset else form


class WithingsClient:
    """One registration, on behalf of one practice."""

    def __init__(self, app: WithingsApp, way_out: Gate = gate) -> None:
        self._app, self._gate = app, way_out

    def measures(self, access_token: str, window: Window) -> tuple[bytes, ...]:
        """Return the pages of measures as they came, for `app.gateways.withings` to read; raises VendorRefused."""
        pages: list[bytes] = []
        offset = 0
        for _ in range(_MOST_PAGES):
            raw, body = self._asked(
                "/measure", measures_form(window, offset), {"Authorization": f"Bearer {access_token}"}
            )
            pages.append(raw)
            offset = int(body["offset"]) if body.get("more") and str(body.get("offset")).isdecimal() else 0
            if not offset:
                return tuple(pages)
        raise VendorUnavailable("The device vendor's answer does not end.")

    def refresh(self, refresh_token: str, now: datetime) -> Tokens:
        """Return new tokens. Sent once: a refresh token that was used must not be used again."""
        _, body = self._asked("/v2/signature", nonce_form(self._app, now), {})
        form = refresh_form(self._app, str(body.get("nonce", "")), refresh_token)
        body = self._asked("/v2/oauth2", form, {})[1]
        return read_tokens(body, "access_token", "refresh_token", "expires_in", "userid")

    def _asked(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[bytes, Mapping[str, Any]]:
        reply = post_form(self._gate, self._app.base_url, path, urlencode(form).encode(), headers)
        answer = read_object(reply.body)
        status, body = answer.get("status"), answer.get("body")
        if any(status in refused for refused in _REFUSED):
            raise VendorRefused
        if status != 0 or not isinstance(body, dict):
            raise VendorUnavailable("The device vendor answered with an error.")
        return reply.body, body
