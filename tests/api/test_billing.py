"""The billing ledger, over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.builders import a_patient, a_practice, a_user, signed_in

URL = "/api/v1/billing/entries/"


def _body(patient_id: object, /, **fields: Any) -> dict[str, Any]:
    basics = {"patient_id": str(patient_id), "cpt_code": "99457", "service_date": "2026-10-31", "amount": 51.77}
    return {**basics, "duration_minutes": 22, "payer": "Medicare", "icd10_codes": ["I10"], "notes": "called", **fields}


def _biller(client: FlaskClient) -> tuple[Any, dict[str, str]]:
    practice = a_practice()
    patient = a_patient(a_user(practice, Role.NURSE).actor, first_name="Jane", last_name="Doe")
    return patient.id, signed_in(client, a_user(practice, Role.BILLING_MANAGER))


def test_a_manual_entry_answers_in_the_documented_shape(client: FlaskClient) -> None:
    """Field for field, the amount a number with two decimals."""
    patient_id, headers = _biller(client)
    answer = client.post(URL, json=_body(patient_id, amount=52), headers=headers)
    assert (answer.status_code, '"amount":52.00,' in answer.text) == (201, True)
    assert answer.json == {
        **_body(patient_id, amount=52), "id": answer.json["id"], "patient_name": "Jane Doe", "status": "pending",
        "auto_generated": False, "created_at": answer.json["created_at"],
    }  # fmt: skip


def test_entries_are_listed_newest_service_first_and_filtered(client: FlaskClient) -> None:
    """Dates are inclusive."""
    patient_id, headers = _biller(client)
    for day in ("2026-10-01", "2026-10-31", "2026-11-01"):
        client.post(URL, json=_body(patient_id, service_date=day), headers=headers)

    def days(query: str) -> list[str]:
        return [line["service_date"] for line in client.get(f"{URL}?{query}", headers=headers).json["results"]]

    assert days("") == ["2026-11-01", "2026-10-31", "2026-10-01"]
    assert days("date_from=2026-10-01&date_to=2026-10-31&ordering=service_date") == ["2026-10-01", "2026-10-31"]
    assert days(f"patient_id={patient_id}&status=paid") == days("cpt_code=99458") == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "51.77"), ("amount", -1), ("amount", 1.005), ("amount", True), ("cpt_code", "12345"),
        ("cpt_code", 99457), ("service_date", "31.10.2026"), ("duration_minutes", 0), ("duration_minutes", 1.5),
        ("duration_minutes", True), ("icd10_codes", ["nonsense"]), ("icd10_codes", "I10"), ("status", "paid"),
        ("notes", "\ud800"), ("patient_id", "01a20af7-0000-7000-8000-000000000000"),
    ],
)  # fmt: skip
def test_a_bad_field_is_refused_by_name(client: FlaskClient, field: str, value: object) -> None:
    """A line that cannot be right is not entered."""
    patient_id, headers = _biller(client)
    body = _body(patient_id, **{field: value})
    if value == "\ud800":
        answer = client.post(URL, data='{"notes":"\\ud800"}', content_type="application/json", headers=headers)
    else:
        answer = client.post(URL, json=body, headers=headers)
    assert answer.status_code == 400
    assert field in answer.json["field_errors"]


@pytest.mark.parametrize(
    ("role", "read", "write"),
    [
        (Role.ADMIN, 200, 400), (Role.BILLING_MANAGER, 200, 400), (Role.PROVIDER, 200, 403),
        (Role.CLINICAL_MANAGER, 200, 403), (Role.NURSE, 403, 403), (Role.DATA_MONITOR, 403, 403),
    ],
)  # fmt: skip
def test_who_may_see_and_enter_lines(client: FlaskClient, role: Role, read: int, write: int) -> None:
    """400 is what a permitted caller gets for an empty line."""
    headers = signed_in(client, a_user(role=role))
    assert client.get(URL, headers=headers).status_code == read
    assert client.post(URL, json={}, headers=headers).status_code == write
