"""Asking iHealth for data, and for new tokens. Requests are built by pure functions, sent by a thin client.

Source: iHealth's open API v2. Each collection has keys of its own (`sc` ours, `sv` the endpoint's). At most 5,000
requests an hour (500 unpaid).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.integrations.egress import Gate, Params, gate
from app.integrations.vendor_calls import (
    Tokens,
    VendorRefused,
    VendorUnavailable,
    get,
    read_object,
    read_tokens,
)

BASE_URL = "https://api.ihealthlabs.com:8443"
_AUTHORISATION = "/OpenApiV2/OAuthv2/userauthorization/"
_USER, _COLLECTION = re.compile(r"[A-Za-z0-9_-]{1,64}"), re.compile(r"[a-z0-9]{1,20}")
_MOST_PAGES = 50


@dataclass(frozen=True, slots=True)
class IHealthApp:
    """Our registration there; `service_keys` names the `sv` of each collection."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    client_key: str = field(repr=False)  # sc
    service_keys: Mapping[str, str] = field(repr=False)
    base_url: str = BASE_URL


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose data of which collection and time (None: since ever, until now)."""

    user_id: str
    collection: str
    since: datetime | None = None
    until: datetime | None = None


def data_path(asked: Asked) -> str:
    """Return where the data are; raises VendorRefused for a user or collection that no address can hold."""
    if not (_USER.fullmatch(asked.user_id) and _COLLECTION.fullmatch(asked.collection)):
        raise VendorRefused("The device vendor has no such user.")
    return f"/openapiv2/user/{asked.user_id}/{asked.collection}.json/"


def data_params(app: IHealthApp, asked: Asked, access_token: str, page: int = 1) -> Params:
    """Return what asks for a page of data."""
    times = [("start_time", asked.since), ("end_time", asked.until)]
    return [
        *_registration(app), ("access_token", access_token), ("page_index", str(page)), ("locale", "default"),
        ("sc", app.client_key), ("sv", app.service_keys.get(asked.collection, "")),
        *((name, str(int(at.timestamp()))) for name, at in times if at is not None),
    ]  # fmt: skip


def refresh_params(app: IHealthApp, user_id: str, refresh_token: str) -> Params:
    """Return what exchanges a refresh token."""
    return [
        *_registration(app), ("response_type", "refresh_token"), ("refresh_token", refresh_token), ("UserID", user_id),
    ]  # fmt: skip


def _registration(app: IHealthApp) -> Params:
    return [("client_id", app.client_id), ("client_secret", app.client_secret), ("redirect_uri", app.redirect_uri)]


class IHealthClient:
    """One registration, on behalf of one practice."""

    def __init__(self, app: IHealthApp, way_out: Gate = gate) -> None:
        self._app, self._gate = app, way_out

    def data(self, access_token: str, asked: Asked) -> tuple[bytes, ...]:
        """Return the pages of data as they came, for `app.gateways.ihealth` to read; raises VendorRefused."""
        path, pages = data_path(asked), []
        for page in range(1, _MOST_PAGES + 1):
            reply = get(self._gate, self._app.base_url, path, data_params(self._app, asked, access_token, page))
            answer = read_object(reply.body)
            if "Error" in answer:
                raise VendorRefused
            pages.append(reply.body)
            if not answer.get("NextPageUrl"):
                return tuple(pages)
        raise VendorUnavailable("The device vendor's answer does not end.")

    def refresh(self, user_id: str, refresh_token: str) -> Tokens:
        """Return new tokens."""
        reply = get(self._gate, self._app.base_url, _AUTHORISATION, refresh_params(self._app, user_id, refresh_token))
        return read_tokens(read_object(reply.body), "AccessToken", "RefreshToken", "Expires", "UserID")
