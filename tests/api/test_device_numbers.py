"""One reading sent by several numbers of its device is one reading."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.builders import a_body, a_device, a_patient, a_user, signed_in

INGESTION = "/api/v1/ingestion/"
IMEI = "490154203237518"
AT = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


class Cuff:
    """A patient's cuff, known by serial number, IMEI and the vendor's number."""

    def __init__(self, client: FlaskClient) -> None:
        self.client, self.doctor = client, a_user()
        self.headers = signed_in(client, self.doctor)
        self.patient_id = a_patient(self.doctor.actor).id
        self.serial = str(self.add("SN-1", IMEI, "HWI-77").serial)

    def add(self, serial: str, imei: str | None = None, vendor_device_id: str | None = None) -> Any:
        """Give the patient a device."""
        since = AT - timedelta(days=1)
        numbers = {"serial": serial, "imei": imei, "vendor_device_id": vendor_device_id}
        return a_device(self.doctor.actor, self.patient_id, since, **numbers)

    def body(self, number: str, **fields: Any) -> dict[str, Any]:
        """Return a reading that names a device."""
        return a_body(self.patient_id, device_id=number, **{"measured_at": AT.isoformat(), **fields})

    def post(self, number: str, **fields: Any) -> Any:
        """Post one."""
        return self.client.post(f"{INGESTION}blood-pressure/", json=self.body(number, **fields), headers=self.headers)

    def batch(self, *numbers: str) -> Any:
        """Post one many times in a batch."""
        readings = [{"observation_type": "blood_pressure", **self.body(number)} for number in numbers]
        return self.client.post(f"{INGESTION}batch/", json={"readings": readings}, headers=self.headers).json


@pytest.fixture
def cuff(client: FlaskClient) -> Cuff:
    """One of its own."""
    return Cuff(client)


@pytest.mark.parametrize("number", [IMEI, IMEI[:-1], "hwi-77", "sn - 1", "SN-1"])
def test_s71_a_reading_is_known_by_every_number_of_its_device(cuff: Cuff, number: str) -> None:
    """200 with the first delivery; the number as it was sent first stays."""
    first, again = cuff.post(cuff.serial), cuff.post(number)
    assert (first.status_code, again.status_code) == (201, 200)
    assert (again.json["id"], again.json["device_id"]) == (first.json["id"], cuff.serial)


def test_other_values_another_time_and_another_device_are_other_readings(cuff: Cuff) -> None:
    """Though the patient is the same."""
    cuff.add("SN-2")
    cuff.post(cuff.serial)
    minute = (AT + timedelta(minutes=1)).isoformat()
    answers = [cuff.post(IMEI, systolic=121), cuff.post(IMEI, measured_at=minute), cuff.post("SN-2"), cuff.post("X-9")]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 201]


def test_numbers_of_a_device_nobody_registered_are_compared_as_they_came(cuff: Cuff) -> None:
    """What they mean is not known."""
    assert [cuff.post(number).status_code for number in ("X-9", "x-9", "X-9")] == [201, 201, 200]


def test_a_batch_knows_them_among_its_items_and_from_before(cuff: Cuff) -> None:
    """As one by one."""
    answer = cuff.batch(cuff.serial, IMEI)
    assert (answer["created"], answer["duplicates"]) == (1, 1)
    assert {one["id"] for one in cuff.batch("hwi-77", IMEI)["results"]} == {answer["results"][0]["id"]}


def test_a_single_reading_is_known_to_a_batch_and_the_other_way_round(cuff: Cuff) -> None:
    """One table of readings."""
    first = cuff.post(IMEI).json["id"]
    assert (cuff.batch(cuff.serial)["results"][0]["id"], cuff.post("HWI-77").json["id"]) == (first, first)


def test_it_is_known_after_the_device_went_to_somebody_else(cuff: Cuff, client: FlaskClient) -> None:
    """A late second delivery is no claim on a device that others hold today."""
    first = cuff.post(cuff.serial)
    device = client.get("/api/v1/devices/?search=SN-1", headers=cuff.headers).json["results"][0]["id"]
    client.post(f"/api/v1/devices/{device}/unassign/", json={}, headers=cuff.headers)
    assert cuff.post(IMEI).json["id"] == first.json["id"]
