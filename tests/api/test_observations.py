"""Readings that are there: listed, read, made void, corrected, accepted, rejected; and what then counts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from deploy.local_postgres import LocalPostgres
from tests.builders import a_body, a_patient, a_user, signed_in

URL = "/api/v1/observations/"


class House:
    """A clinician with a patient, and the readings they post."""

    def __init__(self, client: FlaskClient) -> None:
        self.client, self.doctor = client, a_user()
        self.headers = signed_in(client, self.doctor)
        self.patient_id = a_patient(self.doctor.actor).id

    def post(self, kind: str = "blood-pressure", minutes_ago: float = 60, **fields: Any) -> Any:
        """Post a reading and return the answer."""
        at = (datetime.now(UTC) - timedelta(minutes=minutes_ago)).isoformat()
        basics = a_body(self.patient_id) if kind == "blood-pressure" else {"patient_id": str(self.patient_id)}
        body = {**basics, "measured_at": at, **fields}
        return self.client.post(f"/api/v1/ingestion/{kind}/", json=body, headers=self.headers)

    def get(self, url: str) -> Any:
        """Get."""
        return self.client.get(url, headers=self.headers)

    def decide(self, reading: Any, verb: str, **more: Any) -> Any:
        """Void, accept or reject."""
        body = {"reason": "It was the dog."} if verb == "void" else {}
        headers = {**self.headers, **more}
        return self.client.post(f"{URL}{reading.json['id']}/{verb}/", json=body, headers=headers)

    @property
    def board(self) -> Any:
        """The patient's line."""
        return self.get("/api/v1/triage/patients/").json["results"][0]


@pytest.fixture
def house(client: FlaskClient) -> House:
    """A practice of its own."""
    return House(client)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 3), ("observation_type=weight", 1), ("alert_level=warning", 1), ("device_id=cuff-9", 1),
        ("fhir_status=not_configured", 3), ("fhir_status=sent", 0), ("status=quarantined", 0), ("status=final", 3),
        ("measured_from={since}", 2), ("measured_to={since}", 1),
        ("patient_id=00000000-0000-7000-8000-000000000000", 0),
    ],
)  # fmt: skip
def test_readings_are_found_by_what_is_asked(house: House, query: str, found: int) -> None:
    """Each filter by itself."""
    house.post(minutes_ago=180, systolic=150)
    house.post(minutes_ago=20, device_id="cuff-9")
    house.post("weight", minutes_ago=10, weight_kg=80)
    since = (datetime.now(UTC) - timedelta(minutes=60)).isoformat().replace("+00:00", "Z")
    listed = house.get(f"{URL}?{query.format(since=since)}")
    assert (listed.status_code, listed.json["count"]) == (200, found)


def test_the_list_is_in_the_order_of_measurement(house: House) -> None:
    """Newest first, or oldest; nothing else."""
    old, new = house.post(minutes_ago=9).json["id"], house.post(minutes_ago=5).json["id"]
    assert [one["id"] for one in house.get(URL).json["results"]] == [new, old]
    assert [one["id"] for one in house.get(f"{URL}?ordering=measured_at").json["results"]] == [old, new]
    assert house.get(f"{URL}?ordering=systolic").status_code == 400


def test_a_reading_tells_all_that_is_kept(house: House) -> None:
    """What was posted, in which unit and zone."""
    posted = house.post("weight", weight_lb=180.5, measured_at="2026-11-20T07:30:00-05:00", device_id="scale-1")
    one = house.get(f"{URL}{posted.json['id']}/")
    assert '"weight_kg":81.87,"weight_lb":180.5' in one.text
    told = {
        name: one.json[name] for name in ("posted_unit", "zone_offset_minutes", "offset_origin", "source", "status")
    }
    assert told == {
        "posted_unit": "lb", "zone_offset_minutes": -300, "offset_origin": "posted", "source": "manual",
        "status": "final",
    }  # fmt: skip
    assert one.headers["ETag"] == '"1"'


def test_a_void_reading_counts_for_nothing(house: House, postgres: LocalPostgres) -> None:
    """The one before it is the latest again; its alert is cleared, with a trace; the reading stays."""
    house.post(minutes_ago=60, systolic=118)
    before = house.board
    bad = house.post(minutes_ago=5, systolic=190)
    assert house.board["risk_level"] == "critical"
    gone = house.decide(bad, "void")
    after = house.board
    assert (gone.status_code, gone.json["status"], gone.json["decision_reason"]) == (200, "void", "It was the dog.")
    assert (after["risk_score"], after["unacknowledged_alerts"]) == (before["risk_score"], 0)
    assert after["latest_vitals"] == before["latest_vitals"]
    assert house.get(f"{URL}{bad.json['id']}/").json["values"]["systolic"] == 190
    trace = postgres.query(
        f"SELECT DISTINCT action FROM audit_events WHERE patient_id = '{house.patient_id}' AND action ~ 'void|clear'"
    ).split()
    assert sorted(trace) == ["alert:clear", "observation:void"]


def test_a_patient_without_any_reading_that_counts_has_no_data(house: House) -> None:
    """As before the first."""
    house.decide(house.post(systolic=190), "void")
    assert (house.board["risk_level"], house.board["latest_vitals"]) == ("no_data", {})


def test_voiding_twice_changes_nothing_and_an_old_version_is_refused(house: House) -> None:
    """200 with the first decision; 412."""
    reading = house.post()
    assert house.decide(reading, "void", **{"If-Match": '"2"'}).status_code == 412
    first, again = house.decide(reading, "void", **{"If-Match": '"1"'}), house.decide(reading, "void")
    assert (first.json["decided_at"], first.headers["ETag"]) == (again.json["decided_at"], '"3"')
    assert house.decide(reading, "accept").status_code == 409


