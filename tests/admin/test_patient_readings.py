"""Readings in the console: decided on, corrected, and day by day."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.admin.visits import enter, token, version_on
from tests.builders import Person, a_patient, a_reading, a_user


@pytest.fixture
def doctor(client: FlaskClient) -> Person:
    """Somebody signed in."""
    person = a_user()
    enter(client, person)
    return person


def fill(client: FlaskClient, page: str, act: str, **fields: str) -> int:
    """Send one of the forms of a reading's page."""
    form = {"csrf_token": token(client, page), "version": version_on(client, page), **fields}
    return client.post(f"{page}/{act}", data=form).status_code


def test_a_reading_is_made_void_with_a_reason_only(client: FlaskClient, doctor: Person) -> None:
    """And then says so, with the reason."""
    patient = a_patient(doctor.actor)
    page = f"/admin/patients/{patient.id}/readings/{a_reading(doctor.actor, patient.id).observation.id}"
    assert fill(client, page, "void") == 400
    assert fill(client, page, "void", reason="Cuff on the wrong arm") == 303
    shown = client.get(page).text
    assert "Cuff on the wrong arm" in shown
    assert f"{page}/void" not in shown


def test_a_correction_replaces_a_reading(client: FlaskClient, doctor: Person) -> None:
    """Numbers are checked as by the API; the table shows both."""
    patient = a_patient(doctor.actor)
    page = f"/admin/patients/{patient.id}/readings/{a_reading(doctor.actor, patient.id, 199).observation.id}"
    assert fill(client, page, "correct", systolic="many", diastolic="70") == 400
    assert fill(client, page, "correct", systolic="NaN", diastolic="70") == 400
    assert fill(client, page, "correct", systolic="129", diastolic="70") == 303
    tab = f"/admin/patients/{patient.id}/vitals"
    assert "129/70" in client.get(f"{tab}?status=final").text
    assert "199/75" in client.get(f"{tab}?status=void").text


@pytest.mark.parametrize(("act", "says"), [("accept", "Counts"), ("reject", "Rejected")])
def test_a_reading_in_quarantine_is_decided_on(client: FlaskClient, doctor: Person, act: str, says: str) -> None:
    """By clinicians."""
    patient = a_patient(doctor.actor)
    odd = a_reading(doctor.actor, patient.id, 70).observation
    page = f"/admin/patients/{patient.id}/readings/{odd.id}"
    assert "Systolic is not at least" in client.get(page).text
    assert fill(client, page, act) == 303
    assert says in client.get(page).text


def test_a_reading_stands_under_its_own_patient_only(client: FlaskClient, doctor: Person) -> None:
    """And never in another practice."""
    stranger = a_user()
    theirs = a_patient(stranger.actor)
    mine, other = a_patient(doctor.actor), a_patient(doctor.actor)
    reading = a_reading(doctor.actor, mine.id).observation.id
    foreign = a_reading(stranger.actor, theirs.id).observation.id
    for path in (f"{other.id}/readings/{reading}", f"{theirs.id}/readings/{foreign}", f"{mine.id}/readings/{foreign}"):
        assert client.get(f"/admin/patients/{path}").status_code == 404


@pytest.mark.parametrize("span", ["day", "week", "month", "year"])
def test_each_span_is_drawn(client: FlaskClient, doctor: Person, span: str) -> None:
    """A year by its daily means; what is older than the span is in the table only."""
    patient = a_patient(doctor.actor)
    a_reading(doctor.actor, patient.id, 131)
    a_reading(doctor.actor, patient.id, 177, measured_at=datetime.now(UTC) - timedelta(days=400))
    page = client.get(f"/admin/patients/{patient.id}/vitals?span={span}").text
    assert ("mean of the day" in page) == (span == "year")
    assert "177/75" in page
    assert "177.0" not in page


def test_the_days_that_are_shown_stand_in_the_form(client: FlaskClient, doctor: Person) -> None:
    """So that one changes an end of them instead of typing both."""
    page = client.get(f"/admin/patients/{a_patient(doctor.actor).id}/vitals/days?from=2026-01-02&to=2026-01-09").text
    assert 'name="from" type="date" value="2026-01-02"' in page
    assert 'name="to" type="date" value="2026-01-09"' in page


def test_days_say_why_they_do_not_count(client: FlaskClient, doctor: Person) -> None:
    """Billing may see them."""
    patient = a_patient(doctor.actor)
    a_reading(doctor.actor, patient.id)
    path = f"/admin/patients/{patient.id}/vitals/days"
    assert "manual" in client.get(path).text
    client.delete_cookie("vantrexia_dev")
    enter(client, a_user(doctor.actor.practice_id, Role.BILLING_MANAGER))
    assert client.get(path).status_code == 200
    assert client.get(f"/admin/patients/{patient.id}/vitals").status_code == 403
