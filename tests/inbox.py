"""What tests of the inbox are made of: integrations, signed messages, the worker's part done at once."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.gateways import NewGateway
from app.gateways.lab.signing import dress
from app.gateways.signatures import AuthMode
from app.models import InboxItem, Observation, WebhookDelivery
from app.services.gateways.registration import GatewayLine, create_gateway
from app.services.transaction import transaction
from tests.builders import Person, acting_as, in_house, inside

_numbers = itertools.count(1)


@inside
def a_gateway(person: Person, vendor: str = "mioconnect", mode: str = "timestamped_hmac", **fields: Any) -> GatewayLine:
    """Register an integration; its secret is the line's."""
    acting_as(person.actor)
    return create_gateway(person.actor, NewGateway(vendor, "Test gateway", mode, **fields))


def an_event(device: str, *, event_id: str = "", at: datetime | None = None, **fields: Any) -> bytes:
    """Return a signed webhook's body: one blood pressure, measured a second after the one before."""
    number = next(_numbers)
    moment = at or datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3) + timedelta(seconds=number)
    item = {"type": "blood_pressure", "device_id": device, "systolic": 122, "diastolic": 78, "pulse": 70}
    data = [{**item, "measured_at": moment.isoformat(), **fields}]
    return json.dumps({"event_id": event_id or f"evt-{number}", "type": "reading", "data": data}).encode()


def deliver(
    client: FlaskClient,
    gateway: GatewayLine,
    body: bytes,
    *,
    secret: str = "",
    at: datetime | None = None,
    **headers: str,
) -> TestResponse:
    """Send a body as the vendor does, with its proof."""
    integration = gateway.integration
    mode, key = AuthMode(integration.auth_mode), secret or gateway.secret or ""
    proof = dress(mode, integration.header, key, body, at or datetime.now(UTC))
    path = f"/api/v1/webhooks/{integration.id}/" + (f"?key={key}" if mode is AuthMode.SECRET_PATH else "")
    return client.post(path, data=body, headers={"Content-Type": "application/json", **proof, **headers})


@inside
def deliveries(person: Person) -> list[WebhookDelivery]:
    """Return what is in the inbox, oldest first."""
    acting_as(person.actor)
    with transaction() as session:
        rows = list(session.query(WebhookDelivery).order_by(WebhookDelivery.received_at, WebhookDelivery.id))
        session.expunge_all()
        return rows


@inside
def items(person: Person) -> list[InboxItem]:
    """Return every message that was read."""
    acting_as(person.actor)
    with transaction() as session:
        rows = list(session.query(InboxItem).order_by(InboxItem.created_at, InboxItem.position))
        session.expunge_all()
        return rows


@inside
def readings(person: Person, patient_id: UUID | None = None) -> list[Observation]:
    """Return the practice's readings, or a patient's."""
    acting_as(person.actor)
    with transaction() as session:
        found = session.query(Observation).order_by(Observation.measured_at)
        rows = list(found.filter(Observation.patient_id == patient_id) if patient_id else found)
        session.expunge_all()
        return rows


__all__ = ["a_gateway", "an_event", "deliver", "deliveries", "in_house", "items", "readings"]
