"""Acknowledging an alert in the console."""

from uuid import UUID

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.admin.visits import enter, token
from tests.builders import Person, a_patient, a_reading, a_user


def _alerted(doctor: Person) -> tuple[str, UUID]:
    """Return a patient's page and the id of the one alert on it."""
    patient = a_patient(doctor.actor)
    alert = a_reading(doctor.actor, patient.id, 190).alert
    assert alert is not None
    return f"/admin/patients/{patient.id}", alert.id


def test_without_scripts_the_button_leads_back_to_the_patient(client: FlaskClient) -> None:
    """Where the alert is now acknowledged."""
    doctor = a_user()
    page, alert_id = _alerted(doctor)
    form = {"csrf_token": token(enter(client, doctor), page)}
    answer = client.post(f"/admin/alerts/{alert_id}/acknowledge", data=form)
    assert (answer.status_code, answer.location) == (303, f"{page}#alerts")
    assert "Acknowledged by you" in client.get(page).text


def test_htmx_gets_the_alert_and_the_new_count(client: FlaskClient) -> None:
    """A part of a page; the token comes as a header."""
    doctor = a_user()
    page, alert_id = _alerted(doctor)
    headers = {"X-CSRFToken": token(enter(client, doctor), page), "HX-Request": "true"}
    answer = client.post(f"/admin/alerts/{alert_id}/acknowledge", headers=headers)
    assert answer.text.strip().startswith(f'<li class="alert alert--critical is-seen" id="alert-{alert_id}">')
    assert 'hx-swap-oob="true">0 not acknowledged' in answer.text


@pytest.mark.parametrize("role", [Role.DATA_MONITOR, Role.ADMIN])
def test_who_may_not_acknowledge_sees_no_button_and_is_refused(client: FlaskClient, role: Role) -> None:
    """Hidden and locked."""
    doctor = a_user()
    page, alert_id = _alerted(doctor)
    enter(client, a_user(doctor.actor.practice_id, role))
    assert "/acknowledge" not in client.get(page).text
    form = {"csrf_token": token(client, page)}
    assert client.post(f"/admin/alerts/{alert_id}/acknowledge", data=form).status_code == 403


def test_another_practices_alert_is_not_there(client: FlaskClient) -> None:
    """And stays unacknowledged."""
    _, alert_id = _alerted(a_user())
    form = {"csrf_token": token(enter(client, a_user()), "/admin/patients")}
    assert client.post(f"/admin/alerts/{alert_id}/acknowledge", data=form).status_code == 404
