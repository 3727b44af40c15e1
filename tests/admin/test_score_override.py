"""The form for a clinician's own score: set with reason and expiry, shown beside the computed one, taken back."""

from uuid import UUID

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.admin.visits import enter, send
from tests.builders import Person, a_patient, a_reading, a_user


@pytest.fixture
def nurse() -> Person:
    """Who knows the patient."""
    return a_user(role=Role.NURSE)


@pytest.fixture
def patient_id(nurse: Person) -> UUID:
    """Somebody whose values are in range."""
    patient = a_patient(nurse.actor)
    a_reading(nurse.actor, patient.id, 120)
    return patient.id


def test_a_score_is_set_and_taken_back(client: FlaskClient, nurse: Person, patient_id: UUID) -> None:
    """It says who, until when and why; then the computed one stands again."""
    page = f"/admin/patients/{patient_id}"
    enter(client, nurse)
    fields = {"risk_score": "80", "days": "3", "reason": "Fell at home."}
    assert send(client, f"{page}/score-override", page, **fields).status_code == 303
    shown = client.get(page).text
    assert "Set to 80 by a clinician until" in shown
    assert "Fell at home." in shown
    assert send(client, f"{page}/score-override/end", page).status_code == 303
    assert "Set to 80 by a clinician" not in client.get(page).text
    decided = client.get("/admin/decisions").text
    assert ("to 80" in decided, "taken back" in decided) == (True, True)


@pytest.mark.parametrize(
    "changed", [{"risk_score": "0"}, {"risk_score": "101"}, {"risk_score": "x"}, {"days": "5"}, {"reason": " "}]
)
def test_what_makes_no_sense_stands_beside_its_field(
    client: FlaskClient, nurse: Person, patient_id: UUID, changed: dict[str, str]
) -> None:
    """And what was typed stays."""
    page = f"/admin/patients/{patient_id}"
    enter(client, nurse)
    fields = {"risk_score": "80", "days": "3", "reason": "Fell at home.", **changed}
    answer = send(client, f"{page}/score-override", page, **fields)
    assert (answer.status_code, "field-error" in answer.text) == (400, True)


@pytest.mark.parametrize("role", [Role.MA, Role.DATA_MONITOR])
def test_who_may_not_has_no_form(client: FlaskClient, nurse: Person, patient_id: UUID, role: Role) -> None:
    """And is refused."""
    page = f"/admin/patients/{patient_id}"
    enter(client, a_user(nurse.actor.practice_id, role))
    assert "Set the score" not in client.get(page).text
    assert send(client, f"{page}/score-override", page, risk_score="80", days="3", reason="No.").status_code == 403
