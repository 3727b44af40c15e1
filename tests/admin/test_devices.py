"""The pages of the devices: what they show, to whom, and what their forms do."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.admin.visits import enter, token
from tests.builders import Person, a_device, a_patient, a_user

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
PRACTICE_ZONE = ZoneInfo("America/New_York")


@pytest.fixture
def doctor() -> Person:
    """Somebody who may do all this."""
    return a_user()


def _send(client: FlaskClient, path: str, **fields: Any) -> Any:
    return client.post(path, data={"csrf_token": token(client, "/admin/devices/new"), **fields})


def test_the_inventory_lists_devices_with_their_holders(client: FlaskClient, doctor: Person) -> None:
    """And filters as the API does."""
    held = a_device(doctor.actor, a_patient(doctor.actor, last_name="Holder").id)
    shelf = a_device(doctor.actor)
    page = enter(client, doctor).get("/admin/devices").text
    assert all(text in page for text in (str(held.serial), str(shelf.serial), "Holder, Ann", "In stock", "Active"))
    filtered = client.get("/admin/devices?search=&status=&assigned=false&silent_days=").text
    assert (str(shelf.serial) in filtered, str(held.serial) in filtered) == (True, False)


def test_a_registered_device_is_shown_at_once(client: FlaskClient, doctor: Person) -> None:
    """The form leads to its page."""
    enter(client, doctor)
    answer = _send(client, "/admin/devices/new", model="nonin-3230", serial=" OX 1 ", imei="")
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "Nonin 3230" in page and "OX 1" in page and "21 CFR 870.2700" in page  # noqa: PT018 - one thought


def test_a_refused_form_says_what_is_wrong_beside_the_field_and_keeps_what_was_typed(
    client: FlaskClient, doctor: Person
) -> None:
    """400, from the API's own schema."""
    enter(client, doctor)
    answer = _send(client, "/admin/devices/new", model="nonin-3230", serial="OX-1", imei="123")
    assert answer.status_code == 400
    assert 'aria-invalid="true" aria-describedby="register-imei-error"' in answer.text
    assert 'value="OX-1"' in answer.text


def test_a_device_is_assigned_to_the_patient_that_was_chosen(client: FlaskClient, doctor: Person) -> None:
    """From a time on the practice's clock."""
    device, patient = a_device(doctor.actor), a_patient(doctor.actor, last_name="Chosen")
    enter(client, doctor)
    assert "Chosen, Ann" in client.get(f"/admin/devices/{device.id}/assign?search=chos").text
    start = (NOW - DAY).astimezone(PRACTICE_ZONE).replace(second=0, microsecond=0)
    fields = {"patient_id": str(patient.id), "from": start.strftime("%Y-%m-%dT%H:%M")}
    answer = _send(client, f"/admin/devices/{device.id}/assign", **fields)
    page = client.get(answer.location).text
    assert "Ann Chosen" in page
    assert start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") in page


def test_a_patient_gets_the_device_whose_number_is_scanned(client: FlaskClient, doctor: Person) -> None:
    """And their page shows it."""
    device, patient = a_device(doctor.actor), a_patient(doctor.actor)
    enter(client, doctor)
    answer = _send(client, f"/admin/patients/{patient.id}/devices/new", identifier=str(device.serial).lower())
    assert answer.location == f"/admin/patients/{patient.id}/devices"
    page = client.get(answer.location).text
    assert str(device.serial) in page and "Held now" in page  # noqa: PT018 - one thought


@pytest.mark.parametrize(
    ("identifier", "status", "says"), [("unknown", 400, "No device of the practice has this number."),
                                       ("a\x00", 400, "cannot be stored"), ("", 400, "Please fill this in."),
                                       ("held", 409, "assigned to a patient in this time already")]
)  # fmt: skip
def test_a_number_that_cannot_be_assigned_is_refused_in_the_form(
    client: FlaskClient, doctor: Person, identifier: str, status: int, says: str
) -> None:
    """Unknown, or with somebody else."""
    held = a_device(doctor.actor, a_patient(doctor.actor).id)
    enter(client, doctor)
    typed = held.serial if identifier == "held" else identifier
    answer = _send(client, f"/admin/patients/{a_patient(doctor.actor).id}/devices/new", identifier=typed)
    assert (answer.status_code, says in answer.text) == (status, True)


