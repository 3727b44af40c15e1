"""The tabs of a patient's page, and who sees which."""

import re

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.admin.visits import enter, token
from tests.builders import Person, a_device, a_patient, a_reading, a_user

TABS = re.compile(r'<nav class="tabs".*?</nav>', re.DOTALL)


@pytest.fixture
def doctor(client: FlaskClient) -> Person:
    """Somebody signed in."""
    person = a_user()
    enter(client, person)
    return person


def test_each_tab_has_an_address_and_says_that_it_is_open(client: FlaskClient, doctor: Person) -> None:
    """One of them at a time."""
    page = f"/admin/patients/{a_patient(doctor.actor).id}"
    for tab in ("", "/vitals", "/thresholds", "/devices", "/consents", "/time", "/timeline"):
        shown = TABS.search(client.get(f"{page}{tab}").text)
        assert shown is not None, tab
        assert re.findall(r'href="([^"]+)" aria-current="page"', shown[0]) == [f"{page}{tab}"]


@pytest.mark.parametrize(
    ("role", "tabs"),
    [(Role.BILLING_MANAGER, ["Overview", "Consents", "Time", "Billing", "Timeline"]),
     (Role.DATA_MONITOR, ["Overview", "Vitals", "Thresholds", "Devices", "Consents", "Billing", "Timeline"])],
)  # fmt: skip
def test_a_tab_that_one_may_not_open_is_not_there(client: FlaskClient, role: Role, tabs: list[str]) -> None:
    """The matrix decides."""
    person = a_user(role=role)
    patient = a_patient(a_user(person.actor.practice_id).actor)
    shown = TABS.search(enter(client, person).get(f"/admin/patients/{patient.id}").text)
    assert shown is not None
    assert re.findall(r">(\w+)</a>", shown[0]) == tabs


def test_the_limits_in_force_are_shown(client: FlaskClient, doctor: Person) -> None:
    """With who set them and where they come from."""
    page = client.get(f"/admin/patients/{a_patient(doctor.actor).id}/thresholds").text
    assert "Nobody has confirmed these thresholds" in page
    assert all(text in page for text in ("Systolic BP", "Default 140", "Default 180", "Royal College", "bpm"))


def test_the_timeline_shows_one_kind_or_all_and_leads_on(client: FlaskClient, doctor: Person) -> None:
    """Newest first, by pages."""
    patient = a_patient(doctor.actor)
    for systolic in (121, 122, 190):
        a_reading(doctor.actor, patient.id, systolic)
    a_device(doctor.actor, patient.id)
    page = f"/admin/patients/{patient.id}/timeline"
    everything, readings = client.get(page).text, client.get(f"{page}?kind=reading&page_size=2").text
    assert "Device: Assigned" in everything and "Critical alert" in everything  # noqa: PT018 - one thought
    assert "Device: Assigned" not in readings
    assert (readings.index("190/75") < readings.index("122/75"), "121/75" in readings) == (True, False)
    assert "kind=reading&amp;page_size=2&amp;page=2" in readings


@pytest.mark.parametrize(("query", "status"), [("kind=nonsense", 400), ("page=0", 400), ("kind=billing_entry", 403)])
def test_a_kind_that_makes_no_sense_or_is_not_ones_own_is_refused(client: FlaskClient, query: str, status: int) -> None:
    """As by the API."""
    nurse = a_user(role=Role.NURSE)
    page = f"/admin/patients/{a_patient(nurse.actor).id}/timeline"
    assert enter(client, nurse).get(f"{page}?{query}").status_code == status


def test_a_note_is_written_and_an_empty_one_refused_beside_the_field(client: FlaskClient, doctor: Person) -> None:
    """With its author."""
    page = f"/admin/patients/{a_patient(doctor.actor).id}"
    csrf = {"csrf_token": token(client, page)}
    assert (
        client.post(f"{page}/notes", data={**csrf, "body": "Cuff too small.\n<b>Sent a larger one</b>"}).status_code
        == 303
    )
    shown = client.get(page).text
    assert "&lt;b&gt;Sent a larger one" in shown and "Pat Tester" in shown  # noqa: PT018 - one thought
    empty = client.post(f"{page}/notes", data=csrf)
    assert (empty.status_code, 'id="note-body-error"' in empty.text) == (400, True)


def test_notes_lead_to_older_ones(client: FlaskClient, doctor: Person) -> None:
    """By pages, like every list."""
    page = f"/admin/patients/{a_patient(doctor.actor).id}"
    for number in range(3):
        client.post(f"{page}/notes", data={"csrf_token": token(client, page), "body": f"note number {number}"})
    first, second = (client.get(f"{page}?page_size=2&page={number}").text for number in (1, 2))
    assert ("note number 2" in first, "note number 0" in first, "note number 0" in second) == (True, False, True)


def test_billing_reads_no_notes(client: FlaskClient, doctor: Person) -> None:
    """Nor may it write any."""
    page = f"/admin/patients/{a_patient(doctor.actor).id}"
    client.post(f"{page}/notes", data={"csrf_token": token(client, page), "body": "clinical"})
    client.delete_cookie("vantrexia_dev")
    enter(client, a_user(doctor.actor.practice_id, Role.BILLING_MANAGER))
    assert "clinical" not in client.get(page).text
    assert client.post(f"{page}/notes", data={"csrf_token": token(client, page), "body": "x"}).status_code == 403
