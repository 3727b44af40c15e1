"""Webhooks in: every way of proof on the live route, stored before it is answered, applied once."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from app.domain.inbox import KEPT_OF_REJECTED, MAX_REJECTED_AN_HOUR
from app.domain.roles import Role
from app.gateways.lab.signing import dress
from app.gateways.signatures import AuthMode
from tests.builders import Person, a_device, a_patient, a_practice, a_user, signed_in
from tests.inbox import a_gateway, an_event, deliver, deliveries, items, readings
from tests.jobs import work

_MODES = [
    *(("mioconnect", mode, {}) for mode in ("timestamped_hmac", "svix", "hmac_hex", "hmac_base64")),
    ("tenovi", "custom_header", {}),
    ("smart_meter", "shared_secret", {}),
    ("smart_meter", "api_key", {}),
    ("bodytrace", "basic", {"username": "lab"}),
    ("withings", "secret_path", {}),
    ("impilo", "shared_secret", {}),
    ("telli", "api_key", {}),
]


@pytest.fixture
def admin() -> Person:
    """An administrator of a new practice."""
    return a_user(role=Role.ADMIN)


@pytest.mark.parametrize(("vendor", "mode", "fields"), _MODES)
def test_s81_each_way_of_proof_is_taken_and_a_wrong_one_is_not(
    client: FlaskClient, admin: Person, vendor: str, mode: str, fields: dict[str, str]
) -> None:
    """With the route's whole machinery around it."""
    gateway = a_gateway(admin, vendor, mode, **fields)
    good = deliver(client, gateway, b"{}")
    forged = deliver(client, gateway, b"{}", secret="another-secret")
    assert (good.status_code, forged.status_code, forged.json["code"]) == (200, 401, "signature_invalid")
    assert [row.state for row in deliveries(admin)] == ["received", "rejected"]


def test_s81_an_address_list_lets_in_only_its_networks(client: FlaskClient, admin: Person) -> None:
    """Without any secret."""
    home, away = (
        a_gateway(admin, "withings", "ip_allow_list", networks=(network,))
        for network in ("127.0.0.0/8", "192.0.2.0/24")
    )
    answers = [deliver(client, gateway, b"userid=1&appli=1").status_code for gateway in (home, away)]
    assert answers == [200, 401]


@pytest.mark.parametrize(("seconds", "status"), [(-301, 401), (-299, 200), (299, 200), (302, 401)])
def test_s81_the_time_that_is_signed_may_be_five_minutes_away(
    client: FlaskClient, admin: Person, seconds: int, status: int
) -> None:
    """Either way."""
    gateway = a_gateway(admin)
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    assert deliver(client, gateway, an_event("X-1"), at=at).status_code == status


def test_s81_a_changed_byte_is_refused_and_a_replayed_event_changes_nothing(client: FlaskClient, admin: Person) -> None:
    """401, and 200 without effect."""
    patient = a_patient(admin.actor)
    device = a_device(admin.actor, patient.id, datetime.now(UTC) - timedelta(days=2))
    gateway, body = a_gateway(admin), an_event(device.serial or "")
    proof = dress(AuthMode.TIMESTAMPED_HMAC, gateway.integration.header, gateway.secret or "", body, datetime.now(UTC))
    path = f"/api/v1/webhooks/{gateway.integration.id}/"
    assert client.post(path, data=body.replace(b"122", b"123"), headers=proof).status_code == 401
    assert [client.post(path, data=body, headers=proof).status_code for _ in range(2)] == [200, 200]
    work()
    assert len(readings(admin)) == 1
    assert [row.state for row in deliveries(admin)] == ["rejected", "applied", "duplicate"]


def test_a_reading_is_stored_for_the_holder_with_its_flags_and_its_origin(client: FlaskClient, admin: Person) -> None:
    """Automatic, from memory, with an estimated time: billing depends on each."""
    patient = a_patient(admin.actor)
    device = a_device(admin.actor, patient.id, datetime.now(UTC) - timedelta(days=2))
    gateway = a_gateway(admin)
    deliver(client, gateway, an_event(device.serial or "", stored=True, estimated_time=True, zone_offset_minutes=-300))
    work()
    (reading,) = readings(admin, patient.id)
    assert (reading.source, reading.is_stored_memory, reading.is_estimated_time) == ("auto", True, True)
    assert reading.created_by is None
    assert reading.inbox_id == deliveries(admin)[0].id


def test_a_value_that_somebody_typed_in_is_told_from_what_an_instrument_sent(
    client: FlaskClient, admin: Person
) -> None:
    """It makes no day of transmission."""
    patient = a_patient(admin.actor)
    device = a_device(admin.actor, patient.id, datetime.now(UTC) - timedelta(days=2))
    deliver(client, a_gateway(admin), an_event(device.serial or "", manual=True))
    work()
    assert [reading.source for reading in readings(admin, patient.id)] == ["manual"]


def test_rotation_loses_no_message(client: FlaskClient, admin: Person) -> None:
    """Both secrets are good until the old one is retired."""
    gateway, headers = a_gateway(admin), signed_in(client, admin)
    path = f"/api/v1/integrations/gateways/{gateway.integration.id}/"
    fresh = client.post(f"{path}rotate-secret/", headers=headers).json["secret"]
    old = gateway.secret or ""
    assert [deliver(client, gateway, an_event("X"), secret=one).status_code for one in (old, fresh)] == [200, 200]
    assert [row.secret_index for row in deliveries(admin)] == [1, 0]
    assert client.post(f"{path}rotate-secret/", headers=headers).status_code == 409
    assert client.post(f"{path}retire-secret/", headers=headers).json["old_secret_since"] is None
    assert [deliver(client, gateway, an_event("X"), secret=one).status_code for one in (old, fresh)] == [401, 200]


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", ""])
def test_any_body_of_any_type_is_kept_to_the_byte(client: FlaskClient, admin: Person, content_type: str) -> None:
    """Even one that nobody can read; it then waits for somebody."""
    gateway, body = a_gateway(admin), bytes(range(256))
    assert deliver(client, gateway, body, **{"Content-Type": content_type}).status_code == 200
    work()
    (row,) = deliveries(admin)
    assert (row.body, row.state) == (body, "quarantined")


