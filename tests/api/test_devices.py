"""The inventory of devices, over HTTP."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from app.services.devices.contacts import note_contact
from app.services.transaction import transaction
from tests.builders import Person, a_device, a_patient, a_practice, a_user, in_house, signed_in

DEVICES = "/api/v1/devices/"
NEW = {"model": "and-ua-651ble", "serial": "5180200123"}
IMEI = "490154203237518"
FIELDS = {
    "id", "model", "manufacturer", "name", "kind", "auto_upload", "fda_device", "serial", "imei", "vendor",
    "vendor_device_id", "gateway_id", "status", "patient_id", "assigned_at", "battery_percent", "signal_percent",
    "last_seen_at", "created_at", "updated_at",
}  # fmt: skip


def heard_of(person: Person, device_id: UUID, days_ago: int, battery: int | None = None) -> None:
    """Let a device have sent something."""
    with in_house(person.actor), transaction() as session:
        seen_at = datetime.now(UTC) - timedelta(days=days_ago)
        note_contact(session, person.actor.practice_id, device_id, seen_at, battery)


def test_the_catalogue_says_what_each_model_measures(client: FlaskClient) -> None:
    """And what billing needs."""
    page = client.get(f"{DEVICES}catalog/", headers=signed_in(client, a_user())).json
    assert (page["count"], page["next"]) == (6, None)
    assert page["results"][5] == {
        "id": "nonin-3230", "manufacturer": "Nonin", "name": "3230", "kind": "pulse_oximeter",
        "measurements": ["spo2", "pulse"], "auto_upload": True, "fda_device": True, "regulation": "21 CFR 870.2700",
    }  # fmt: skip


def test_a_registered_device_stands_in_stock(client: FlaskClient) -> None:
    """With what the catalogue says of it."""
    answer = client.post(DEVICES, json={**NEW, "imei": IMEI}, headers=signed_in(client, a_user()))
    assert (answer.status_code, answer.json.keys(), answer.headers["ETag"]) == (201, FIELDS, '"1"')
    assert answer.json | NEW | {"imei": IMEI, "status": "in_stock", "patient_id": None} == answer.json
    assert (answer.json["manufacturer"], answer.json["fda_device"]) == ("A&D", True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", "and-ua-1"), ("model", None), ("serial", ""), ("serial", 5), ("serial", "a\x00"),
        ("serial", "s" * 65), ("serial", None), ("imei", "490154203237517"), ("imei", "4901"), ("status", "broken"),
        ("status", "active"), ("patient_id", "01a20af7-0000-7000-8000-000000000000"), ("battery_percent", 5),
    ],
)  # fmt: skip
def test_s35_a_bad_device_is_refused_by_the_name_of_its_field(client: FlaskClient, field: str, value: object) -> None:
    """400, and nothing stored."""
    headers = signed_in(client, a_user())
    answer = client.post(DEVICES, json={**NEW, field: value}, headers=headers)
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [field])
    assert client.get(DEVICES, headers=headers).json["count"] == 0


def test_an_identifier_names_one_device_of_a_practice(client: FlaskClient) -> None:
    """However it is written and whichever kind it is; another practice may have the same."""
    here, there = signed_in(client, a_user()), signed_in(client, a_user())
    client.post(DEVICES, json={**NEW, "serial": "AB 1"}, headers=here)
    bodies = ({"serial": "ab1"}, {"serial": "x", "vendor_device_id": "AB1"}, {"serial": "ab2"})
    statuses = [client.post(DEVICES, json={**NEW, **body}, headers=here).status_code for body in bodies]
    assert statuses == [409, 409, 201]
    assert client.post(DEVICES, json={**NEW, "serial": "AB 1"}, headers=there).status_code == 201


def test_a_change_needs_the_current_version(client: FlaskClient) -> None:
    """412 for a stale one."""
    doctor = a_user()
    url, headers = f"{DEVICES}{a_device(doctor.actor).id}/", signed_in(client, doctor)
    tag = client.get(url, headers=headers).headers["ETag"]
    changed, stale = (
        client.patch(url, json={"gateway_id": hub}, headers={**headers, "If-Match": tag}) for hub in ("H1", "H2")
    )
    assert (changed.status_code, changed.json["gateway_id"], stale.status_code) == (200, "H1", 412)


def test_a_sign_of_life_renews_what_is_kept_but_stops_no_change(client: FlaskClient) -> None:
    """The tag tells both apart."""
    doctor = a_user()
    device = a_device(doctor.actor)
    url, headers = f"{DEVICES}{device.id}/", signed_in(client, doctor)
    tag = client.get(url, headers=headers).headers["ETag"]
    heard_of(doctor, device.id, days_ago=0, battery=80)
    fresh = client.get(url, headers={**headers, "If-None-Match": tag})
    assert (fresh.status_code, fresh.json["battery_percent"]) == (200, 80)
    assert client.patch(url, json={"vendor": "Tenovi"}, headers={**headers, "If-Match": tag}).status_code == 200


def test_an_allowed_move_goes_into_the_history_with_who_and_why(client: FlaskClient) -> None:
    """Newest first."""
    doctor = a_user()
    url, headers = f"{DEVICES}{a_device(doctor.actor).id}/", signed_in(client, doctor)
    moved = client.patch(url, json={"status": "shipped", "reason": "to Dayton"}, headers=headers)
    assert (moved.status_code, moved.json["status"]) == (200, "shipped")
    newest, oldest = client.get(f"{url}history/", headers=headers).json["results"]
    assert newest | {"kind": "moved", "from_status": "in_stock", "to_status": "shipped"} == newest
    assert (newest["reason"], newest["user_email"], oldest["kind"]) == ("to Dayton", doctor.email, "registered")


def test_a_move_that_the_life_cycle_does_not_know_is_a_conflict(client: FlaskClient) -> None:
    """With its own code, and nothing else of the request is done."""
    doctor = a_user()
    url, headers = f"{DEVICES}{a_device(doctor.actor).id}/", signed_in(client, doctor)
    answer = client.patch(url, json={"status": "delivered", "vendor": "Tenovi"}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (409, "device_move_not_allowed")
    assert client.get(url, headers=headers).json["vendor"] is None


def test_a_device_keeps_an_identifier(client: FlaskClient) -> None:
    """Serial and IMEI cannot both be taken away, one can."""
    doctor = a_user()
    url, headers = f"{DEVICES}{a_device(doctor.actor, imei=IMEI).id}/", signed_in(client, doctor)
    assert client.patch(url, json={"serial": None}, headers=headers).json["serial"] is None
    answer = client.patch(url, json={"imei": None}, headers=headers)
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, ["serial"])


def test_the_list_filters_by_every_state(client: FlaskClient) -> None:
    """Each filter finds its own."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    long_ago = datetime.now(UTC) - timedelta(days=30)
    quiet, low, shelf = (a_device(doctor.actor, who, long_ago) for who in (patient.id, patient.id, None))
    heard_of(doctor, low.id, days_ago=0, battery=20)
    heard_of(doctor, shelf.id, days_ago=20, battery=21)
    headers = signed_in(client, doctor)

    def found(query: str) -> list[str]:
        page = client.get(f"{DEVICES}?ordering=serial&{query}", headers=headers).json
        assert page["count"] == len(page["results"])
        return [item["serial"] for item in page["results"]]

    assert found("status=in_stock") == found("assigned=false") == [shelf.serial]
    assert found(f"patient_id={patient.id}") == found("assigned=true") == [quiet.serial, low.serial]
    assert (found("low_battery=true"), found("low_battery=false")) == ([low.serial], [quiet.serial, shelf.serial])
    assert (found("silent_days=3"), found("model=nonin-3230")) == ([quiet.serial], [])
    assert found(f"search={shelf.serial[-4:].lower()}") == [shelf.serial]


