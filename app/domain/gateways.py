"""Integrations with device vendors: what is set about one, and what its secrets may be. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

MAX_NAME = 100
MAX_NETWORKS = 50
SECRET_BYTES = 32

# What fetching needs besides the vendor's own options, and which of it is never shown again.
CONNECTION_OPTIONS: Mapping[str, str] = {
    "api_base_url": "The vendor's API, if not its usual address.",
    "client_id": "Our registration there.",
    "redirect_uri": "The address registered with it (iHealth).",
}
CREDENTIALS: Mapping[str, str] = {
    "client_secret": "The registration's secret.",
    "client_key": "Our key of the collections (iHealth: SC).",
    "service_keys": "The keys of the collections (iHealth: SV), as `bp=…,weight=…`.",
}


@dataclass(frozen=True, slots=True)
class NewGateway:
    """An integration to register. `options` holds the vendor's options and what fetching needs, credentials too."""

    vendor: str
    name: str
    auth_mode: str
    header: str = ""
    username: str = ""
    networks: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


class AccountState(StrEnum):
    """Whether an account at a vendor lets us in."""

    LINKED = "linked"
    REFUSED = "refused"  # the vendor does not take its tokens: it must be linked again
    REVOKED = "revoked"  # by its owner at the vendor, or by us: its tokens are gone


@dataclass(frozen=True, slots=True)
class NewAccount:
    """Somebody's account at a vendor. `subject` is what notices call it; the token is exchanged before it is used."""

    subject: str
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ShownSecret:
    """A secret that was just made, to be shown this once, and the address that vendors send to."""

    integration_id: UUID
    secret: str = field(repr=False)
    webhook_url: str = field(repr=False)


def parted(options: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what may be shown of some options, and the credentials among them."""
    shown = {name: value for name, value in options.items() if name not in CREDENTIALS}
    return shown, {name: value for name, value in options.items() if name in CREDENTIALS}
