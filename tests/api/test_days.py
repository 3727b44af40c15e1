"""The local-day truth table over HTTP: dates in the patient's zone, who counts, who does not and why."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from app.domain.enrolment.programs import ConsentMethod, Program
from app.domain.enrolment.records import NewConsent, NewEnrollment, NewOrder, OrderingProvider
from app.domain.roles import Role
from app.services.enrolment.consents import record_consent
from app.services.enrolment.enrollments import enroll_patient
from app.services.enrolment.orders import record_order
from tests.builders import a_body, a_device, a_patient, a_user, in_house, signed_in

ZONE = "America/New_York"
START = date(2026, 9, 1)


class House:
    """A patient in New York, enrolled in RPM from September on, with a cuff."""

    def __init__(self, client: FlaskClient) -> None:
        self.client, self.doctor = client, a_user()
        self.headers = signed_in(client, self.doctor)
        actor = self.doctor.actor
        self.patient_id = a_patient(actor, timezone=ZONE).id
        self.cuff = a_device(actor, self.patient_id, datetime(2026, 8, 1, tzinfo=UTC)).serial
        with in_house(actor):
            record_consent(actor, self.patient_id, NewConsent(Program.RPM, ConsentMethod.VERBAL, START, True, True))
            provider = OrderingProvider(user_id=actor.user_id)
            ordered = NewOrder(Program.RPM, provider, START, START, diagnoses=("I10",), parameters=("blood_pressure",))
            record_order(actor, self.patient_id, ordered)
            enroll_patient(actor, self.patient_id, NewEnrollment(Program.RPM, START, initiating_visit_on=START))

    def post(self, measured_at: str, **more: Any) -> Any:
        """Post a pressure of the cuff."""
        body = a_body(self.patient_id, **{"device_id": self.cuff, "measured_at": measured_at, **more})
        return self.client.post("/api/v1/ingestion/blood-pressure/", json=body, headers=self.headers)

    def days(self, first: str, last: str, headers: Any = None, **more: str) -> Any:
        """Ask for the table."""
        asked = "".join(f"&{name}={value}" for name, value in more.items())
        url = f"/api/v1/patients/{self.patient_id}/days/?from={first}&to={last}{asked}"
        return self.client.get(url, headers=headers or self.headers)


@pytest.fixture
def house(client: FlaskClient) -> House:
    """A practice of its own."""
    return House(client)


def test_each_date_says_by_which_reading_it_counts(house: House) -> None:
    """The first that may; the others say why not."""
    first = house.post("2026-09-10T12:00:00Z").json["id"]
    house.post("2026-09-10T13:00:00Z")
    house.post("2026-09-10T11:00:00Z", source="manual")
    table = house.days("2026-09-09", "2026-09-11").json
    assert (table["counted"], table["timezone"], table["program"]) == (1, ZONE, "RPM")
    assert [(day["date"], day["counted"]) for day in table["days"]] == [
        ("2026-09-09", False), ("2026-09-10", True), ("2026-09-11", False),
    ]  # fmt: skip
    day = table["days"][1]
    assert day["counted_by"]["id"] == first
    assert [one["reason"] for one in day["excluded"]] == ["manual", "already_counted"]


@pytest.mark.parametrize(
    ("measured_at", "day", "hours"),
    [
        ("2026-11-01T03:59:59Z", "2026-10-31", 24),  # the last second of October, by daylight time
        ("2026-11-01T04:00:00Z", "2026-11-01", 25),
        ("2026-11-02T04:59:59Z", "2026-11-01", 25),  # clocks went back: the day is an hour longer
        ("2026-11-02T05:00:00Z", "2026-11-02", 24),
    ],
)
def test_days_end_at_the_patients_midnight_when_clocks_change(
    house: House, measured_at: str, day: str, hours: int
) -> None:
    """Both sides of both midnights."""
    house.post(measured_at)
    counted = [one for one in house.days("2026-10-30", "2026-11-03").json["days"] if one["counted"]]
    assert [(one["date"], one["hours"]) for one in counted] == [(day, hours)]


def test_the_patients_zone_decides_wherever_the_device_was(house: House) -> None:
    """Travel: the device's own date is shown beside it."""
    house.post("2026-10-06T08:30:00+09:00")
    (day,) = house.days("2026-10-05", "2026-10-05").json["days"]
    assert (day["counted"], day["seen_as"]) == (True, ["2026-10-06"])
    told = day["counted_by"]
    assert (told["zone_offset_minutes"], told["offset_origin"]) == (540, "posted")
    assert told["received_at"] > told["measured_at"]


def test_a_clock_that_runs_ahead_is_shown_not_counted(house: House) -> None:
    """Within the five minutes that are taken, on the day it claims, until that moment has come."""
    ahead = datetime.now(UTC) + timedelta(minutes=4)
    house.post(ahead.isoformat())
    today = ahead.astimezone(ZoneInfo(ZONE)).date().isoformat()
    (day,) = house.days(today, today).json["days"]
    assert (day["counted"], [one["reason"] for one in day["excluded"]]) == (False, ["in_the_future"])


@pytest.mark.parametrize(
    ("more", "reason"),
    [({"device_id": "stranger"}, "unknown_device"), ({"device_id": None}, "no_device"), ({}, "void")],
)
def test_what_is_no_proof_says_why(house: House, more: dict[str, Any], reason: str) -> None:
    """Though the instrument is said to have sent it."""
    posted = house.post("2026-09-10T12:00:00Z", source="auto", **more).json["id"]
    if reason == "void":
        house.client.post(f"/api/v1/observations/{posted}/void/", json={"reason": "Wrong."}, headers=house.headers)
    (day,) = house.days("2026-09-10", "2026-09-10").json["days"]
    assert (day["counted"], [one["reason"] for one in day["excluded"]]) == (False, [reason])


def test_before_consent_and_in_another_program_nothing_counts(house: House) -> None:
    """Each with its own reason."""
    house.post("2026-08-31T12:00:00Z")
    house.post("2026-09-10T12:00:00Z")
    before, other = house.days("2026-08-31", "2026-08-31"), house.days("2026-09-10", "2026-09-10", program="CCM")
    reasons = [answer.json["days"][0]["excluded"][0]["reason"] for answer in (before, other)]
    assert reasons == ["not_enrolled", "not_enrolled"]


def test_billing_sees_days_and_no_values(house: House, client: FlaskClient) -> None:
    """Counts and days only."""
    reading = house.post("2026-09-10T12:00:00Z").json["id"]
    biller = signed_in(client, a_user(house.doctor.actor.practice_id, Role.BILLING_MANAGER))
    table = house.days("2026-09-10", "2026-09-10", headers=biller)
    assert (table.status_code, table.json["counted"]) == (200, 1)
    assert "systolic" not in table.text
    urls = ("/api/v1/observations/", f"/api/v1/observations/{reading}/", f"/api/v1/fhir/observations/{reading}/")
    assert [client.get(url, headers=biller).status_code for url in urls] == [403, 403, 403]


@pytest.mark.parametrize(("first", "last", "status"), [
    ("2026-01-01", "2027-01-01", 200), ("2026-01-01", "2027-01-02", 400), ("2026-01-02", "2026-01-01", 400),
])  # fmt: skip
def test_a_window_is_at_most_a_leap_year(house: House, first: str, last: str, status: int) -> None:
    """Both ends included, and never turned round."""
    assert house.days(first, last).status_code == status
