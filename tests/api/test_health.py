"""What `/health/` tells: what waits and what lies astray, counted over all practices, and nothing else of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.domain.roles import Role
from app.extensions import db
from deploy.local_postgres import LocalPostgres
from tests.builders import a_device, a_patient, a_reading, a_user, acting_as
from tests.inbox import a_gateway, an_event, deliver
from tests.jobs import work


def _part(client: FlaskClient, name: str) -> dict[str, Any]:
    part: dict[str, Any] = client.get("/health/").json["parts"][name]
    part.pop("latency_ms")
    return part


@pytest.fixture
def _nothing_waits(app: Flask, postgres: LocalPostgres) -> None:
    """Tests before may have left messages behind, whose jobs are gone."""
    postgres.query("UPDATE webhook_deliveries SET state = 'rejected' WHERE state = 'received'")


@pytest.mark.usefixtures("_nothing_waits")
def test_messages_that_wait_are_counted_whosever_they_are(client: FlaskClient) -> None:
    """Each with the age of the oldest; both are nought again once the worker was there."""
    for _ in range(2):
        admin = a_user(role=Role.ADMIN)
        device = a_device(admin.actor, a_patient(admin.actor).id, datetime.now(UTC) - timedelta(days=2))
        deliver(client, a_gateway(admin), an_event(device.serial or ""))
    inbox = _part(client, "inbox")
    assert (inbox["status"], inbox["count"]) == ("healthy", 2)
    assert 0 <= inbox["oldest_seconds"] < 60
    work()
    assert _part(client, "inbox") == {"status": "healthy", "count": 0, "oldest_seconds": 0.0}


def test_a_reading_outside_every_month_shows(app: Flask, client: FlaskClient) -> None:
    """The probe says degraded, and how many; the server's role itself sees none of them."""
    before = _part(client, "partitions")["count"]
    doctor = a_user()
    patient = a_patient(doctor.actor)
    a_reading(doctor.actor, patient.id, measured_at=datetime(1990, 1, 1, tzinfo=UTC))
    assert _part(client, "partitions") == {"status": "degraded", "count": before + 1}
    with app.app_context():
        acting_as(doctor.actor)
        assert db.session.scalar(text("SELECT current_setting('application_name') = 'health probe'")) is False
