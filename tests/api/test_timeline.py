"""One feed of what happened to a patient."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from app.services.patients.timeline_sources import SOURCES
from bench.statements import counting
from tests.builders import Person, a_device, a_patient, a_practice, a_reading, a_user, signed_in
from tests.enrolment import a_chart, consent_body, days_ago, enrollment_body, order_body

API = "/api/v1/"
PATIENTS = f"{API}patients/"


def _an_eventful_patient(client: FlaskClient, practice: object = None) -> tuple[str, Person]:
    manager = a_user(practice or a_practice(), Role.CLINICAL_MANAGER)  # type: ignore[arg-type]
    patient = a_patient(manager.actor)
    headers = signed_in(client, manager)
    url = f"{PATIENTS}{patient.id}/"
    a_reading(manager.actor, patient.id, 150)
    client.post(f"{url}notes/", json={"body": "Called."}, headers=headers)
    client.post(f"{url}archive/", json={"reason": "moved"}, headers=headers)
    bill = {"patient_id": str(patient.id), "cpt_code": "99453", "service_date": "2026-01-10", "amount": 21.71}
    biller = a_user(manager.actor.practice_id, Role.BILLING_MANAGER)
    client.post("/api/v1/billing/entries/", json=bill, headers=signed_in(client, biller))
    return f"{url}timeline/", manager


def test_everything_is_told_newest_first(client: FlaskClient) -> None:
    """In sentences, with who did it."""
    url, manager = _an_eventful_patient(client)
    items = client.get(url, headers=signed_in(client, manager)).json["results"]
    told = [(item["kind"], item["summary"], item["by_name"]) for item in items]
    assert sorted((item["at"] for item in items), reverse=True) == [item["at"] for item in items]
    assert set(told) == {
        ("record", "Record archived: moved", "Pat Tester"),
        ("note", "Called.", "Pat Tester"),
        ("alert", "Warning alert: Systolic BP 150 exceeds threshold of 140 mmHg", None),
        ("reading", "Blood pressure 150/75 mmHg, pulse 70 bpm", None),
        ("billing_entry", "99453, $21.71, pending", None),
    }


def test_readings_alerts_calls_consents_devices_and_billing_are_one_feed(client: FlaskClient) -> None:
    """Every kind there is, each in a sentence."""
    chart = a_chart(client)
    actor, about, headers = chart.provider.actor, {"patient_id": str(chart.patient_id)}, chart.headers
    a_reading(actor, chart.patient_id, 150)
    a_device(actor, chart.patient_id, datetime.now(UTC) - timedelta(days=1))
    called, hung_up = (f"{days_ago(1)}T{time}Z" for time in ("15:00:00", "15:12:30"))
    call = {"program": "RPM", "activity": "patient_contact", "mode": "phone", "note": "Asked how it goes."}
    entry = {"cpt_code": "99453", "service_date": days_ago(1), "amount": 21.71}
    biller = signed_in(client, a_user(actor.practice_id, Role.BILLING_MANAGER))
    answers = [
        chart.post("consents/", consent_body()),
        chart.post("orders/", order_body()),
        chart.post("enrollments/", enrollment_body()),
        chart.post("notes/", {"body": "Left a message."}),
        chart.post("calls/", {"mode": "phone", "outcome": "left_message", "ended_at": called}),
        client.post(f"{API}triage/patients/{chart.patient_id}/review/", json={"minutes": 5}, headers=headers),
        client.post(
            f"{API}triage/escalations/", json={**about, "level": "stat", "reason": "Dizzy."}, headers=headers
        ),
        client.post(
            f"{API}billing/time-logs/", json={**about, **call, "started_at": called, "ended_at": hung_up},
            headers=headers,
        ),
        client.post(f"{API}billing/entries/", json={**about, **entry}, headers=biller),
        chart.post("archive/", {"reason": "moved"}),
    ]  # fmt: skip
    assert [answer.json for answer in answers if answer.status_code not in {200, 201}] == []
    items = chart.get("timeline/?page_size=100").json["results"]
    told: dict[str, list[str]] = {}
    for item in reversed(items):
        told.setdefault(item["kind"], []).append(item["summary"])
    assert told.keys() == {source.kind for source in SOURCES}
    assert "RPM time: patient contact, phone, 12 min 30 s" in told["time_log"]
    assert (told["consent"], told["care_order"]) == (["Verbal consent to RPM"], ["RPM ordered"])
    assert (told["escalation"], told["review"]) == (["STAT escalation (open): Dizzy."], ["Reviewed (5 min)"])
    assert told["call"] == ["Called the patient by phone, left a message"]
    assert told["device"][0] == "Device: Assigned"


def test_pages_follow_on_one_another_over_all_kinds(client: FlaskClient) -> None:
    """Nothing twice, nothing lost."""
    url, manager = _an_eventful_patient(client)
    headers = signed_in(client, manager)
    whole = client.get(url, headers=headers).json
    pages = [client.get(f"{url}?page_size=2&page={page}", headers=headers).json for page in (1, 2, 3)]
    assert [item for page in pages for item in page["results"]] == whole["results"]
    assert (whole["count"], pages[2]["next"]) == (5, None)


def test_one_kind_can_be_asked_for(client: FlaskClient) -> None:
    """An unknown one is refused by name."""
    url, manager = _an_eventful_patient(client)
    headers = signed_in(client, manager)
    notes = client.get(f"{url}?kind=note", headers=headers).json
    assert (notes["count"], notes["results"][0]["kind"]) == (1, "note")
    assert list(client.get(f"{url}?kind=x", headers=headers).json["field_errors"]) == ["kind"]


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        (Role.NURSE, {"reading", "alert", "note", "record"}),
        (Role.BILLING_MANAGER, {"record", "billing_entry"}),
        (Role.PATIENT, {"reading", "record"}),
    ],
)
def test_each_role_sees_its_kinds(client: FlaskClient, role: Role, kinds: set[str]) -> None:
    """As the role table says; a kind that is not for the role is refused."""
    practice = a_practice()
    url, _ = _an_eventful_patient(client, practice)
    own = url.split("/")[-3] if role is Role.PATIENT else None
    headers = signed_in(client, a_user(practice, role, own))  # type: ignore[arg-type]
    assert {item["kind"] for item in client.get(url, headers=headers).json["results"]} == kinds
    hidden = {"reading", "alert", "note", "record", "billing_entry"} - kinds
    assert {client.get(f"{url}?kind={kind}", headers=headers).status_code for kind in hidden} == {403}


def test_another_practices_patient_has_no_timeline(client: FlaskClient) -> None:
    """404."""
    url, _ = _an_eventful_patient(client)
    assert client.get(url, headers=signed_in(client, a_user())).status_code == 404


def test_the_statements_do_not_grow_with_the_items(client: FlaskClient) -> None:
    """One a kind, however much happened."""
    url, manager = _an_eventful_patient(client)
    headers = signed_in(client, manager)
    client.get(url, headers=headers)
    with counting() as few:
        client.get(url, headers=headers)
    patient_id = url.split("/")[-3]
    client.post(f"{PATIENTS}{patient_id}/unarchive/", headers=headers)
    for day in range(8):
        a_reading(manager.actor, patient_id, 160, measured_at=datetime.now(UTC) - timedelta(days=day, hours=1))
    with counting() as many:
        client.get(f"{url}?page_size=100", headers=headers)
    assert (few, few.statements) == (many, 12)
