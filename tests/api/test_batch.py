"""Many readings in one request: what becomes of each, once and only once, and all or none when asked."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.roles import Role
from app.services.patients.records import archive_patient
from deploy.local_postgres import LocalPostgres
from tests.builders import Person, a_body, a_device, a_patient, a_user, in_house, signed_in

URL = "/api/v1/ingestion/batch/"
SINGLE = "/api/v1/ingestion/blood-pressure/"


class House:
    """A clinician with two patients."""

    def __init__(self, client: FlaskClient) -> None:
        self.client, self.doctor = client, a_user()
        self.headers = signed_in(client, self.doctor)
        self.ann, self.bea = (a_patient(self.doctor.actor).id for _ in range(2))

    def post(self, *readings: Any, **more: Any) -> Any:
        """Post a batch."""
        return self.client.post(URL, json={"readings": list(readings), **more}, headers=self.headers)

    def board(self, patient_id: object) -> dict[str, Any]:
        """Return a patient's line."""
        lines = self.client.get("/api/v1/triage/patients/", headers=self.headers).json["results"]
        return next(line for line in lines if line["patient_id"] == str(patient_id))


@pytest.fixture
def house(client: FlaskClient) -> House:
    """A practice of its own."""
    return House(client)


def pressure(patient_id: object, **fields: Any) -> dict[str, Any]:
    """Return an item."""
    return {"observation_type": "blood_pressure", **a_body(patient_id, **fields)}


def weight(patient_id: object, kg: float, minutes_ago: float = 60) -> dict[str, Any]:
    """Return a weight."""
    at = (datetime.now(UTC) - timedelta(minutes=minutes_ago)).isoformat()
    return {"observation_type": "weight", "patient_id": str(patient_id), "weight_kg": kg, "measured_at": at}


def test_the_answer_has_the_documented_shape(house: House) -> None:
    """Every item has its result, in the order they came."""
    first = pressure(house.ann)
    answer = house.post(
        first, weight(house.bea, 80, 61), first, weight(house.bea, 120, 60), {**first, "systolic": 301, "colour": 1}
    )
    assert answer.status_code == 200
    told = dict(answer.json)
    results = told.pop("results")
    assert told == {"created": 2, "duplicates": 1, "quarantined": 1, "errors": 1}
    assert [result["status"] for result in results] == ["created", "created", "duplicate", "quarantined", "error"]
    assert [result["index"] for result in results] == [0, 1, 2, 3, 4]
    assert results[0] == {"index": 0, "status": "created", "id": results[2]["id"], "field_errors": {}}
    assert results[4]["id"] is None
    assert set(results[4]["field_errors"]) == {"systolic", "colour"}


def test_each_item_is_judged_as_if_it_had_come_alone(house: House) -> None:
    """Alert, board and latest values, in the order of measurement whatever the order of the items."""
    house.post(weight(house.ann, 82, 10), pressure(house.ann, systolic=190), weight(house.ann, 81, 20))
    line = house.board(house.ann)
    assert (line["risk_level"], line["unacknowledged_alerts"]) == ("critical", 1)
    assert line["latest_vitals"]["weight"]["weight_kg"] == 82
    alone = House(house.client)
    for kind, body in (("blood-pressure", pressure(alone.ann, systolic=190)), ("weight", weight(alone.ann, 82, 10))):
        body.pop("observation_type")
        assert alone.client.post(f"/api/v1/ingestion/{kind}/", json=body, headers=alone.headers).status_code == 201
    assert alone.board(alone.ann)["risk_score"] == line["risk_score"]


def test_a_jump_is_held_back_by_the_order_of_measurement(house: House) -> None:
    """The later of two is the odd one, though it came first."""
    statuses = [
        result["status"] for result in house.post(weight(house.ann, 120, 5), weight(house.ann, 80, 9)).json["results"]
    ]
    assert statuses == ["quarantined", "created"]


def test_decimals_survive(house: House) -> None:
    """120.50 does not become 120.5."""
    body = (
        f'{{"readings":[{{"observation_type":"weight","patient_id":"{house.ann}","weight_lb":180.50,'
        '"measured_at":"2026-01-10T09:30:00-05:00"}]}'
    )
    stored = house.client.post(URL, data=body, content_type="application/json", headers=house.headers)
    shown = house.client.get(f"/api/v1/observations/{stored.json['results'][0]['id']}/", headers=house.headers)
    assert '"weight_kg":81.87,"weight_lb":180.50' in shown.text
    assert shown.json["zone_offset_minutes"] == -300


def test_a_second_batch_and_a_single_post_are_duplicates(house: House) -> None:
    """Of the first delivery, with its id."""
    item = pressure(house.ann)
    first, again = (house.post(item).json["results"][0] for _ in range(2))
    alone = {name: value for name, value in item.items() if name != "observation_type"}
    single = house.client.post(SINGLE, json=alone, headers=house.headers)
    assert (again["status"], again["id"], single.status_code, single.json["id"]) == (
        "duplicate", first["id"], 200, first["id"],
    )  # fmt: skip


