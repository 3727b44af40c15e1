"""The walk: one reading through every room of the house."""

from flask.testing import FlaskClient

from tests.builders import a_body, a_patient, a_user, signed_in


def test_a_high_reading_travels_from_post_to_board_to_fhir(client: FlaskClient) -> None:
    """Alert, board, FHIR."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    headers = signed_in(client, doctor)
    answer = client.post("/api/v1/ingestion/blood-pressure/", json=a_body(patient.id, systolic=142), headers=headers)
    print(answer.text)
    assert answer.status_code == 201
    for url in (
        "/api/v1/patients/",
        "/api/v1/patients/?search=exam",
        "/api/v1/patients/?ordering=last_name",
        f"/api/v1/patients/{patient.id}/",
        "/api/v1/triage/patients/",
        "/api/v1/triage/patients/stats/",
        f"/api/v1/fhir/observations/{answer.json['id']}/",
        "/api/v1/billing/entries/",
        "/api/v1/auth/me/",
        "/health/",
        "/health/ready",
        "/api/v1/openapi.json",
        "/nope",
    ):
        got = client.get(url, headers=headers)
        print(url, got.status_code, got.text[:300], dict(got.headers) if url == "/nope" else "")
