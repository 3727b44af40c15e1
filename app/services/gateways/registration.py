"""Integrations with device vendors: registering and changing them, rotating their secrets without losing a message."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.egress import AddressRefused
from app.domain.errors import Conflict, NotFound, StaleVersion, ValidationFailed
from app.domain.gateways import CONNECTION_OPTIONS, CREDENTIALS, SECRET_BYTES, NewGateway, ShownSecret, parted
from app.domain.inbox import DeliveryState
from app.domain.paging import Page, PageRequest
from app.gateways.registry import VENDORS
from app.gateways.signatures import AuthMode
from app.gateways.vendor import Vendor
from app.integrations.egress import gate
from app.integrations.mail import postbox
from app.models import GatewayIntegration, WebhookDelivery
from app.models.base import new_id
from app.services.transaction import now, transaction

_WAITING = (DeliveryState.QUARANTINED, DeliveryState.ORPHAN, DeliveryState.FAILED, DeliveryState.DEAD)
_NO_SECRET = "This integration has no secret: it is recognised by its address list."  # noqa: S105 - a sentence
_TWO_LIVE = "Two secrets are good already: retire the old one first."
_ONE_LIVE = "There is no old secret to retire."


@dataclass(frozen=True, slots=True)
class GatewayLine:
    """An integration with what came by it: when last, how many in each state that needs somebody."""

    integration: GatewayIntegration
    last_event_at: datetime | None
    counts: dict[str, int]
    secret: str | None = None

    @property
    def vendor(self) -> Vendor:
        """What the registry says of the vendor."""
        return VENDORS[self.integration.vendor]

    @property
    def webhook_url(self) -> str:
        """The address to give to the vendor; a secret that is part of it is there only when it was just made."""
        base = f"{postbox.public_url}/api/v1/webhooks/{self.integration.id}/"
        if self.integration.auth_mode != AuthMode.SECRET_PATH or self.secret is None:
            return base
        return f"{base}?key={quote(self.secret)}"

    @property
    def credential_names(self) -> list[str]:
        """Which credentials are stored."""
        return sorted(self.integration.credentials or {})


def create_gateway(actor: Actor, new: NewGateway) -> GatewayLine:
    """Register an integration with a secret of its own, shown this once; raises ValidationFailed."""
    _check(new)
    with transaction() as session:
        shown, hidden = parted(new.options)
        secret = None if new.auth_mode == AuthMode.IP_ALLOW_LIST else secrets.token_urlsafe(SECRET_BYTES)
        integration = GatewayIntegration(
            id=new_id(), practice_id=actor.practice_id, vendor=new.vendor, name=new.name, is_active=True,
            auth_mode=new.auth_mode, header=new.header or VENDORS[new.vendor].auth_header, username=new.username,
            networks=list(new.networks), options=shown, secret_since=now(),
        )  # fmt: skip
        integration.secret, integration.credentials = secret, hidden or None
        session.add(integration)
        session.flush()
        session.refresh(integration)
        return GatewayLine(integration, None, {}, secret)


def list_gateways(actor: Actor, paging: PageRequest) -> Page[GatewayLine]:
    """Return one page of the practice's integrations, newest first."""
    with transaction() as session:
        ours = GatewayIntegration.practice_id == actor.practice_id
        newest = select(GatewayIntegration).where(ours).order_by(
            GatewayIntegration.created_at.desc(), GatewayIntegration.id.desc()
        )  # fmt: skip
        rows = list(session.scalars(newest.offset(paging.offset).limit(paging.page_size)))
        count = session.scalar(select(func.count()).select_from(GatewayIntegration).where(ours)) or 0
        return Page(_lines(session, actor, rows), count, paging)


def get_gateway(actor: Actor, integration_id: UUID) -> GatewayLine:
    """Return one integration; raises NotFound."""
    with transaction() as session:
        return _lines(session, actor, [find_gateway(session, actor, integration_id)])[0]


def find_gateway(session: Session, actor: Actor, integration_id: UUID, *, lock: bool = False) -> GatewayIntegration:
    """Return an integration of the practice; raises NotFound."""
    query = select(GatewayIntegration).where(
        GatewayIntegration.practice_id == actor.practice_id, GatewayIntegration.id == integration_id
    )
    integration = session.scalar(query.with_for_update() if lock else query)
    if integration is None:
        raise NotFound
    return integration


def update_gateway(actor: Actor, integration_id: UUID, changes: dict[str, Any], version: int | None) -> GatewayLine:
    """Change the named settings; options are replaced, credentials that are not named stay. Raises StaleVersion."""
    with transaction() as session:
        integration = find_gateway(session, actor, integration_id, lock=True)
        if version is not None and integration.version != version:
            raise StaleVersion
        wanted = dict(changes)
        options = wanted.pop("options", None)
        for name, value in wanted.items():
            setattr(integration, name, list(value) if name == "networks" else value)
        if options is not None:
            shown, hidden = parted(options)
            integration.options = shown
            integration.credentials = {**(integration.credentials or {}), **hidden} or None
        _check(_as_new(integration, options or integration.options))
        _secure(integration)
        session.flush()
        session.refresh(integration)
        return _lines(session, actor, [integration])[0]


