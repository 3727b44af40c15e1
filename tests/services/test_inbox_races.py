"""The same message many times at once (S71): one reading, and every sender is told that it is stored."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

from flask import Flask

from app.domain.roles import Role
from app.services.gateways.applying import apply_delivery
from tests.builders import a_device, a_patient, a_user, in_house
from tests.inbox import a_gateway, an_event, deliver, deliveries, readings

_TIMES = 64


def test_s71_64_parallel_identical_webhooks_make_one_reading(app: Flask) -> None:
    """Taken in by eight threads, applied by eight."""
    admin = a_user(role=Role.ADMIN)
    device = a_device(admin.actor, a_patient(admin.actor).id, datetime.now(UTC) - timedelta(days=2))
    gateway, body = a_gateway(admin), an_event(device.serial or "")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: deliver(app.test_client(), gateway, body).status_code, range(_TIMES)))

    def apply(delivery_id):  # type: ignore[no-untyped-def]
        with in_house():
            apply_delivery(admin.actor.practice_id, delivery_id)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(apply, [row.id for row in deliveries(admin)]))
    states = [row.state for row in deliveries(admin)]
    assert (answers, len(readings(admin))) == ([200] * _TIMES, 1)
    assert sorted(states) == ["applied", *["duplicate"] * (_TIMES - 1)]


def test_deliveries_of_the_same_patients_in_opposite_order_do_not_wait_for_each_other(app: Flask) -> None:
    """Locks are taken in one order whatever the messages' is: sixteen at once, each applied at its first try."""
    admin = a_user(role=Role.ADMIN)
    since = datetime.now(UTC) - timedelta(days=2)
    serials = [a_device(admin.actor, a_patient(admin.actor).id, since).serial or "" for _ in range(4)]
    gateway = a_gateway(admin)
    for number in range(16):
        data = [
            item
            for serial in (serials if number % 2 else serials[::-1])
            for item in json.loads(an_event(serial))["data"]
        ]
        body = json.dumps({"event_id": f"both-{number}", "type": "reading", "data": data}).encode()
        assert deliver(app.test_client(), gateway, body).status_code == 200

    def apply(delivery_id: UUID) -> None:
        with in_house():
            apply_delivery(admin.actor.practice_id, delivery_id)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(apply, [row.id for row in deliveries(admin)]))
    assert {(row.state, row.attempts) for row in deliveries(admin)} == {("applied", 1)}
    assert len(readings(admin)) == 16 * len(serials)
