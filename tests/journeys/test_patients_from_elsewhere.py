"""Patients who come from elsewhere: from a file to the first reading, and from the medical record twice."""

from datetime import UTC, datetime

from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.builders import a_body, a_user, signed_in
from tests.fhir_server import fhir_server
from tests.imports import done, send

FILE = (
    "\ufeffPatient First Name;Surname;DOB;Sex;Chart No;Mobile;Street;City;State;Zip code\r\n"
    'Rosa;"Alvarez; Ruiz";3/15/1958;F;C-100;(217) 555-0101;"1 Main St\r\nApt 2";Springfield;IL;62701\r\n'
    "Otto;Keller;1949-11-30;M;C-101;;;;;\r\n"
    "Nobody;;1/1/1950;F;C-102;;;;;\r\n"
)


def test_a_patient_is_enrolled_from_a_file_to_the_first_reading(client: FlaskClient) -> None:
    """Dry run, import, the list, a reading, the board, FHIR."""
    nurse = signed_in(client, a_user(role=Role.NURSE))
    checked = send(client, nurse, FILE, "dry_run=true").json
    assert (checked["created"], [(one["row"], one["column"]) for one in checked["errors"]]) == (2, [(4, "last_name")])
    imported = done(client, nurse, FILE)
    assert (imported["state"], imported["created"], imported["failed"]) == ("done", 2, 1)

    rosa = client.get("/api/v1/patients/?search=alvarez", headers=nurse).json["results"][0]
    assert (rosa["mrn"], rosa["date_of_birth"], rosa["phone"]) == ("C-100", "1958-03-15", "+12175550101")
    reading = client.post("/api/v1/ingestion/blood-pressure/", json=a_body(rosa["id"], systolic=151), headers=nurse)
    assert reading.json["alert_triggered"] is True
    board = client.get("/api/v1/triage/patients/?has_unack_alerts=true", headers=nurse).json["results"]
    assert [line["patient_id"] for line in board] == [rosa["id"]]
    resource = client.get(f"/api/v1/fhir/observations/{reading.json['id']}/", headers=nurse).json
    assert resource["subject"]["reference"] == f"Patient/{rosa['id']}"

    again = done(client, nurse, FILE, "on_existing=update")
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 2)


def test_a_patient_is_imported_from_the_emr_twice(client: FlaskClient) -> None:
    """Connect, search, import; again: nothing; after a change there: seen first, then taken; one record all along."""
    admin = signed_in(client, a_user(role=Role.ADMIN))
    with fhir_server() as emr:
        client.put("/api/v1/integrations/emr/", json={"base_url": emr.url}, headers=admin)
        found = client.get("/api/v1/patients/ecw/search/?name=baxter&birthdate=1987-02-20", headers=admin).json
        order = {"external_id": found["results"][0]["external_id"]}
        statuses = [_take(client, admin, order)["status"] for _ in range(2)]
        assert statuses == ["created", "unchanged"]

        emr.patients["example"]["telecom"][0]["value"] = "217-555-0199"
        preview = _take(client, admin, {**order, "preview": True})
        assert preview["changes"] == [{"field": "phone", "before": "+15555555555", "after": "+12175550199"}]
        assert _take(client, admin, {**order, "confirm": preview["confirm"]})["status"] == "updated"

    patients = client.get("/api/v1/patients/", headers=admin).json["results"]
    assert [(one["external_id"], one["phone"]) for one in patients] == [("example", "+12175550199")]
    moment = datetime.now(UTC).isoformat()
    reading = client.post(
        "/api/v1/ingestion/blood-pressure/", json=a_body(patients[0]["id"], measured_at=moment), headers=admin
    )
    assert (reading.status_code, reading.json["fhir_status"]) == (201, "pending")


def _take(client: FlaskClient, headers: dict[str, str], order: dict[str, object]) -> dict[str, object]:
    answer: dict[str, object] = client.post("/api/v1/patients/ecw/import/", json=order, headers=headers).json
    return answer
