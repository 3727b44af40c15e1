"""Two records of one person become one."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.roles import Role
from app.domain.vitals.reading import blood_pressure
from app.models import Patient
from app.services.readings.intake import record_reading
from app.services.transaction import transaction
from deploy.local_postgres import LocalPostgres
from tests.builders import Person, a_body, a_patient, a_practice, a_reading, a_user, in_house, signed_in

PATIENTS = "/api/v1/patients/"
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@dataclass
class Pair:
    """A record to keep and one to merge into it, and somebody who may do that."""

    kept: Patient
    gone: Patient
    manager: Person
    headers: dict[str, str]
    client: FlaskClient

    def merge(self, **body: Any) -> TestResponse:
        """Ask for the merge."""
        body = {"duplicate_id": str(self.gone.id), "reason": "same person", **body}
        return self.client.post(f"{PATIENTS}{self.kept.id}/merge/", json=body, headers=self.headers)

    def read(self, patient: Patient, part: str = "") -> Any:
        """Read a record or a part of it."""
        return self.client.get(f"{PATIENTS}{patient.id}/{part}", headers=self.headers).json

    def line(self, patient: Patient) -> dict[str, Any] | None:
        """Return the record's line of the board."""
        board = self.client.get("/api/v1/triage/patients/", headers=self.headers).json["results"]
        return next((line for line in board if line["patient_id"] == str(patient.id)), None)


@pytest.fixture
def pair(client: FlaskClient) -> Pair:
    """Two records of one practice."""
    manager = a_user(role=Role.CLINICAL_MANAGER)
    kept, gone = a_patient(manager.actor, conditions=("I10",)), a_patient(manager.actor, conditions=("E11.9", "I10"))
    return Pair(kept, gone, manager, signed_in(client, manager), client)


def test_everything_that_named_the_duplicate_names_the_survivor(pair: Pair) -> None:
    """Readings, alerts, notes: one timeline."""
    a_reading(pair.manager.actor, pair.kept.id, 120)
    a_reading(pair.manager.actor, pair.gone.id, 150)
    pair.client.post(f"{PATIENTS}{pair.gone.id}/notes/", json={"body": "Called."}, headers=pair.headers)
    report = pair.merge()
    kinds = [item["kind"] for item in pair.read(pair.kept, "timeline/")["results"]]
    moved = {"observations": 1, "alerts": 1, "alert_occurrences": 1, "patient_notes": 1}
    assert report.json["moved"] == moved
    assert sorted(kinds) == ["alert", "note", "reading", "reading", "record"]


def test_the_duplicate_stays_archived_and_points_to_the_survivor(pair: Pair) -> None:
    """It cannot be changed, brought back, written about or given readings."""
    pair.merge()
    gone, url = pair.read(pair.gone), f"{PATIENTS}{pair.gone.id}/"
    assert (gone["active"], gone["merged_into"], gone["archive_reason"]) == (False, str(pair.kept.id), "same person")
    tries = [
        pair.client.patch(url, json={"first_name": "X"}, headers=pair.headers),
        pair.client.post(f"{url}unarchive/", headers=pair.headers),
        pair.client.post(f"{url}notes/", json={"body": "x"}, headers=pair.headers),
        pair.client.post("/api/v1/ingestion/blood-pressure/", json=a_body(pair.gone.id), headers=pair.headers),
    ]
    assert [(answer.status_code, answer.json["code"]) for answer in tries] == [(409, "patient_merged")] * 3 + [
        (409, "patient_archived")
    ]


def test_the_survivor_has_the_diagnoses_of_both(pair: Pair) -> None:
    """Its own first, none twice."""
    pair.merge()
    assert pair.read(pair.kept)["conditions"] == ["I10", "E11.9"]