def test_atomic_stores_all_or_nothing(house: House) -> None:
    """The error names the item."""
    good, bad = pressure(house.ann), {**pressure(house.bea), "diastolic": 201}
    answer = house.post(good, bad, atomic=True)
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, ["readings.1.diastolic"])
    assert house.board(house.ann)["risk_level"] == "no_data"
    assert house.post(good, atomic=True).json["created"] == 1


def test_what_a_single_post_refuses_is_refused_by_name(house: House) -> None:
    """Nobody's patient, an archived one, another's device, the future, a correction, no kind."""
    gone = a_patient(house.doctor.actor).id
    with in_house(house.doctor.actor):
        archive_patient(house.doctor.actor, gone, "", None)
    device = a_device(house.doctor.actor, house.bea, datetime.now(UTC) - timedelta(days=1))
    ahead = (datetime.now(UTC) + timedelta(minutes=6)).isoformat()
    stranger = a_patient(a_user().actor).id
    wrong = [
        (pressure(stranger), "patient_id"),
        (pressure(gone), "patient_id"),
        (pressure(house.ann, device_id=device.serial), "device_id"),
        (pressure(house.ann, measured_at=ahead), "measured_at"),
        (pressure(house.ann, corrects_id=str(stranger)), "corrects_id"),
        (a_body(house.ann), "observation_type"),
    ]
    results = house.post(*(item for item, _ in wrong)).json["results"]
    assert [list(result["field_errors"]) for result in results] == [[name] for _, name in wrong]


@pytest.mark.parametrize("readings", [[], [{}] * 1001, "x"])
def test_a_batch_holds_one_to_a_thousand(house: House, readings: Any) -> None:
    """Else nothing is read."""
    answer = house.client.post(URL, json={"readings": readings}, headers=house.headers)
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, ["readings"])


def test_items_are_objects(house: House) -> None:
    """Anything else is no batch at all."""
    answer = house.post(pressure(house.ann), [])
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, ["readings.1"])


def test_a_patient_sends_only_their_own(client: FlaskClient, house: House) -> None:
    """Another's looks like nobody's."""
    ann: Person = a_user(house.doctor.actor.practice_id, Role.PATIENT, house.ann)
    body = {"readings": [pressure(house.ann), pressure(house.bea)]}
    results = client.post(URL, json=body, headers=signed_in(client, ann)).json["results"]
    assert [result["status"] for result in results] == ["created", "error"]
    assert results[1]["field_errors"] == {"patient_id": ["Not found."]}


def test_one_event_names_the_batch_and_its_patients(house: House, postgres: LocalPostgres) -> None:
    """Instead of one a reading."""
    house.post(pressure(house.ann), pressure(house.bea), pressure(house.ann))
    rows = postgres.query(
        "SELECT action, cardinality(subject_ids) FROM audit_events"
        f" WHERE practice_id = '{house.doctor.actor.practice_id}' AND resource_type = 'observation'"
    ).split()
    assert rows == ["observation:batch|2"]


def test_parallel_batches_in_any_order_store_each_reading_once(app: Flask, house: House) -> None:
    """64 deliveries, half of them backwards, mixed with single posts: no deadlock, the same ids everywhere (S71)."""
    items = [pressure(patient, systolic=130 + number) for number in range(3) for patient in (house.ann, house.bea)]

    def deliver(number: int) -> Any:
        client = app.test_client()
        if number % 4 == 3:
            alone = {name: value for name, value in items[0].items() if name != "observation_type"}
            answer = client.post(SINGLE, json=alone, headers=house.headers)
            return answer.status_code, {0: answer.json["id"]}
        turned = number % 2
        body = {"readings": items[::-1] if turned else items}
        answer = client.post(URL, json=body, headers=house.headers)
        ids = [result["id"] for result in answer.json["results"]]
        return answer.status_code, dict(enumerate(ids[::-1] if turned else ids))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(deliver, range(64)))
    assert {status for status, _ in answers} <= {200, 201}
    assert {answer[0] for _, answer in answers} == {answers[0][1][0]}
    whole = [tuple(answer.values()) for _, answer in answers if len(answer) > 1]
    assert (len(set(whole)), len(set(whole[0]))) == (1, 6)


def test_a_key_answers_the_same_body_again_and_refuses_another(house: House) -> None:
    """422 for another (S70)."""
    headers, body = {**house.headers, "Idempotency-Key": "batch-1"}, {"readings": [pressure(house.ann)]}
    first, again = (house.client.post(URL, json=body, headers=headers) for _ in range(2))
    other = house.client.post(URL, json={"readings": [pressure(house.ann)]}, headers=headers)
    assert (first.json, other.status_code) == (again.json, 422)
    assert again.json["created"] == 1