def rotate_secret(actor: Actor, integration_id: UUID) -> GatewayLine:
    """Make a new secret, shown this once; the one before stays good until it is retired. Raises Conflict."""
    with transaction() as session:
        integration = find_gateway(session, actor, integration_id, lock=True)
        if integration.auth_mode == AuthMode.IP_ALLOW_LIST:
            raise Conflict(_NO_SECRET)
        if integration.has_old_secret:
            raise Conflict(_TWO_LIVE)
        fresh = secrets.token_urlsafe(SECRET_BYTES)
        if integration.secret is not None:
            integration.old_secret, integration.old_secret_since = integration.secret, integration.secret_since
        integration.secret, integration.secret_since = fresh, now()
        events.record(session, "gateway_integration:rotate", "gateway_integration", resource_id=integration.id)
        session.flush()
        session.refresh(integration)
        (line,) = _lines(session, actor, [integration])
        return GatewayLine(integration, line.last_event_at, line.counts, fresh)


def retire_secret(actor: Actor, integration_id: UUID) -> GatewayLine:
    """End the old secret; raises Conflict when there is none."""
    with transaction() as session:
        integration = find_gateway(session, actor, integration_id, lock=True)
        if not integration.has_old_secret:
            raise Conflict(_ONE_LIVE)
        integration.old_secret_enc, integration.old_secret_since = None, None
        events.record(session, "gateway_integration:retire", "gateway_integration", resource_id=integration.id)
        session.flush()
        session.refresh(integration)
        return _lines(session, actor, [integration])[0]


def shown_secret(line: GatewayLine) -> ShownSecret | None:
    """Return the secret that was just made, if one was."""
    return None if line.secret is None else ShownSecret(line.integration.id, line.secret, line.webhook_url)


def _secure(integration: GatewayIntegration) -> None:
    """Never leave an integration that proves itself by a secret without one."""
    if integration.auth_mode != AuthMode.IP_ALLOW_LIST and integration.secret_enc is None:
        integration.secret, integration.secret_since = secrets.token_urlsafe(SECRET_BYTES), now()


def _as_new(integration: GatewayIntegration, options: dict[str, str]) -> NewGateway:
    return NewGateway(
        integration.vendor, integration.name, integration.auth_mode, integration.header, integration.username,
        tuple(integration.networks), options,
    )  # fmt: skip


def _check(new: NewGateway) -> None:
    """Raise ValidationFailed unless the vendor can be recognised this way and knows these options."""
    vendor = VENDORS[new.vendor]
    wrong: dict[str, list[str]] = {}
    if new.auth_mode not in {mode.value for mode in vendor.auth_modes}:
        wrong["auth_mode"] = [f"{vendor.name} proves itself by: {', '.join(vendor.auth_modes)}."]
    if new.auth_mode == AuthMode.BASIC and not new.username:
        wrong["username"] = ["Needed for Basic authentication."]
    if new.auth_mode == AuthMode.IP_ALLOW_LIST and not new.networks:
        wrong["networks"] = ["Needed: the list is all by which the vendor is recognised."]
    wrong |= _wrong_options(vendor, new.options)
    if wrong:
        raise ValidationFailed(wrong)


def _wrong_options(vendor: Vendor, options: Any) -> dict[str, list[str]]:
    known = {one.name: one.choices for one in vendor.options}
    if vendor.parse_fetched:
        known |= dict.fromkeys([*CONNECTION_OPTIONS, *CREDENTIALS], ())
    wrong = {f"options.{name}": ["Unknown option of this vendor."] for name in options.keys() - known.keys()}
    for name, value in options.items():
        if known.get(name) and value not in known[name]:
            wrong[f"options.{name}"] = [f"Must be one of: {', '.join(choice or 'blank' for choice in known[name])}."]
    try:
        if options.get("api_base_url") and "api_base_url" in known:
            gate.check(options["api_base_url"])
    except AddressRefused as refusal:
        wrong["options.api_base_url"] = [str(refusal)]
    return wrong


def _lines(session: Session, actor: Actor, rows: list[GatewayIntegration]) -> list[GatewayLine]:
    ids = [row.id for row in rows]
    ours = (WebhookDelivery.practice_id == actor.practice_id, WebhookDelivery.integration_id.in_(ids))
    last = select(WebhookDelivery.integration_id, func.max(WebhookDelivery.received_at)).where(
        *ours, WebhookDelivery.state != DeliveryState.REJECTED.value
    )
    heard = {row[0]: row[1] for row in session.execute(last.group_by(WebhookDelivery.integration_id))}
    waiting = [*(state.value for state in _WAITING), DeliveryState.REJECTED.value]
    counted = session.execute(
        select(WebhookDelivery.integration_id, WebhookDelivery.state, func.count())
        .where(*ours, WebhookDelivery.state.in_(waiting))
        .group_by(WebhookDelivery.integration_id, WebhookDelivery.state)
    ).all()
    return [
        GatewayLine(row, heard.get(row.id), {state: count for one, state, count in counted if one == row.id})
        for row in rows
    ]
