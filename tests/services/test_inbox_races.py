"""The same message many times at once (S71): one reading, and every sender is told that it is stored."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

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
