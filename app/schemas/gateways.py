"""Shapes of integrations with device vendors."""

from ipaddress import ip_network
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from app.domain.gateways import MAX_NAME, MAX_NETWORKS, AccountState, NewAccount, NewGateway
from app.domain.inbox import TOLD_OF_DEVICE
from app.gateways.registry import VENDORS
from app.gateways.signatures import AuthMode
from app.schemas.base import Body, Row
from app.schemas.fields import Instant, Text, YesNo

_HEADER = r"^[A-Za-z0-9-]*$"
_MODES = [mode.value for mode in AuthMode]
_OPTIONS = {
    "description": "What differs between customers of the vendor; for vendors that we fetch from also `api_base_url`,"
    " `client_id`, `redirect_uri`, and as credentials, which are never shown, `client_secret`, `client_key`,"
    " `service_keys`."
}  # fmt: skip


def _network(text: str) -> None:
    try:
        ip_network(text, strict=False)
    except ValueError as error:
        raise ValidationError("Not an address or a network, such as 192.0.2.0/24.") from error


class GatewaySettings(Body):
    """What may be changed of an integration."""

    name = Text(required=True, longest=MAX_NAME)
    auth_mode = fields.String(required=True, validate=validate.OneOf(_MODES))
    header = Text(
        longest=100, blank=True, validate=validate.Regexp(_HEADER),
        metadata={"description": "The header that carries the proof, if not the vendor's usual one."},
    )  # fmt: skip
    username = Text(longest=200, blank=True, metadata={"description": "For Basic authentication."})
    networks = fields.List(
        Text(longest=50, validate=_network), validate=validate.Length(max=MAX_NETWORKS),
        metadata={"description": "Only from these addresses (CIDR); empty: from anywhere."},
    )  # fmt: skip
    options = fields.Dict(keys=Text(longest=64), values=Text(longest=4000, blank=True), metadata=_OPTIONS)


class NewGatewaySchema(GatewaySettings):
    """An integration to register."""

    vendor = fields.String(required=True, validate=validate.OneOf(sorted(VENDORS)))

    @post_load
    def _gateway(self, data: dict[str, Any], **_: Any) -> NewGateway:
        return NewGateway(**{**data, "networks": tuple(data.get("networks", ()))})


class GatewayChangesSchema(GatewaySettings):
    """What to change; options are replaced as a whole, credentials that are left out stay."""

    is_active = YesNo()


class GatewaySchema(Row):
    """An integration, without its secrets."""

    id = fields.UUID(required=True, attribute="integration.id")
    vendor = fields.String(required=True, attribute="integration.vendor")
    name = fields.String(required=True, attribute="integration.name")
    is_active = fields.Boolean(required=True, attribute="integration.is_active")
    auth_mode = fields.String(required=True, attribute="integration.auth_mode", validate=validate.OneOf(_MODES))
    header = fields.String(required=True, attribute="integration.header")
    username = fields.String(required=True, attribute="integration.username")
    networks = fields.List(fields.String(), required=True, attribute="integration.networks")
    options = fields.Dict(required=True, attribute="integration.options")
    credentials = fields.List(
        fields.String(), required=True, attribute="credential_names",
        metadata={"description": "Which credentials are stored."},
    )  # fmt: skip
    webhook_url = fields.String(required=True)
    secret_since = Instant(required=True, attribute="integration.secret_since")
    old_secret_since = Instant(
        required=True, allow_none=True, attribute="integration.old_secret_since",
        metadata={"description": "While this is set, the secret of before the rotation is good as well."},
    )  # fmt: skip
    last_event_at = Instant(required=True, allow_none=True)
    counts = fields.Dict(
        required=True, metadata={"description": "How many deliveries wait for somebody or were refused, by state."}
    )
    created_at = Instant(required=True, attribute="integration.created_at")
    updated_at = Instant(required=True, attribute="integration.updated_at")


class GatewayWithSecretSchema(GatewaySchema):
    """An integration with the secret that was just made: it is shown this once, also inside a secret address."""

    secret = fields.String(required=True, allow_none=True)


class NewAccountSchema(Body):
    """An account at the vendor to be fetched from."""

    subject = Text(
        required=True, longest=TOLD_OF_DEVICE,
        metadata={"description": "What the vendor's notices call the account (`userid`, `UserID`)."},
    )  # fmt: skip
    refresh_token = Text(
        required=True, longest=4000,
        metadata={"description": "Exchanged before the first fetch; never shown. It must be this account's."},
    )  # fmt: skip

    @post_load
    def _account(self, data: dict[str, Any], **_: Any) -> NewAccount:
        return NewAccount(**data)


class AccountSchema(Row):
    """An account at the vendor, without its tokens."""

    id = fields.UUID(required=True)
    subject = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([state.value for state in AccountState]))
    linked_at = Instant(required=True)
    refreshed_at = Instant(required=True, allow_none=True)
    revoked_at = Instant(required=True, allow_none=True)


class TestEventSchema(Schema):
    """Where the test went: its state in the inbox tells how it fared."""

    delivery_id = fields.UUID(required=True)
