"""Trying an integration out: a message in its vendor's shape, signed with its secret, through the whole pipe.

It is marked as a test: everything is done but storing a reading.
"""

import base64
import random
from datetime import timedelta
from ipaddress import ip_network
from uuid import UUID

from app.audit import context
from app.domain.actor import Actor
from app.domain.errors import Conflict
from app.domain.inbox import DeliveryKind
from app.gateways.lab.samples import numbers, samples
from app.gateways.lab.shapes import SIMULATORS
from app.gateways.lab.signing import dress
from app.gateways.signatures import AuthMode
from app.services.gateways.receiving import Incoming, take_in
from app.services.gateways.registration import find_gateway
from app.services.transaction import now, transaction

_AGO = timedelta(minutes=5)
_OFF = "The integration is switched off."


def send_test_event(actor: Actor, integration_id: UUID) -> UUID:
    """Send a test and return the delivery it made, whose state tells how it went; raises NotFound, Conflict."""
    with transaction() as session:
        integration = find_gateway(session, actor, integration_id)
        if not integration.is_active:
            raise Conflict(_OFF)
        secret = integration.secret or ""
        simulator, at = SIMULATORS[integration.vendor], now()
        chance = random.SystemRandom()
        body = simulator.body(samples(chance, at - _AGO, 2)[1], numbers(chance))  # a weight: every vendor has those
        mode = AuthMode(integration.auth_mode)
        headers = _basic(integration.username, secret) if mode is AuthMode.BASIC else dress(
            mode, integration.header, secret, body, at
        )  # fmt: skip
        sender = str(ip_network(integration.networks[0], strict=False)[0]) if integration.networks else ""
        path_secret = secret if mode is AuthMode.SECRET_PATH else ""
    before = context.current()
    try:
        incoming = Incoming(body, simulator.content_type, headers, sender, path_secret, DeliveryKind.TEST)
        return take_in(integration_id, incoming)
    finally:
        context.start(before)


def _basic(username: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{username}:{secret}".encode()).decode()}