def test_the_same_reading_twice_is_not_counted_twice(pair: Pair) -> None:
    """The duplicate's copy stays with it, and so does the alert that hangs on it."""
    at = datetime.now(UTC) - timedelta(hours=1)
    for patient in (pair.kept, pair.gone):
        a_reading(pair.manager.actor, patient.id, 150, measured_at=at)
    a_reading(pair.manager.actor, pair.gone.id, 151)
    report = pair.merge().json
    assert (report["moved"], report["left"]) == (
        {"observations": 1, "alerts": 1, "alert_occurrences": 1},
        {"observations": 1, "alerts": 0, "alert_occurrences": 1},
    )
    assert pair.line(pair.kept)["unacknowledged_alerts"] == 2  # type: ignore[index]


def test_a_moved_reading_is_still_recognised_when_it_is_delivered_again(pair: Pair) -> None:
    """Under the survivor's id."""
    body = a_body(pair.gone.id)
    url = "/api/v1/ingestion/blood-pressure/"
    first = pair.client.post(url, json=body, headers=pair.headers).json
    pair.merge()
    again = pair.client.post(url, json={**body, "patient_id": str(pair.kept.id)}, headers=pair.headers)
    assert again.json["id"] == first["id"]


def test_the_board_has_one_line_reckoned_from_both(pair: Pair) -> None:
    """The later reading decides, all alerts count."""
    a_reading(pair.manager.actor, pair.kept.id, 150)
    later = a_reading(pair.manager.actor, pair.gone.id, 185)
    pair.merge()
    line = pair.line(pair.kept)
    assert pair.line(pair.gone) is None
    assert line is not None
    assert (line["risk_level"], line["unacknowledged_alerts"]) == ("critical", 2)
    assert line["latest_vitals"]["blood_pressure"]["systolic"] == later.observation.systolic


def test_payers_of_the_duplicate_come_behind_and_none_comes_twice(pair: Pair) -> None:
    """Told apart by payer and member number."""
    medicare, aetna = {"payer": "Medicare", "member_id": "1"}, {"payer": "Aetna", "member_id": "2"}
    for patient, payers in ((pair.kept, [medicare]), (pair.gone, [medicare, aetna])):
        pair.client.patch(f"{PATIENTS}{patient.id}/", json={"payers": payers}, headers=pair.headers)
    assert pair.merge().status_code == 200
    assert [payer["payer"] for payer in pair.read(pair.kept)["payers"]] == ["Medicare", "Aetna"]


def test_a_merge_done_twice_is_done_once(pair: Pair) -> None:
    """The same answer, and nothing moved again."""
    a_reading(pair.manager.actor, pair.gone.id)
    assert pair.merge().json == pair.merge().json
    kinds = [item["kind"] for item in pair.read(pair.kept, "timeline/")["results"]]
    assert kinds.count("record") == 1


def test_who_pointed_at_a_record_that_went_on_points_on(pair: Pair) -> None:
    """A into B, B into C: A is found in C; and no record goes into one that is gone."""
    last = a_patient(pair.manager.actor)
    pair.merge()
    onward = {"duplicate_id": str(pair.kept.id), "reason": "same"}
    pair.client.post(f"{PATIENTS}{last.id}/merge/", json=onward, headers=pair.headers)
    assert pair.read(pair.gone)["merged_into"] == str(last.id)
    other = str(a_patient(pair.manager.actor).id)
    assert pair.merge(duplicate_id=other).json["code"] == "patient_merged"


def test_every_table_touched_leaves_a_trace(pair: Pair, postgres: LocalPostgres) -> None:
    """With both records, and how many rows; the reason stands encrypted in the record, for it may name people."""
    a_reading(pair.manager.actor, pair.gone.id, 150)
    pair.merge()
    both = f"subject_ids = ARRAY['{pair.kept.id}', '{pair.gone.id}']::uuid[]"
    rows = postgres.query(f"SELECT action, reason FROM audit_events WHERE {both} ORDER BY action").splitlines()
    assert rows == [
        f"alert:repoint|merge of {pair.gone.id}: 1 moved, 0 left",
        f"alert_occurrences:repoint|merge of {pair.gone.id}: 1 moved, 0 left",
        f"observation:repoint|merge of {pair.gone.id}: 1 moved, 0 left",
        "patient:merge|",
    ]


