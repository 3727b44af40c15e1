"""Therapeutic monitoring from the report to the line and its packet, over HTTP."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.crypto.packet_verify import verify_packet
from app.domain.enrolment.programs import ConsentMethod, Program
from app.domain.enrolment.records import NewConsent, NewEnrollment, NewOrder, OrderingProvider
from app.domain.roles import Role
from app.services.enrolment.consents import record_consent
from app.services.enrolment.enrollments import enroll_patient
from app.services.enrolment.orders import record_order
from tests.billing import closed_period
from tests.builders import a_patient, a_practice, a_user, in_house, signed_in

START, API = closed_period(), "/api/v1/"


class Therapy:
    """A patient in therapeutic monitoring, and who bills for them."""

    def __init__(self, client: FlaskClient) -> None:
        practice = a_practice()
        provider, biller = a_user(practice), a_user(practice, Role.BILLING_MANAGER)
        self.client, self.headers = client, signed_in(client, provider)
        self.biller = signed_in(client, biller)
        actor = provider.actor
        self.patient_id = a_patient(actor, provider_id=actor.user_id, timezone="America/New_York").id
        with in_house(actor):
            given = NewConsent(Program.RTM, ConsentMethod.VERBAL, START, True, True)
            record_consent(actor, self.patient_id, given)
            order = NewOrder(Program.RTM, OrderingProvider(user_id=actor.user_id), START, START,
                parameters=("musculoskeletal_status",), diagnoses=("M17.11",),
            )  # fmt: skip
            record_order(actor, self.patient_id, order)
            enrol = NewEnrollment(Program.RTM, START, initiating_visit_on=START, diagnoses=("M17.11",))
            enroll_patient(actor, self.patient_id, enrol)
        fees = [{"code": "98977", "amount": 50}, {"code": "98985", "amount": 48}]
        schedule = {"name": "Ours", "effective_from": "2020-01-01", "conversion_factor": 33, "fees": fees}
        self.post("billing/fee-schedules/", schedule, self.biller)

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None, status: int = 201) -> Any:
        """Send something, and see that it is answered so."""
        answer = self.client.post(f"{API}{path}", json=body, headers=headers or self.headers)
        assert answer.status_code == status, answer.text
        return answer

    def reports(self, first: date, days: int, **fields: Any) -> Any:
        """Report data on so many days."""
        last = str(first + timedelta(days=days - 1))
        body = {"kind": "therapy_musculoskeletal", "starts_on": str(first), "ends_on": last, **fields}
        return self.post(f"patients/{self.patient_id}/billing-circumstances/", body).json

    def lines(self) -> list[tuple[str, str]]:
        """Run the engine, and return what stands."""
        self.post("billing/generate/", {}, self.biller, 200)
        found = self.client.get(f"{API}billing/entries/", headers=self.biller).json["results"]
        return [(one["cpt_code"], one["status"]) for one in found if one["status"] != "void"]


@pytest.fixture
def of(client: FlaskClient) -> Therapy:
    """A patient in therapeutic monitoring."""
    return Therapy(client)


def test_reported_days_become_a_line_and_its_packet(of: Therapy) -> None:
    """15 days the short code, 16 the long one; the packet names each day with the report and its hash."""
    first = of.reports(START, 15, note="Exercises in the app's diary.")
    assert of.lines() == [("98985", "pending")]
    second = of.reports(START + timedelta(days=15), 1)
    assert of.lines() == [("98977", "pending")]
    entry = of.client.get(f"{API}billing/entries/?status=pending", headers=of.biller).json["results"][0]
    said = verify_packet(of.post(f"billing/entries/{entry['id']}/evidence/", {}, of.biller, 200).data).manifest
    assert [day["date"] for day in said["days"]] == [str(START + timedelta(days=number)) for number in range(16)]
    assert [day["reading_id"] for day in said["days"]] == [first["id"]] * 15 + [second["id"]]
    assert all(len(day["payload_sha256"]) == 64 for day in said["days"])


def test_a_report_voided_after_the_line_went_out_raises_an_impact(of: Therapy) -> None:
    """The line stays."""
    report = of.reports(START, 16)
    assert of.lines() == [("98977", "pending")]
    entry = of.client.get(f"{API}billing/entries/", headers=of.biller).json["results"][0]
    of.post(f"billing/entries/{entry['id']}/submit/", {}, of.biller, 200)
    of.post(f"patients/{of.patient_id}/billing-circumstances/{report['id']}/void/", {}, status=200)
    assert of.lines() == [("98977", "submitted")]
    (impact,) = of.client.get(f"{API}billing/impacts/", headers=of.biller).json["results"]
    assert impact["kind"] == "no_longer_billable"


@pytest.mark.parametrize(("days", "first", "ok"), [(31, 0, True), (32, 0, False), (1, 40, False)])
def test_a_report_tells_of_a_month_at_most_and_never_of_the_future(
    of: Therapy, days: int, first: int, ok: bool
) -> None:
    """One day when no end is said."""
    begins = START + timedelta(days=first)
    body = {"kind": "therapy_behavioural", "starts_on": str(begins), "ends_on": str(begins + timedelta(days=days - 1))}
    path = f"patients/{of.patient_id}/billing-circumstances/"
    answer = of.post(path, body, status=201 if ok else 400)
    assert ok or list(answer.json["field_errors"]) == ["ends_on"]
    assert of.post(path, {**body, "starts_on": str(START), "ends_on": None}).json["ends_on"] == str(START)