def test_a_body_over_a_megabyte_is_refused_and_not_kept(client: FlaskClient, admin: Person) -> None:
    """Before it is read."""
    assert deliver(client, a_gateway(admin), b"x" * (2**20 + 1)).status_code == 413
    assert deliveries(admin) == []


def test_forged_messages_do_not_fill_the_disk(client: FlaskClient, admin: Person) -> None:
    """Only so many an hour are kept, and of each only the beginning."""
    gateway = a_gateway(admin)
    for _ in range(MAX_REJECTED_AN_HOUR + 3):
        assert deliver(client, gateway, b"y" * 5000, secret="wrong").status_code == 401
    kept = deliveries(admin)
    assert (len(kept), len(kept[0].body), kept[0].size) == (MAX_REJECTED_AN_HOUR, KEPT_OF_REJECTED, 5000)


def test_an_unknown_and_a_disabled_integration_answer_alike(client: FlaskClient, admin: Person) -> None:
    """404; and HEAD tells a vendor that subscribes which are there."""
    gateway, headers = a_gateway(admin), signed_in(client, admin)
    path = f"/api/v1/webhooks/{gateway.integration.id}/"
    assert client.head(path).status_code == 200
    client.patch(f"/api/v1/integrations/gateways/{gateway.integration.id}/", json={"is_active": False}, headers=headers)
    disabled, unknown = deliver(client, gateway, b"{}"), client.post(f"/api/v1/webhooks/{uuid4()}/", data=b"{}")
    assert (disabled.status_code, disabled.json) == (unknown.status_code, unknown.json) == (404, unknown.json)
    assert client.head(path).status_code == 404


def test_s25_a_message_never_leaves_its_practice(client: FlaskClient, admin: Person) -> None:
    """Though another practice has a device of that number."""
    other = a_user(a_practice(), Role.ADMIN)
    device = a_device(other.actor, a_patient(other.actor).id, datetime.now(UTC) - timedelta(days=2))
    deliver(client, a_gateway(admin), an_event(device.serial or ""))
    work()
    assert ([row.state for row in deliveries(admin)], readings(other)) == (["orphan"], [])


def test_secrets_and_values_stand_nowhere_in_the_clear(client: FlaskClient, admin: Person) -> None:
    """Headers are kept without what lets somebody in; bodies are sealed."""
    gateway = a_gateway(admin, "tenovi", "custom_header")
    deliver(client, gateway, b'{"api_key": "sesame"}', Cookie="a=b")
    (row,) = deliveries(admin)
    assert (gateway.secret or "?") not in str(row.headers)
    assert b"sesame" not in row.body_enc
    shown = client.get(f"/api/v1/webhooks/inbox/{row.id}/", headers=signed_in(client, admin)).json
    assert "sesame" not in str(shown)
    assert shown["headers"]["X-Webhook-Key"] == "[redacted]"


def test_news_of_a_device_is_no_reading(client: FlaskClient, admin: Person) -> None:
    """A battery level is kept with the device; a day it is not."""
    device = a_device(admin.actor, a_patient(admin.actor).id)
    body = b'{"event_id":"b1","type":"device.status","data":{"device_id":"%s","battery_percent":17}}'
    deliver(client, a_gateway(admin), body % (device.serial or "").encode())
    work()
    shown = client.get(f"/api/v1/devices/{device.id}/", headers=signed_in(client, admin)).json
    assert (shown["battery_percent"], readings(admin), items(admin)[0].state) == (17, [], "applied")


def test_a_deleted_record_voids_its_reading_in_whichever_order_they_come(client: FlaskClient, admin: Person) -> None:
    """Void, never erased; a reading that comes after its deletion is not taken."""
    device = a_device(admin.actor, a_patient(admin.actor).id, datetime.now(UTC) - timedelta(days=2))
    gateway = a_gateway(admin)
    for body in (
        an_event(device.serial or "", id="rec-1"),
        b'{"event_id":"d1","type":"reading.deleted","data":{"id":"rec-1"}}',
        b'{"event_id":"d2","type":"reading.deleted","data":{"id":"rec-2"}}',
        an_event(device.serial or "", id="rec-2"),
    ):
        deliver(client, gateway, body)
        work()
    assert [one.status for one in readings(admin)] == ["void"]


def test_a_clock_that_runs_ahead_and_an_impossible_value_wait_for_somebody(client: FlaskClient, admin: Person) -> None:
    """Neither is dropped, neither counts."""
    device = a_device(admin.actor, a_patient(admin.actor).id, datetime.now(UTC) - timedelta(days=2))
    gateway = a_gateway(admin)
    deliver(client, gateway, an_event(device.serial or "", at=datetime.now(UTC) + timedelta(minutes=9)))
    deliver(client, gateway, an_event(device.serial or "", systolic=301))
    work()
    assert ([one.problem for one in items(admin)], readings(admin)) == (["future_time", "out_of_range"], [])
