"""Assigning, taking back and swapping devices, and whose a reading then is, over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.roles import Role
from app.models import Device
from tests.builders import Person, a_body, a_device, a_patient, a_practice, a_user, signed_in

DEVICES = "/api/v1/devices/"
READINGS = "/api/v1/ingestion/blood-pressure/"
RANDOM = "01a20af7-0000-7000-8000-000000000000"
NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


def written(moment: datetime) -> str:
    """Return the moment as the API writes it."""
    return moment.isoformat().replace("+00:00", "Z")


@pytest.fixture
def doctor() -> Person:
    """Somebody who may do all this."""
    return a_user()


@pytest.fixture
def headers(client: FlaskClient, doctor: Person) -> dict[str, str]:
    """Signed in."""
    return signed_in(client, doctor)


def _assign(client: FlaskClient, device: Device, headers: dict[str, str], **body: Any) -> Any:
    return client.post(f"{DEVICES}{device.id}/assign/", json=body, headers=headers)


def test_an_assigned_device_is_active_and_names_its_holder(
    client: FlaskClient, doctor: Person, headers: dict[str, str]
) -> None:
    """From now on, with a new version."""
    device, patient = a_device(doctor.actor), a_patient(doctor.actor)
    answer = _assign(client, device, headers, patient_id=str(patient.id))
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert (answer.json["status"], answer.json["patient_id"]) == ("active", str(patient.id))
    assert abs(datetime.fromisoformat(answer.json["assigned_at"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_device_on_its_way_stays_so_when_it_is_assigned(
    client: FlaskClient, doctor: Person, headers: dict[str, str]
) -> None:
    """Though it has a holder, and so a new version."""
    device = a_device(doctor.actor)
    client.patch(f"{DEVICES}{device.id}/", json={"status": "shipped"}, headers=headers)
    answer = _assign(client, device, headers, patient_id=str(a_patient(doctor.actor).id))
    assert (answer.json["status"], answer.headers["ETag"]) == ("shipped", '"3"')


def test_a_held_device_is_not_assigned_again(client: FlaskClient, doctor: Person, headers: dict[str, str]) -> None:
    """409 with its own code."""
    device = a_device(doctor.actor, a_patient(doctor.actor).id)
    answer = _assign(client, device, headers, patient_id=str(a_patient(doctor.actor).id))
    assert (answer.status_code, answer.json["code"]) == (409, "device_already_assigned")


def test_of_32_parallel_assignments_one_is_made(
    app: Flask, client: FlaskClient, doctor: Person, headers: dict[str, str]
) -> None:
    """To 32 patients: one 200, all others the same refusal, one holder."""
    device = a_device(doctor.actor)
    patients = [str(a_patient(doctor.actor).id) for _ in range(32)]
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda one: _assign(app.test_client(), device, headers, patient_id=one), patients))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 31
    assert {answer.json["code"] for answer in answers if answer.status_code == 409} == {"device_already_assigned"}
    holders = [client.get(f"/api/v1/patients/{one}/devices/", headers=headers).json["count"] for one in patients]
    assert sum(holders) == 1


@pytest.mark.parametrize(
    ("start", "end", "status"),
    [(-10, -8, 200), (-10, -7, 409), (-8, -7, 409), (-4, -3, 409), (-2, None, 409), (-6, -5, 200), (-20, None, 409)],
)
def test_the_past_is_corrected_where_it_overlaps_nothing(
    client: FlaskClient, doctor: Person, headers: dict[str, str], start: int, end: int | None, status: int
) -> None:
    """The device was held from 8 days ago to 6 days ago, and is from 5 days ago on; touching is no overlap."""
    first, second, third = (a_patient(doctor.actor) for _ in range(3))
    device = a_device(doctor.actor, first.id, NOW - 5 * DAY)
    _assign(client, device, headers, patient_id=str(second.id), **_times(-8, -6))
    answer = _assign(client, device, headers, patient_id=str(third.id), **_times(start, end))
    assert answer.status_code == status
    assert client.get(f"{DEVICES}{device.id}/", headers=headers).json["patient_id"] == str(first.id)


def _times(start: int, end: int | None) -> dict[str, str]:
    until = {} if end is None else {"until": written(NOW + end * DAY)}
    return {"from": written(NOW + start * DAY), **until}


@pytest.mark.parametrize(
    ("times", "field"),
    [({"from": NOW + DAY}, "from"), ({"from": NOW - DAY, "until": NOW - DAY}, "until"),
     ({"from": NOW - DAY, "until": NOW + DAY}, "until")],
)  # fmt: skip
def test_an_assignment_lies_in_the_past_and_ends_after_it_starts(
    client: FlaskClient, doctor: Person, headers: dict[str, str], times: dict[str, datetime], field: str
) -> None:
    """400 with the field."""
    moments = {name: written(moment) for name, moment in times.items()}
    answer = _assign(client, a_device(doctor.actor), headers, patient_id=str(a_patient(doctor.actor).id), **moments)
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [field])


def test_s26_another_practices_patient_is_given_nothing(
    client: FlaskClient, doctor: Person, headers: dict[str, str]
) -> None:
    """As a random id is."""
    device, foreign = a_device(doctor.actor), a_patient(a_user().actor).id
    answers = [_assign(client, device, headers, patient_id=str(patient)) for patient in (foreign, RANDOM)]
    assert [answer.json["field_errors"] for answer in answers] == [{"patient_id": ["No such patient."]}] * 2
    assert client.get(f"{DEVICES}{device.id}/", headers=headers).json["patient_id"] is None


def test_a_device_that_is_taken_back_is_free_once_it_is_in_stock_again(
    client: FlaskClient, doctor: Person, headers: dict[str, str]
) -> None:
    """Returned, cleaned, assigned anew."""
    first, second = a_patient(doctor.actor), a_patient(doctor.actor)
    device = a_device(doctor.actor, first.id, NOW - DAY)
    back = client.post(f"{DEVICES}{device.id}/unassign/", json={"reason": "goal reached"}, headers=headers)
    assert (back.json["status"], back.json["patient_id"]) == ("returned", None)
    assert _assign(client, device, headers, patient_id=str(second.id)).json["code"] == "device_move_not_allowed"
    client.patch(f"{DEVICES}{device.id}/", json={"status": "in_stock"}, headers=headers)
    assert _assign(client, device, headers, patient_id=str(second.id)).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "reason"), ({"reason": "x", "status": "in_stock"}, "status"), ({"reason": "x", "at": NOW + DAY}, "at"),
     ({"reason": "x", "at": NOW - 2 * DAY}, "at"), ({"reason": "x", "at": NOW - 3 * DAY}, "at")],
)  # fmt: skip
def test_taking_back_needs_a_reason_and_an_instant_within_the_assignment(
    client: FlaskClient, doctor: Person, headers: dict[str, str], body: dict[str, Any], field: str
) -> None:
    """Held since two days ago: an end must come later than that."""
    device = a_device(doctor.actor, a_patient(doctor.actor).id, NOW - 2 * DAY)
    if "at" in body:
        body = {**body, "at": written(body["at"])}
    answer = client.post(f"{DEVICES}{device.id}/unassign/", json=body, headers=headers)
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [field])


def test_what_nobody_holds_is_not_taken_back_or_swapped(
    client: FlaskClient, doctor: Person, headers: dict[str, str]
) -> None:
    """409 with its own code."""
    device, other = a_device(doctor.actor), a_device(doctor.actor)
    url = f"{DEVICES}{device.id}/"
    back = client.post(f"{url}unassign/", json={"reason": "x"}, headers=headers)
    swap = client.post(f"{url}swap/", json={"reason": "x", "new_device_id": str(other.id)}, headers=headers)
    assert (back.json["code"], swap.json["code"]) == ("device_not_assigned", "device_not_assigned")


def test_a_swap_hands_over_patient_and_instant_in_one_call(
    client: FlaskClient, doctor: Person, headers: dict[str, str]
) -> None:
    """The old one is lost, the new one active; both histories tell."""
    patient = a_patient(doctor.actor)
    old, new = a_device(doctor.actor, patient.id, NOW - 5 * DAY), a_device(doctor.actor)
    body = {"new_device_id": str(new.id), "at": written(NOW - DAY), "reason": "left on a bus", "status": "lost"}
    answer = client.post(f"{DEVICES}{old.id}/swap/", json=body, headers=headers)
    assert (answer.status_code, answer.json["id"], answer.json["patient_id"]) == (200, str(new.id), str(patient.id))
    assert (answer.json["assigned_at"], answer.json["status"]) == (written(NOW - DAY), "active")
    held = client.get(f"/api/v1/patients/{patient.id}/devices/", headers=headers).json["results"]
    assert [(one["device_id"], one["unassigned_at"], one["is_current"]) for one in held] == [
        (str(new.id), None, True), (str(old.id), written(NOW - DAY), False),
    ]  # fmt: skip
    last = client.get(f"{DEVICES}{old.id}/history/", headers=headers).json["results"][0]
    assert (last["to_status"], last["reason"]) == ("lost", "left on a bus")


@pytest.mark.parametrize("which", ["same", "held", "foreign"])
def test_a_swap_that_cannot_be_made_changes_nothing(
    client: FlaskClient, doctor: Person, headers: dict[str, str], which: str
) -> None:
    """Neither half of it."""
    old = a_device(doctor.actor, a_patient(doctor.actor).id, NOW - DAY)
    new = {
        "same": old,
        "held": a_device(doctor.actor, a_patient(doctor.actor).id),
        "foreign": a_device(a_user().actor),
    }[which]
    body = {"new_device_id": str(new.id), "reason": "x"}
    answer = client.post(f"{DEVICES}{old.id}/swap/", json=body, headers=headers)
    assert answer.status_code == {"same": 400, "held": 409, "foreign": 404}[which]
    assert client.get(f"{DEVICES}{old.id}/", headers=headers).json["status"] == "active"


def _post(client: FlaskClient, headers: dict[str, str], patient_id: object, device: Device, at: datetime) -> Any:
    body = a_body(patient_id, device_id=device.serial, measured_at=written(at))
    return client.post(READINGS, json=body, headers=headers)


def test_a_late_memory_reading_of_a_returned_device_goes_to_its_former_holder(
    client: FlaskClient, doctor: Person, headers: dict[str, str]
) -> None:
    """And to nobody else, though somebody else holds it today."""
    former, present = a_patient(doctor.actor), a_patient(doctor.actor)
    device = a_device(doctor.actor, present.id, NOW - 2 * DAY)
    _assign(client, device, headers, patient_id=str(former.id), **_times(-9, -4))
    answers = [
        _post(client, headers, patient.id, device, NOW - days * DAY)
        for patient, days in ((former, 5), (present, 5), (former, 1), (present, 1), (former, 3))
    ]
    assert [answer.status_code for answer in answers] == [201, 409, 409, 201, 409]
    assert answers[1].json == {
        "detail": "The patient did not hold this device when the reading was measured.", "code": "device_not_held",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["serial", "imei", "vendor_device_id", "id", "short imei"])
def test_a_device_is_known_by_each_of_its_numbers(
    client: FlaskClient, doctor: Person, headers: dict[str, str], name: str
) -> None:
    """Whichever a message carries, in any case."""
    device = a_device(doctor.actor, imei="490154203237518", vendor_device_id="HWI-77")
    number = "49015420323751" if name == "short imei" else str(getattr(device, name)).lower()
    body = a_body(a_patient(doctor.actor).id, device_id=number)
    assert client.post(READINGS, json=body, headers=headers).json["code"] == "device_not_held"


def test_an_unknown_device_id_is_a_remark(client: FlaskClient, doctor: Person, headers: dict[str, str]) -> None:
    """Accepted as documented, also when another practice has registered it."""
    foreign = a_device(a_user().actor)
    body = a_body(a_patient(doctor.actor).id, device_id=foreign.serial)
    assert client.post(READINGS, json=body, headers=headers).status_code == 201


def test_a_second_delivery_is_the_first_reading_even_after_the_device_has_moved_on(
    client: FlaskClient, doctor: Person, headers: dict[str, str]
) -> None:
    """A correction of the assignment makes no stored reading unknown."""
    patient = a_patient(doctor.actor)
    device = a_device(doctor.actor, patient.id, NOW - 5 * DAY)
    first = _post(client, headers, patient.id, device, NOW - DAY)
    body = {"reason": "never used", "at": written(NOW - 2 * DAY)}
    client.post(f"{DEVICES}{device.id}/unassign/", json=body, headers=headers)
    second = _post(client, headers, patient.id, device, NOW - DAY)
    assert (first.status_code, second.status_code, second.json["id"]) == (201, 200, first.json["id"])


def test_archiving_a_patient_frees_their_devices(client: FlaskClient, doctor: Person, headers: dict[str, str]) -> None:
    """They are expected back; an archived patient is given none."""
    patient = a_patient(doctor.actor)
    device, spare = a_device(doctor.actor, patient.id, NOW - DAY), a_device(doctor.actor)
    client.post(f"/api/v1/patients/{patient.id}/archive/", json={"reason": "moved away"}, headers=headers)
    freed = client.get(f"{DEVICES}{device.id}/", headers=headers).json
    assert (freed["status"], freed["patient_id"]) == ("returned", None)
    last = client.get(f"{DEVICES}{device.id}/history/", headers=headers).json["results"][0]
    assert (last["kind"], last["reason"]) == ("unassigned", "moved away")
    assert _assign(client, spare, headers, patient_id=str(patient.id)).json["code"] == "patient_archived"


@pytest.mark.parametrize("path", ["assign/", "unassign/", "swap/"])
def test_only_those_who_may_write_devices_change_holders(client: FlaskClient, path: str) -> None:
    """A data monitor looks on, a patient too."""
    practice = a_practice()
    nurse = a_user(practice, Role.NURSE)
    patient = a_patient(nurse.actor)
    device = a_device(nurse.actor, patient.id)
    people = (a_user(practice, Role.DATA_MONITOR), a_user(practice, Role.PATIENT, patient_id=patient.id))
    url = f"{DEVICES}{device.id}/{path}"
    statuses = [client.post(url, json={}, headers=signed_in(client, person)).status_code for person in people]
    assert statuses == [403, 403]
