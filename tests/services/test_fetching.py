"""Fetching what Withings and iHealth only give notice of: from a vendor's API on loopback, through job and inbox."""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.cli.lab_vendor import VendorApi, vendor_api
from app.domain.roles import Role
from app.extensions import db
from app.gateways.lab.samples import Numbers, numbers, samples
from app.gateways.lab.shapes import SIMULATORS
from app.integrations.vendor_calls import Tokens, VendorRefused
from app.integrations.withings_client import WithingsClient
from app.services.gateways.applying import apply_delivery
from app.services.gateways.fetching import fetch_from_vendor
from app.services.gateways.registration import GatewayLine
from tests.builders import Person, a_device, a_patient, a_user, in_house
from tests.inbox import a_gateway, deliver, deliveries, items, readings
from tests.jobs import work

_START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
_TOKENS = {"client_id": "lab", "client_secret": "s", "access_token": "a", "refresh_token": "r"}
_VENDORS = ("withings", "ihealth")


@pytest.fixture
def vendor() -> Iterator[VendorApi]:
    """The API of both vendors."""
    with vendor_api() as api:
        yield api


@pytest.fixture
def admin() -> Person:
    """An administrator of a new practice."""
    return a_user(role=Role.ADMIN)


def _set_up(admin: Person, name: str, url: str) -> tuple[GatewayLine, Numbers]:
    device = numbers(random.Random(name))
    since = _START - timedelta(days=1)
    a_device(admin.actor, a_patient(admin.actor).id, since, vendor_device_id=device.vendor_device_id)
    options = {"api_base_url": url, **_TOKENS}
    return a_gateway(admin, name, "secret_path", options=options), device


@pytest.mark.parametrize("name", _VENDORS)
def test_what_a_notice_orders_is_fetched_and_stored_once(
    client: FlaskClient, admin: Person, vendor: VendorApi, name: str
) -> None:
    """The same notice twice: fetched again perhaps, stored once; the page is kept as it came and names its notice."""
    gateway, device = _set_up(admin, name, vendor.url)
    pressure, weight = samples(random.Random(1), _START, 2)
    for sample in (pressure, weight, pressure):
        vendor.hold(name, sample, device)
        body = SIMULATORS[name].body(sample, device)
        assert deliver(client, gateway, body, **{"Content-Type": SIMULATORS[name].content_type}).status_code == 200
        work()
    assert [(one.observation_type, one.status) for one in readings(admin)] == [
        ("blood_pressure", "final"), ("weight", "final"),
    ]  # fmt: skip
    pages = [one for one in deliveries(admin) if one.kind == "fetched"]
    assert pages
    assert all(page.parent_id for page in pages)
    assert not [one for one in items(admin) if one.state == "waiting"]


@pytest.mark.parametrize("name", _VENDORS)
def test_a_vendor_that_does_not_answer_leaves_the_order_waiting(client: FlaskClient, admin: Person, name: str) -> None:
    """Nothing is stored, and the job tries again later, under a lock that holds up no other fetch."""
    gateway, device = _set_up(admin, name, "http://127.0.0.1:9")
    sample = samples(random.Random(1), _START, 1)[0]
    body = SIMULATORS[name].body(sample, device)
    deliver(client, gateway, body, **{"Content-Type": SIMULATORS[name].content_type})
    work()
    assert [one.state for one in items(admin)] == ["waiting"]
    assert readings(admin) == []
    with in_house():
        sql = (
            "SELECT lock, queue_name FROM procrastinate_jobs WHERE task_name = 'fetch_from_vendor' AND status = 'todo'"
            " ORDER BY id DESC LIMIT 1"
        )
        lock, queue = db.session.execute(text(sql)).one()
    assert (lock.startswith("fetch|again|"), queue) == (True, "inbox")


@pytest.mark.parametrize("name", _VENDORS)
def test_a_burst_of_notices_is_fetched_by_the_first_job_one_question_asked_once(
    client: FlaskClient, admin: Person, vendor: VendorApi, name: str
) -> None:
    """Ten readings, each notified twice: what the first job of the integration does leaves nothing to the others."""
    gateway, device = _set_up(admin, name, vendor.url)
    told = samples(random.Random(2), _START, 10)
    for sample in [*told, *told]:
        vendor.hold(name, sample, device)
        deliver(client, gateway, SIMULATORS[name].body(sample, device), **{
            "Content-Type": SIMULATORS[name].content_type,
        })  # fmt: skip
    with in_house():
        for row in deliveries(admin):
            apply_delivery(admin.actor.practice_id, row.id)
    orders = [one for one in items(admin) if one.state == "waiting"]
    with in_house():
        fetch_from_vendor(admin.actor.practice_id, orders[0].id)
    assert not [one for one in items(admin) if one.state == "waiting"]
    questions = 2 if name == "ihealth" else len(told)
    assert len([one for one in deliveries(admin) if one.kind == "fetched"]) == questions
    work()
    assert len(readings(admin)) == len(told)


class _Signing:
    """A vendor whose access tokens and refresh tokens each work until they are exchanged; only the newest does."""

    def __init__(self) -> None:
        self.newest, self.refreshed, self.refused, self._lock = 0, 0, 0, threading.Lock()

    def ask(self, token: str, *_: object) -> tuple[bytes, ...]:
        """Return an empty page to whoever has the newest token."""
        time.sleep(0.05)
        if token != f"a{self.newest}":
            raise VendorRefused
        return (b'{"status": 0, "body": {"measuregrps": []}}',)

    def refresh(self, token: str, *_: object) -> Tokens:
        """Exchange the newest refresh token, once."""
        with self._lock:
            if token != f"r{self.newest}":
                self.refused += 1
                raise VendorRefused
            self.newest, self.refreshed = self.newest + 1, self.refreshed + 1
            new = self.newest
        time.sleep(0.2)
        return Tokens(f"a{new}", f"r{new}", 10800)


def test_fetches_at_once_lose_no_token(client: FlaskClient, admin: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six retries meet a token that was spent: one asks for a new one, the others take what it got."""
    vendor = _Signing()
    vendor.newest = 1
    monkeypatch.setattr(WithingsClient, "measures", vendor.ask)
    monkeypatch.setattr(WithingsClient, "refresh", vendor.refresh)
    options = {**_TOKENS, "access_token": "a0", "refresh_token": "r1"}
    gateway = a_gateway(admin, "withings", "secret_path", options=options)
    for number in range(6):
        form = f"userid={number}&appli=1&startdate=1790000000&enddate=1790000060".encode()
        deliver(client, gateway, form, **{"Content-Type": "application/x-www-form-urlencoded"})
    with in_house():
        for row in deliveries(admin):
            apply_delivery(admin.actor.practice_id, row.id)

    def fetch(item_id: UUID) -> None:
        with in_house():
            fetch_from_vendor(admin.actor.practice_id, item_id)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(fetch, [one.id for one in items(admin)]))
    assert (vendor.refreshed, vendor.refused) == (1, 0)
    assert {one.state for one in items(admin)} == {"applied"}
