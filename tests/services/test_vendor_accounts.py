"""Accounts at vendors that are fetched from: each by its own tokens, renewed by one at a time, gone when revoked."""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.cli.lab_vendor import VendorApi, vendor_api
from app.domain.roles import Role
from app.extensions import db
from app.gateways.lab.samples import Numbers, Sample, numbers, samples
from app.gateways.lab.shapes import SIMULATORS
from app.integrations.vendor_calls import Tokens, VendorRefused
from app.integrations.withings_client import WithingsClient
from app.models import GatewayAccount
from app.services.gateways.accounts import Key, renewed
from app.services.gateways.registration import GatewayLine
from app.services.transaction import transaction
from tests.builders import Person, a_device, a_patient, a_user, acting_as, in_house, inside, signed_in
from tests.inbox import a_gateway, an_account, deliver, deliveries, items, readings
from tests.jobs import work

_START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
_VENDORS = ("withings", "ihealth")
_REGISTRATION = {"client_id": "lab", "client_secret": "s"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def vendor() -> Iterator[VendorApi]:
    """The API of both vendors: a token opens its own account only."""
    with vendor_api() as api:
        yield api


@pytest.fixture
def admin() -> Person:
    """An administrator of a new practice."""
    return a_user(role=Role.ADMIN)


@inside
def _accounts(person: Person) -> dict[str, GatewayAccount]:
    acting_as(person.actor)
    with transaction() as session:
        rows = list(session.query(GatewayAccount))
        for row in rows:
            _ = (row.access, row.refresh)
        session.expunge_all()
        return {row.subject: row for row in rows}


def _holder(admin: Person, name: str) -> tuple[Numbers, Any]:
    device, patient = numbers(random.Random(name)), a_patient(admin.actor)
    a_device(admin.actor, patient.id, _START - timedelta(days=1), vendor_device_id=device.vendor_device_id)
    return device, patient


def _notify(client: FlaskClient, gateway: GatewayLine, sample: Sample, device: Numbers) -> None:
    simulator = SIMULATORS[gateway.integration.vendor]
    answer = deliver(client, gateway, simulator.body(sample, device), **{"Content-Type": simulator.content_type})
    assert answer.status_code == 200


@pytest.mark.parametrize("name", _VENDORS)
def test_each_account_is_fetched_by_its_own_token(
    client: FlaskClient, admin: Person, vendor: VendorApi, name: str
) -> None:
    """Two people of one integration are notified at once: each gets the own readings, and both were let in."""
    gateway = a_gateway(admin, name, "secret_path", options={"api_base_url": vendor.url, **_REGISTRATION})
    pairs = [_holder(admin, f"{name}{number}") for number in range(2)]
    told = samples(random.Random(3), _START, 2)
    for (device, _), sample in zip(pairs, told, strict=True):
        an_account(admin, gateway, device.user)
        vendor.hold(name, sample, device)
    for (device, _), sample in zip(pairs, told, strict=True):
        _notify(client, gateway, sample, device)
    work()
    for (device, patient), sample in zip(pairs, told, strict=True):
        assert [one.measured_at for one in readings(admin, patient.id)] == [sample.measured_at]
        assert _accounts(admin)[device.user].access == device.user


@pytest.mark.parametrize("name", _VENDORS)
def test_nothing_is_fetched_for_an_account_that_is_not_linked_until_it_is(
    client: FlaskClient, admin: Person, vendor: VendorApi, name: str
) -> None:
    """Another one's token is no help; a replay after linking fetches."""
    gateway = a_gateway(admin, name, "secret_path", options={"api_base_url": vendor.url, **_REGISTRATION})
    (device, patient), (other, _) = _holder(admin, f"{name}a"), _holder(admin, f"{name}b")
    an_account(admin, gateway, other.user)
    (sample,) = samples(random.Random(4), _START, 1)
    vendor.hold(name, sample, device)
    _notify(client, gateway, sample, device)
    work()
    assert [(one.state, one.problem) for one in items(admin)] == [("quarantined", "not_linked")]
    assert readings(admin) == []
    an_account(admin, gateway, device.user)
    path = f"/api/v1/webhooks/inbox/{deliveries(admin)[0].id}/replay/"
    assert client.post(path, headers=signed_in(client, admin)).status_code == 200
    work()
    assert [one.measured_at for one in readings(admin, patient.id)] == [sample.measured_at]


def test_tokens_of_another_account_are_not_taken(client: FlaskClient, admin: Person, vendor: VendorApi) -> None:
    """Somebody pasted the wrong one: the vendor says whose it is, and nothing is fetched with it."""
    gateway = a_gateway(admin, "withings", "secret_path", options={"api_base_url": vendor.url, **_REGISTRATION})
    (device, _), (other, _) = _holder(admin, "a"), _holder(admin, "b")
    an_account(admin, gateway, device.user, other.user)
    (sample,) = samples(random.Random(5), _START, 1)
    vendor.hold("withings", sample, other)
    _notify(client, gateway, sample, device)
    work()
    assert readings(admin) == []
    assert [(one.state, one.problem) for one in items(admin)] == [("quarantined", "vendor_refused")]
    account = _accounts(admin)[device.user]
    assert (account.state, account.access) == ("refused", None)


@pytest.mark.parametrize("action", ["unlink", "delete"])
def test_what_the_owner_ends_at_the_vendor_is_revoked(client: FlaskClient, admin: Person, action: str) -> None:
    """Tokens are gone from the row; the other account stays, and so does one that is linked again afterwards."""
    gateway = a_gateway(admin, "withings", "secret_path", options=_REGISTRATION)
    for subject in ("363", "364"):
        an_account(admin, gateway, subject)
    deliver(client, gateway, f"userid=363&appli=46&action={action}".encode(), **_FORM)
    work()
    ended, other = _accounts(admin)["363"], _accounts(admin)["364"]
    assert (ended.state, ended.access, ended.refresh, ended.revoked_at is not None) == ("revoked", None, None, True)
    assert (other.state, other.refresh) == ("linked", "364")
    deliver(client, gateway, b"userid=363&appli=1&startdate=1790000000&enddate=1790000060", **_FORM)
    work()
    assert {one.problem for one in items(admin)} == {None, "not_linked"}
    an_account(admin, gateway, "363", "again")
    path = f"/api/v1/webhooks/inbox/{deliveries(admin)[0].id}/replay/"
    assert client.post(path, headers=signed_in(client, admin)).status_code == 200
    assert (_accounts(admin)["363"].state, _accounts(admin)["363"].refresh) == ("linked", "again")


def test_an_end_that_is_read_after_the_account_was_linked_again_ends_nothing(
    client: FlaskClient, admin: Person
) -> None:
    """It came before, and waited for a worker."""
    gateway = a_gateway(admin, "withings", "secret_path", options=_REGISTRATION)
    an_account(admin, gateway, "363")
    deliver(client, gateway, b"userid=363&appli=46&action=unlink", **_FORM)
    an_account(admin, gateway, "363", "again")
    work()
    assert (_accounts(admin)["363"].state, [one.state for one in items(admin)]) == ("linked", ["ignored"])


def test_a_device_that_is_unlinked_ends_no_account(client: FlaskClient, admin: Person) -> None:
    """The account may have others."""
    gateway = a_gateway(admin, "withings", "secret_path", options=_REGISTRATION)
    an_account(admin, gateway, "363")
    deliver(client, gateway, b"userid=363&deviceid=d1&appli=46&action=unlink", **_FORM)
    work()
    assert _accounts(admin)["363"].state == "linked"


def test_a_token_is_exchanged_by_one_at_a_time_and_by_account(admin: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight at once: one exchange, one answer for all. Another account's waits for none of them."""
    gateway = a_gateway(admin, "withings", "secret_path", options=_REGISTRATION)
    slow, quick = (an_account(admin, gateway, subject, f"r-{subject}") for subject in ("1", "2"))
    spent, lock, began = [], threading.Lock(), threading.Event()

    def exchange(token: str) -> Tokens:
        with lock:
            if token in spent:
                raise VendorRefused
            spent.append(token)
        began.set()
        time.sleep(1.0 if token == "r-1" else 0)
        return Tokens(f"a{token}", f"n{token}", 60)

    def renew(account: GatewayAccount) -> tuple[str | None, float]:
        with in_house():
            acting_as(admin.actor)
            return renewed(Key(account.id, account.subject, None), exchange).access, time.monotonic()

    with ThreadPoolExecutor(9) as pool:
        waiting = [pool.submit(renew, slow) for _ in range(8)]
        began.wait(5)
        other, at = pool.submit(renew, quick).result()
        got = [one.result() for one in waiting]
    assert {access for access, _ in got} == {"ar-1"}
    assert (other, sorted(spent)) == ("ar-2", ["r-1", "r-2"])
    assert at < min(done for _, done in got)


def test_what_was_exchanged_is_kept_though_the_fetch_fails(
    client: FlaskClient, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old token is spent: to lose the new one would lock us out."""
    gateway = a_gateway(admin, "withings", "secret_path", options=_REGISTRATION)
    an_account(admin, gateway, "363", "r0")

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(WithingsClient, "measures", fail)
    monkeypatch.setattr(WithingsClient, "refresh", lambda *_: Tokens("a1", "r1", 60, "363"))
    deliver(client, gateway, b"userid=363&appli=1&startdate=1790000000&enddate=1790000060", **_FORM)
    work()
    account = _accounts(admin)["363"]
    assert (account.state, account.access, account.refresh) == ("linked", "a1", "r1")


def test_accounts_are_linked_listed_and_revoked_by_administrators(client: FlaskClient, admin: Person) -> None:
    """No token is ever shown, none lies in the clear, and the trail tells who did it; others see nothing."""
    gateway = a_gateway(admin, "ihealth", "secret_path", options=_REGISTRATION)
    path, headers = f"/api/v1/integrations/gateways/{gateway.integration.id}/accounts/", signed_in(client, admin)
    made = client.post(path, json={"subject": "ab12", "refresh_token": "very-secret-token"}, headers=headers)
    listed = client.get(path, headers=headers)
    assert (made.status_code, made.json["state"], listed.json["count"]) == (201, "linked", 1)
    assert "very-secret-token" not in made.text + listed.text
    again = client.post(path, json={"subject": "ab12", "refresh_token": "another-token"}, headers=headers)
    assert again.json["id"] == made.json["id"]
    revoked = client.post(f"{path}{made.json['id']}/revoke/", headers=headers)
    assert (revoked.status_code, revoked.json["state"]) == (200, "revoked")
    other = f"/api/v1/integrations/gateways/{a_gateway(admin, 'ihealth', 'secret_path').integration.id}/accounts/"
    for wrong in (f"{path}{uuid4()}", f"{other}{made.json['id']}"):
        assert client.post(f"{wrong}/revoke/", headers=headers).status_code == 404
    with in_house():
        acting_as(admin.actor)
        lines = [str(row) for row in db.session.execute(text("SELECT action FROM audit_events"))]
    assert any("gateway_account:link" in line for line in lines)
    assert any("gateway_account:revoke" in line for line in lines)
    nurse = a_user(admin.actor.practice_id, Role.NURSE)
    assert client.get(path, headers=signed_in(client, nurse)).status_code == 403
    stranger = a_user(role=Role.ADMIN)
    for method, url in (("get", path), ("post", path), ("post", f"{path}{made.json['id']}/revoke/")):
        body = {"json": {"subject": "x", "refresh_token": "y"}} if url == path and method == "post" else {}
        assert getattr(client, method)(url, headers=signed_in(client, stranger), **body).status_code == 404


def test_a_vendor_that_sends_by_itself_has_no_accounts(client: FlaskClient, admin: Person) -> None:
    """There is nothing to fetch."""
    gateway = a_gateway(admin)
    path = f"/api/v1/integrations/gateways/{gateway.integration.id}/accounts/"
    answer = client.post(path, json={"subject": "1", "refresh_token": "r"}, headers=signed_in(client, admin))
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, ["subject"])