def test_what_cannot_be_merged_is_refused(pair: Pair) -> None:
    """Itself, a stranger, without a reason, into an archived record."""
    stranger = str(a_patient(a_user().actor).id)
    named = [
        list(pair.merge(**body).json["field_errors"])
        for body in ({"duplicate_id": str(pair.kept.id)}, {"duplicate_id": stranger}, {"reason": " "})
    ]
    pair.client.delete(f"{PATIENTS}{pair.kept.id}/", headers=pair.headers)
    assert named == [["duplicate_id"], ["duplicate_id"], ["reason"]]
    assert pair.merge().json["code"] == "conflict"


@pytest.mark.parametrize(("role", "status"), [(Role.ADMIN, 200), (Role.PROVIDER, 403), (Role.NURSE, 403)])
def test_who_may_merge(client: FlaskClient, role: Role, status: int) -> None:
    """Administrators and clinical managers."""
    practice = a_practice()
    person = a_user(practice, role)
    nurse = a_user(practice, Role.NURSE)
    kept, gone = a_patient(nurse.actor), a_patient(nurse.actor)
    assert Pair(kept, gone, person, signed_in(client, person), client).merge().status_code == status


def test_a_merge_waits_for_the_reading_that_is_just_being_stored(
    app: Flask, pair: Pair, postgres: LocalPostgres
) -> None:
    """Otherwise it would stay behind with the duplicate."""
    with ThreadPoolExecutor(1) as pool:
        with in_house(pair.manager.actor), transaction():
            record_reading(
                pair.manager.actor, pair.gone.id,
                blood_pressure(datetime.now(UTC), systolic=Decimal(120), diastolic=Decimal(70)),
            )  # fmt: skip
            merging = pool.submit(Pair(pair.kept, pair.gone, pair.manager, pair.headers, app.test_client()).merge)
            while not merging.done() and "1" not in postgres.query(_WAITING):
                pass
        assert merging.result().json["moved"] == {"observations": 1}


def test_merges_crosswise_and_readings_at_once_leave_one_record_with_all_readings(app: Flask, pair: Pair) -> None:
    """Each waits for the other; no reading is lost on the way."""
    taken: list[int] = []

    def merge(way: int) -> int:
        one, other = (pair.kept, pair.gone) if way % 2 else (pair.gone, pair.kept)
        body = {"duplicate_id": str(other.id), "reason": "same"}
        url = f"{PATIENTS}{one.id}/merge/"
        return _patiently(app, url, body, pair.headers)

    def measure(number: int) -> int:
        body = a_body((pair.kept, pair.gone)[number % 2].id, systolic=145)
        url = "/api/v1/ingestion/blood-pressure/"
        return _patiently(app, url, body, pair.headers)

    with ThreadPoolExecutor(8) as pool:
        readings = [pool.submit(measure, number) for number in range(12)]
        merges = [pool.submit(merge, way) for way in range(4)]
        taken = [done.result() for done in readings]
        statuses = [done.result() for done in merges]
    survivor = pair.kept if pair.read(pair.kept)["active"] else pair.gone
    told = [item["kind"] for item in pair.read(survivor, "timeline/?page_size=100")["results"]]
    assert set(statuses) <= {200, 409}
    assert (set(taken) <= {201, 409}, told.count("reading")) == (True, taken.count(201))


def _patiently(app: Flask, url: str, body: dict[str, Any], headers: dict[str, str]) -> int:
    """Ask again when a lock was waited for too long, as `Retry-After` says; a busy machine makes that likelier."""
    for _ in range(10):
        status = app.test_client().post(url, json=body, headers=headers).status_code
        if status != HTTPStatus.SERVICE_UNAVAILABLE:
            break
    return status
