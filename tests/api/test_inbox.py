"""The inbox: listing, replaying, attaching, trying an integration out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.builders import Person, a_device, a_patient, a_practice, a_user, signed_in
from tests.inbox import a_gateway, an_event, deliver, deliveries, items, readings
from tests.jobs import work

_INBOX = "/api/v1/webhooks/inbox/"
_PRESSURE = b'{"deviceId":"35000000000001","ts":1790000000000,"values":{"systolic":122,"diastolic":78}}'


@pytest.fixture
def admin() -> Person:
    """An administrator of a new practice."""
    return a_user(role=Role.ADMIN)


@pytest.fixture
def headers(client: FlaskClient, admin: Person) -> dict[str, str]:
    """Their session."""
    return signed_in(client, admin)


def _snapshot(admin: Person) -> list[Any]:
    stored = [(one.id, one.status, one.natural_key) for one in readings(admin)]
    return [stored, [(one.state, one.observation_id, one.dedup_key) for one in items(admin)]]


def test_replaying_all_history_changes_nothing(client: FlaskClient, admin: Person, headers: dict[str, str]) -> None:
    """Readings, duplicates, orphans, news and what cannot be read: all stays as it is."""
    device = a_device(admin.actor, a_patient(admin.actor).id, datetime.now(UTC) - timedelta(days=2))
    gateway, body = a_gateway(admin), an_event(device.serial or "", id="r-1")
    deleted = b'{"event_id":"d","type":"reading.deleted","data":{"id":"r-1"}}'
    for sent in (
        body,
        an_event("nobody's"),
        an_event(device.serial or ""),
        body,
        deleted,
        b"{",
        an_event("X", systolic="?"),
    ):
        deliver(client, gateway, sent)
        work()
    before = _snapshot(admin)
    started = client.post(f"{_INBOX}replay/", json={}, headers=headers).json
    work()
    done = client.get(f"{_INBOX}replays/{started['id']}/", headers=headers).json
    assert (done["state"], done["total"], done["done"], done["created"], done["corrected"]) == ("done", 7, 7, 0, 0)
    assert _snapshot(admin) == before


def test_a_replay_after_the_mapping_is_fixed_creates_the_missing_reading_once(
    client: FlaskClient, admin: Person, headers: dict[str, str]
) -> None:
    """The dry run says so before, and changes nothing."""
    a_device(admin.actor, a_patient(admin.actor).id, datetime(2026, 9, 1, tzinfo=UTC), imei="350000000000011")
    gateway = a_gateway(admin, "bodytrace", "basic", username="lab")
    deliver(client, gateway, _PRESSURE)
    work()
    (row,) = deliveries(admin)
    path = f"{_INBOX}{row.id}/replay/"
    assert client.post(f"{path}?dry_run=1", headers=headers).json["state"] == "quarantined"
    settings = {"options": {"pressure_unit": "mmHg"}}
    client.patch(f"/api/v1/integrations/gateways/{gateway.integration.id}/", json=settings, headers=headers)
    look = client.post(f"{path}?dry_run=1", headers=headers).json
    assert ([one["change"] for one in look["changes"]], readings(admin)) == (["create"], [])
    assert look["changes"][0]["values"] == {"systolic": 122, "diastolic": 78}
    for expected in ("create", "none"):
        answer = client.post(path, headers=headers).json
        assert [one["change"] for one in answer["changes"]] == [expected]
    assert len(readings(admin)) == 1


def test_a_unit_that_was_set_wrongly_is_corrected_by_a_replay(
    client: FlaskClient, admin: Person, headers: dict[str, str]
) -> None:
    """The wrong reading is void, the right one takes its place; once."""
    device = a_device(
        admin.actor, a_patient(admin.actor).id, datetime(2026, 9, 1, tzinfo=UTC), vendor_device_id="hwi-1"
    )
    assert device.vendor_device_id
    gateway = a_gateway(admin, "tenovi", "custom_header", options={"weight_unit": "kg"})
    body = b'{"metric":"weight","hwi_device_id":"hwi-1","value_1":"81.5","timestamp":"2026-11-20T10:00:00Z"}'
    deliver(client, gateway, body)
    work()
    settings = {"options": {"weight_unit": "lb"}}
    client.patch(f"/api/v1/integrations/gateways/{gateway.integration.id}/", json=settings, headers=headers)
    path = f"{_INBOX}{deliveries(admin)[0].id}/replay/"
    look = client.post(f"{path}?dry_run=true", headers=headers)
    assert look.status_code == 200, look.text
    assert look.json["changes"][0]["change"] == "correct"
    assert [one.status for one in readings(admin)] == ["final"]
    assert client.post(path, headers=headers).json["changes"][0]["change"] == "correct"
    assert max(one.status for one in readings(admin)) == "void"
    assert client.post(path, headers=headers).json["changes"][0]["change"] == "none"
    stood = sorted(one.status for one in readings(admin))
    client.patch(
        f"/api/v1/integrations/gateways/{gateway.integration.id}/",
        json={"options": {"weight_unit": "kg"}}, headers=headers,
    )  # fmt: skip
    back = client.post(path, headers=headers).json
    assert (back["changes"][0]["change"], back["state"]) == ("wait", "quarantined")
    assert sorted(one.status for one in readings(admin)) == stood  # a void one does not come back, the other stays


def test_attaching_an_unknown_device_takes_in_all_that_waited(
    client: FlaskClient, admin: Person, headers: dict[str, str]
) -> None:
    """One step: registered, assigned from the oldest reading on, applied."""
    patient, gateway = a_patient(admin.actor), a_gateway(admin)
    for _ in range(3):
        deliver(client, gateway, an_event("HUB-77"))
    work()
    assert [row.state for row in deliveries(admin)] == ["orphan"] * 3
    path = f"{_INBOX}{deliveries(admin)[1].id}/attach/"
    assert client.post(path, json={"patient_id": str(patient.id)}, headers=headers).status_code == 400
    body = {"patient_id": str(patient.id), "model": "and-ua-651ble"}
    attached = client.post(path, json=body, headers=headers)
    assert attached.status_code == 200, attached.text
    work()
    assert ([row.state for row in deliveries(admin)], len(readings(admin, patient.id))) == (["applied"] * 3, 3)
    assert client.post(path, json=body, headers=headers).status_code == 409


def test_an_archived_holders_reading_waits_with_the_reason(
    client: FlaskClient, admin: Person, headers: dict[str, str]
) -> None:
    """A late one of the time before: the archived patient takes no readings, and it is not lost."""
    patient = a_patient(admin.actor)
    device = a_device(admin.actor, patient.id, datetime.now(UTC) - timedelta(days=2))
    reason = {"reason": "moved away"}
    assert client.post(f"/api/v1/patients/{patient.id}/archive/", json=reason, headers=headers).status_code == 200
    deliver(client, a_gateway(admin), an_event(device.serial or ""))
    work()
    assert [(one.state, one.problem) for one in items(admin)] == [("quarantined", "patient_archived")]


def test_the_list_filters_by_integration_state_time_and_device(
    client: FlaskClient, admin: Person, headers: dict[str, str]
) -> None:
    """And pages."""
    first, second = a_gateway(admin), a_gateway(admin)
    deliver(client, first, an_event("DEV-1"))
    deliver(client, second, an_event("DEV-2"))
    work()
    counts = {
        query: client.get(f"{_INBOX}?{query}", headers=headers).json["count"]
        for query in (
            "", f"integration_id={first.integration.id}", "state=orphan", "state=applied", "device=dev-2",
            "from=2020-01-01T00:00:00Z", "to=2020-01-01T00:00:00Z",
        )
    }  # fmt: skip
    assert list(counts.values()) == [2, 1, 2, 0, 1, 2, 0]
    assert client.get(f"{_INBOX}?state=lost", headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("vendor", "mode"),
    [
        ("mioconnect", "timestamped_hmac"),
        ("tenovi", "custom_header"),
        ("withings", "secret_path"),
        ("bodytrace", "basic"),
    ],
)
def test_a_test_event_goes_through_the_whole_pipe_and_leaves_no_reading(
    client: FlaskClient, admin: Person, headers: dict[str, str], vendor: str, mode: str
) -> None:
    """Signed, judged, stored, read."""
    gateway = a_gateway(admin, vendor, mode, username="lab" if mode == "basic" else "")
    made = client.post(f"/api/v1/integrations/gateways/{gateway.integration.id}/test/", headers=headers)
    work()
    shown = client.get(f"{_INBOX}{made.json['delivery_id']}/", headers=headers).json
    assert (made.status_code, shown["state"], shown["kind"], shown["verdict"]) == (202, "applied", "test", "accepted")
    assert readings(admin) == []


def test_s25_another_practices_inbox_and_integrations_do_not_exist(client: FlaskClient, admin: Person) -> None:
    """404, as for random ids."""
    gateway = a_gateway(admin)
    deliver(client, gateway, an_event("DEV-1"))
    stranger = signed_in(client, a_user(a_practice(), Role.ADMIN))
    row = deliveries(admin)[0]
    paths = [f"{_INBOX}{row.id}/", f"/api/v1/integrations/gateways/{gateway.integration.id}/"]
    assert [client.get(path, headers=stranger).status_code for path in paths] == [404, 404]
    assert client.post(f"{_INBOX}{row.id}/replay/", headers=stranger).status_code == 404
    assert client.get(_INBOX, headers=stranger).json["count"] == 0


def test_settings_that_a_vendor_cannot_have_are_refused(client: FlaskClient, headers: dict[str, str]) -> None:
    """By name."""
    path = "/api/v1/integrations/gateways/"
    body = {"vendor": "tenovi", "name": "T", "auth_mode": "basic", "options": {"weight_unit": "stone", "colour": "red"}}
    wrong = client.post(path, json=body, headers=headers)
    assert set(wrong.json["field_errors"]) == {"auth_mode", "username", "options.weight_unit", "options.colour"}
    shown = client.post(
        path, json={"vendor": "tenovi", "name": "T", "auth_mode": "custom_header"}, headers=headers
    ).json
    again = client.get(f"{path}{shown['id']}/", headers=headers)
    assert "secret" not in again.json
    stale = client.patch(f"{path}{shown['id']}/", json={"name": "U"}, headers={**headers, "If-Match": '"9"'})
    assert stale.status_code == 412