def test_a_swap_leads_to_the_new_device(client: FlaskClient, doctor: Person) -> None:
    """The old one's history says why."""
    old, new = a_device(doctor.actor, a_patient(doctor.actor).id, NOW - DAY), a_device(doctor.actor)
    enter(client, doctor)
    fields = {"identifier": new.serial, "reason": "cuff torn", "status": "lost"}
    answer = _send(client, f"/admin/devices/{old.id}/swap", **fields)
    assert answer.location == f"/admin/devices/{new.id}"
    page = client.get(f"/admin/devices/{old.id}").text
    assert "“cuff torn”" in page and "Taken back from" in page  # noqa: PT018 - one thought


def test_taking_back_without_a_reason_is_refused_beside_the_field(client: FlaskClient, doctor: Person) -> None:
    """With the form open; with a reason it works."""
    device = a_device(doctor.actor, a_patient(doctor.actor).id, NOW - DAY)
    enter(client, doctor)
    refused = _send(client, f"/admin/devices/{device.id}/unassign", reason=" ", status="returned")
    assert (refused.status_code, 'id="unassign-reason-error"' in refused.text) == (400, True)
    assert _send(client, f"/admin/devices/{device.id}/unassign", reason="done").status_code == 303
    assert "Nobody holds this device" in client.get(f"/admin/devices/{device.id}").text


def test_a_page_offers_the_moves_that_are_allowed(client: FlaskClient, doctor: Person) -> None:
    """And makes them."""
    device = a_device(doctor.actor)
    enter(client, doctor)
    page = client.get(f"/admin/devices/{device.id}").text
    assert '<option value="shipped">' in page and '<option value="delivered">' not in page  # noqa: PT018
    assert _send(client, f"/admin/devices/{device.id}/status", status="delivered").status_code == 409
    assert _send(client, f"/admin/devices/{device.id}/status", status="shipped").status_code == 303


def test_details_are_corrected_and_cleared(client: FlaskClient, doctor: Person) -> None:
    """What is left blank is taken away, but something must identify the device."""
    device = a_device(doctor.actor, vendor="Tenov")
    enter(client, doctor)
    page = f"/admin/devices/{device.id}"
    assert _send(client, f"{page}/details", serial="S-77", imei="490154203237518", vendor="").status_code == 303
    shown = client.get(page).text
    assert "S-77" in shown and "Tenov" not in shown  # noqa: PT018 - one thought
    assert _send(client, f"{page}/details", serial="", imei="").status_code == 400


def test_who_may_only_look_is_offered_nothing(client: FlaskClient, doctor: Person) -> None:
    """A data monitor sees the pages without their forms."""
    device = a_device(doctor.actor, a_patient(doctor.actor).id)
    enter(client, a_user(doctor.actor.practice_id, Role.DATA_MONITOR))
    pages = [client.get(path).text for path in ("/admin/devices", f"/admin/devices/{device.id}")]
    assert not any("Swap" in page or "Register a device" in page for page in pages)
    assert client.get("/admin/devices/new").status_code == 403


def test_billing_sees_no_device(client: FlaskClient, doctor: Person) -> None:
    """Neither the inventory nor the part of a patient's page."""
    patient = a_patient(doctor.actor)
    device = a_device(doctor.actor, patient.id)
    enter(client, a_user(doctor.actor.practice_id, Role.BILLING_MANAGER))
    assert client.get("/admin/devices").status_code == 403
    assert client.get(f"/admin/patients/{patient.id}/devices").status_code == 403
    assert str(device.serial) not in client.get(f"/admin/patients/{patient.id}").text


def test_s25_another_practices_device_is_not_there(client: FlaskClient, doctor: Person) -> None:
    """Neither its page nor its forms."""
    theirs = a_device(a_user().actor, None)
    enter(client, doctor)
    assert client.get(f"/admin/devices/{theirs.id}").status_code == 404
    assert _send(client, f"/admin/devices/{theirs.id}/unassign", reason="x").status_code == 404