@pytest.mark.parametrize("ordering", ["serial", "last_seen_at", "battery_percent"])
def test_the_list_is_ordered_both_ways_and_the_unknown_comes_last(client: FlaskClient, ordering: str) -> None:
    """A device that was never heard of has neither battery nor time."""
    doctor = a_user()
    devices = [a_device(doctor.actor, serial=serial) for serial in "ABC"]
    for number, device in enumerate(devices[:2]):
        heard_of(doctor, device.id, days_ago=2 - number, battery=50 + number)
    headers = signed_in(client, doctor)
    up, down = (
        "".join(
            item["serial"]
            for item in client.get(f"{DEVICES}?ordering={sign}{ordering}", headers=headers).json["results"]
        )
        for sign in ("", "-")
    )
    assert (up, down) == ("ABC", "CBA" if ordering == "serial" else "BAC")


@pytest.mark.parametrize(
    "query",
    ["page=0", "ordering=imei", "assigned=maybe", "silent_days=0", "silent_days=x", "low_battery=1", "status=broken",
     "model=x", "patient_id=x", "nonsense=1", "search=%00"],
)  # fmt: skip
def test_s42_a_senseless_query_is_refused(client: FlaskClient, query: str) -> None:
    """By the name of its parameter."""
    answer = client.get(f"{DEVICES}?{query}", headers=signed_in(client, a_user()))
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [query.split("=", maxsplit=1)[0]])


@pytest.mark.parametrize("search", ["%25", "_", "%5C"])
def test_signs_of_the_query_language_are_looked_for_as_they_are(client: FlaskClient, search: str) -> None:
    """A percent sign is no joker."""
    doctor = a_user()
    a_device(doctor.actor)
    assert client.get(f"{DEVICES}?search={search}", headers=signed_in(client, doctor)).json["count"] == 0


def test_a_patient_user_sees_the_devices_they_hold_and_nobody_elses_past(client: FlaskClient) -> None:
    """In the list, by id, in the history."""
    practice = a_practice()
    nurse = a_user(practice, Role.NURSE)
    own, other = (a_patient(nurse.actor) for _ in range(2))
    mine, theirs = (a_device(nurse.actor, who.id) for who in (own, other))
    headers = signed_in(client, a_user(practice, Role.PATIENT, patient_id=own.id))
    assert [item["id"] for item in client.get(DEVICES, headers=headers).json["results"]] == [str(mine.id)]
    history = client.get(f"{DEVICES}{mine.id}/history/", headers=headers).json["results"]
    assert [event["kind"] for event in history] == ["assigned"]
    urls = (f"{DEVICES}{theirs.id}/", f"{DEVICES}{theirs.id}/history/", f"/api/v1/patients/{other.id}/devices/")
    assert [client.get(url, headers=headers).status_code for url in urls] == [404] * 3


@pytest.mark.parametrize(
    ("role", "reading", "writing"),
    [(Role.ADMIN, 200, 201), (Role.MA, 200, 201), (Role.DATA_MONITOR, 200, 403), (Role.BILLING_MANAGER, 403, 403)],
)
def test_who_may_read_and_write_devices(client: FlaskClient, role: Role, reading: int, writing: int) -> None:
    """As the role table says."""
    headers = signed_in(client, a_user(role=role))
    assert client.get(DEVICES, headers=headers).status_code == reading
    assert client.post(DEVICES, json=NEW, headers=headers).status_code == writing