def test_a_reason_is_needed_to_void(house: House) -> None:
    """400 by name."""
    answer = house.client.post(f"{URL}{house.post().json['id']}/void/", json={}, headers=house.headers)
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, ["reason"])


def test_a_correction_replaces_the_reading_it_names(house: House) -> None:
    """In one step; the new one counts."""
    wrong = house.post(minutes_ago=5, systolic=190)
    right = house.post(minutes_ago=5, systolic=119, corrects_id=wrong.json["id"])
    assert right.status_code == 201
    assert house.get(f"{URL}{wrong.json['id']}/").json["status"] == "void"
    assert house.get(f"{URL}{right.json['id']}/").json["corrects_id"] == wrong.json["id"]
    assert (house.board["unacknowledged_alerts"], house.board["risk_level"]) == (0, "normal")
    again = house.post(minutes_ago=4, systolic=118, corrects_id=wrong.json["id"])
    assert (again.status_code, list(again.json["field_errors"])) == (400, ["corrects_id"])


def test_nobody_corrects_another_patients_reading(house: House) -> None:
    """Nor one that there is not: both look the same."""
    other = House(house.client)
    answers = [
        house.post(corrects_id=corrected)
        for corrected in (other.post().json["id"], "00000000-0000-7000-8000-000000000000")
    ]
    assert answers[0].json == answers[1].json
    assert other.board["risk_level"] == "normal"


def test_an_accepted_reading_counts_and_alarms_by_its_own_time(house: House) -> None:
    """A weight in quarantine becomes the latest; pressures alarm."""
    house.post("weight", minutes_ago=60, weight_kg=80)
    jump = house.post("weight", minutes_ago=50, weight_kg=112)
    turned = house.post(minutes_ago=40, systolic=185, diastolic=180)
    waiting = house.get(f"{URL}?status=quarantined").json
    assert (waiting["count"], house.board["unacknowledged_alerts"]) == (2, 0)
    assert house.decide(jump, "accept").json["status"] == "final"
    accepted = house.decide(turned, "accept").json
    assert (accepted["status"], accepted["alert_level"], accepted["quarantine_reason"]) == (
        "final", "critical", "pressures_reversed",
    )  # fmt: skip
    assert (house.board["latest_vitals"]["weight"]["weight_kg"], house.board["unacknowledged_alerts"]) == (112, 1)


def test_a_rejected_reading_stays_out(house: House) -> None:
    """For good: it can be neither accepted nor made void."""
    house.post("weight", minutes_ago=60, weight_kg=80)
    jump = house.post("weight", minutes_ago=50, weight_kg=112)
    assert house.decide(jump, "reject").json["status"] == "rejected"
    assert [house.decide(jump, verb).status_code for verb in ("accept", "void")] == [409, 409]
    assert house.board["latest_vitals"]["weight"]["weight_kg"] == 80


def test_a_patient_sees_their_own_readings_only(house: House, client: FlaskClient) -> None:
    """In lists, and one by one."""
    own = house.post().json["id"]
    other_id = a_patient(house.doctor.actor).id
    other = client.post("/api/v1/ingestion/blood-pressure/", json=a_body(other_id), headers=house.headers).json["id"]
    patient = a_user(house.doctor.actor.practice_id, Role.PATIENT, house.patient_id)
    headers = signed_in(client, patient)
    assert [one["id"] for one in client.get(URL, headers=headers).json["results"]] == [own]
    assert [client.get(f"{URL}{one}/", headers=headers).status_code for one in (own, other)] == [200, 404]


def test_statistics_are_those_of_the_readings_that_count(house: House) -> None:
    """By measure; a void reading is not among them; both sides of the limit."""
    for number, systolic in enumerate((110, 120, 130, 139, 140)):
        house.post(minutes_ago=100 - number, systolic=systolic, diastolic=70)
    house.decide(house.post(minutes_ago=3, systolic=300, diastolic=70), "void")
    stats = house.get(f"/api/v1/patients/{house.patient_id}/observations/stats/?by=day").json
    systolic = next(one for one in stats["overall"] if one["measure"] == "systolic")
    assert {name: systolic[name] for name in ("count", "min", "max", "mean", "in_range_percent")} == {
        "count": 5, "min": 110, "max": 140, "mean": Decimal("127.8"), "in_range_percent": 80,
    }  # fmt: skip
    assert (systolic["percentiles"]["p50"], systolic["trend"]["direction"]) == (130, "increasing")
    assert {one["measure"] for one in stats["buckets"]} == {"systolic", "diastolic", "pulse"}
    assert sum(one["count"] for one in stats["buckets"] if one["measure"] == "systolic") == 5


def test_the_latest_vitals_know_the_body_mass_index_or_what_it_lacks(house: House) -> None:
    """From the latest weight and height."""
    url = f"/api/v1/patients/{house.patient_id}/vitals/latest/"
    assert (house.get(url).json["bmi"], house.get(url).json["bmi_missing"]) == (None, ["weight", "height"])
    house.post("weight", weight_kg=81.5)
    house.post("height", height_cm=180)
    latest = house.get(url).json
    assert (latest["bmi"], latest["bmi_missing"]) == (Decimal("25.2"), [])
    assert [one["observation_type"] for one in latest["vitals"]] == ["weight", "height"]
