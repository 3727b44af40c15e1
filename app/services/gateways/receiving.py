"""Taking in a webhook: judged, stored to the byte and committed before it is answered. Nothing is read here.

The work is the same for every message, however long: find the integration, judge, write delivery, job and audit event.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, text
from sqlalchemy.orm import Session

from app.audit import context, events
from app.audit.hook import enter_practice
from app.database.statements import Statement, send, send_later
from app.domain.errors import NotFound, SignatureRefused
from app.domain.inbox import (
    KEPT_OF_REJECTED,
    MAX_REJECTED_AN_HOUR,
    DeliveryKind,
    DeliveryState,
    without_secrets,
)
from app.gateways.signatures import Auth, AuthMode, Delivery, Verdict, judge
from app.models import GatewayIntegration, WebhookDelivery
from app.models.base import new_id
from app.services.outbox import INBOX, leave_job
from app.services.transaction import now, transaction

APPLY_DELIVERY = "apply_delivery"
_HOUR = timedelta(hours=1)
_LONGEST_TYPE = 200
_ASK_FOR = Statement(text("SELECT set_config('app.integration_id', :integration, true) AS integration"))
_FIND = Statement(
    select(GatewayIntegration.metadata.tables["gateway_integrations"]).where(
        GatewayIntegration.id == bindparam("wanted"), GatewayIntegration.is_active
    )
)
_TABLE = WebhookDelivery.metadata.tables["webhook_deliveries"]
_COLUMNS = [column.name for column in _TABLE.columns if column.name != "received_at"]  # the database's own clock
_STORE = Statement(insert(_TABLE).inline(), _COLUMNS)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request to an integration's address."""

    raw: bytes
    content_type: str
    headers: Mapping[str, str]
    remote_address: str = ""
    path_secret: str = ""
    kind: DeliveryKind = DeliveryKind.WEBHOOK


def is_known(integration_id: UUID) -> bool:
    """Say whether messages of an integration are taken; vendors ask before they subscribe."""
    with transaction() as session:
        return _find(session, integration_id) is not None


def take_in(integration_id: UUID, incoming: Incoming) -> UUID:
    """Store a vendor's message and have it read by a job; it is committed when this returns the delivery's id.

    Raises NotFound for an integration that is not there or switched off, and SignatureRefused, in which case the
    message is kept as well, but only its beginning and not without end.
    """
    at = now()
    with transaction() as session:
        integration = _find(session, integration_id)
        if integration is None:
            raise NotFound
        act_for(integration.practice_id, integration.id)
        enter_practice(session)
        verdict = _judge(integration, incoming, at)
        if verdict.is_accepted:
            return _keep(session, integration, incoming, verdict)
        _keep_rejected(session, integration, incoming, verdict, at)
    raise SignatureRefused


def act_for(practice_id: UUID, integration_id: UUID) -> None:
    """Go on for an integration: no person acts, and the trail says which integration does."""
    context.bind(practice_id=practice_id, user_id=None, session_id=None, reason=f"gateway {integration_id}")


def auth_of(integration: GatewayIntegration) -> Auth:
    """Return how an integration's messages are checked."""
    return Auth(
        AuthMode(integration.auth_mode), integration.secrets, integration.header, integration.username,
        tuple(integration.networks),
    )  # fmt: skip


def store(session: Session, integration: GatewayIntegration, delivery: WebhookDelivery) -> None:
    """Write a delivery and have it read, within the caller's transaction."""
    _write(session, delivery)
    leave_job(session, APPLY_DELIVERY, queue=INBOX, practice_id=integration.practice_id, delivery_id=delivery.id)


def new_delivery(integration: GatewayIntegration, incoming: Incoming, **fields: Any) -> WebhookDelivery:
    """Return a delivery as it came, its body and headers sealed."""
    delivery = WebhookDelivery(
        id=new_id(), practice_id=integration.practice_id, integration_id=integration.id, kind=incoming.kind.value,
        state=DeliveryState.RECEIVED.value, content_type=_plain(incoming.content_type)[:_LONGEST_TYPE],
        remote_address=incoming.remote_address, size=len(incoming.raw), attempts=0, auth_mode=integration.auth_mode,
        sha256=hashlib.sha256(incoming.raw).hexdigest(), verdict="accepted",
    )  # fmt: skip
    for name, value in fields.items():
        setattr(delivery, name, value)
    delivery.headers = without_secrets(
        {_plain(name): _plain(value) for name, value in incoming.headers.items()}, integration.header
    )
    is_rejected = delivery.state == DeliveryState.REJECTED
    delivery.body = incoming.raw[:KEPT_OF_REJECTED] if is_rejected else incoming.raw
    return delivery


def _find(session: Session, integration_id: UUID) -> GatewayIntegration | None:
    _, found = send(session, (_ASK_FOR, {"integration": str(integration_id)}), (_FIND, {"wanted": integration_id}))
    return GatewayIntegration(**found[0]._asdict()) if found else None


def _judge(integration: GatewayIntegration, incoming: Incoming, at: datetime) -> Verdict:
    delivery = Delivery(incoming.raw, incoming.headers, incoming.remote_address, incoming.path_secret)
    return judge(auth_of(integration), delivery, at)


def _keep(session: Session, integration: GatewayIntegration, incoming: Incoming, verdict: Verdict) -> UUID:
    delivery = new_delivery(integration, incoming, secret_index=verdict.secret_index)
    store(session, integration, delivery)
    return delivery.id


def _keep_rejected(
    session: Session, integration: GatewayIntegration, incoming: Incoming, verdict: Verdict, at: datetime
) -> None:
    """Keep a forged message to look at, unless there are many already: a stranger must not fill the disk."""
    recent = select(func.count()).where(
        WebhookDelivery.practice_id == integration.practice_id,
        WebhookDelivery.integration_id == integration.id,
        WebhookDelivery.state == DeliveryState.REJECTED.value,
        WebhookDelivery.received_at > at - _HOUR,
    )
    if (session.scalar(recent) or 0) < MAX_REJECTED_AN_HOUR:
        fields = {"state": DeliveryState.REJECTED.value, "verdict": verdict.outcome.value, "settled_at": at}
        _write(session, new_delivery(integration, incoming, **fields))


def _write(session: Session, delivery: WebhookDelivery) -> None:
    send_later(session, (_STORE, {name: getattr(delivery, name) for name in _COLUMNS}))
    events.record(session, "webhook_delivery:create", "webhook_delivery", resource_id=delivery.id)


def _plain(value: str) -> str:
    """Return a header's text as it can be stored: vendors' bytes beyond ASCII arrive as Latin-1."""
    return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
