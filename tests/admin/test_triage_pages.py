"""The console's pages of triage, without scripts: forms, what roles see, what is refused."""

from uuid import UUID

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.admin.visits import enter, send, token, version_on
from tests.builders import Person, a_patient, a_reading, a_user


@pytest.fixture
def nurse() -> Person:
    """Who works through the queue."""
    return a_user(role=Role.NURSE)


def _alert(person: Person, systolic: int = 150, **names: str) -> tuple[UUID, UUID]:
    patient = a_patient(person.actor, **names)
    raised = a_reading(person.actor, patient.id, systolic).alert
    assert raised is not None
    return patient.id, raised.id


def test_ticked_alerts_leave_the_queue_and_the_filter_stays(client: FlaskClient, nurse: Person) -> None:
    """Back to the list as it was asked."""
    _, first = _alert(nurse)
    _, second = _alert(nurse, 190, last_name="Stays")
    enter(client, nurse)
    back = "/admin/alerts?level=warning"
    answer = send(client, "/admin/alerts/acknowledge", "/admin/alerts", alert_ids=[str(first)], back=back)
    assert (answer.status_code, answer.location) == (303, back)
    assert str(second) in client.get("/admin/alerts").text
    assert str(first) not in client.get("/admin/alerts").text


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "/admin/users"])
def test_the_queue_leads_nowhere_else(client: FlaskClient, nurse: Person, back: str) -> None:
    """Whatever the form says."""
    _, alert_id = _alert(nurse)
    enter(client, nurse)
    answer = send(client, "/admin/alerts/acknowledge", "/admin/alerts", only=str(alert_id), back=back)
    assert answer.location == "/admin/alerts"


def test_the_queue_is_asked_for_ones_own(client: FlaskClient, nurse: Person) -> None:
    """Only what was given to them."""
    _, mine = _alert(nurse)
    _, nobodys = _alert(nurse, 190)
    enter(client, nurse)
    me = str(nurse.actor.user_id)
    send(client, f"/admin/alerts/{mine}/assign", f"/admin/alerts/{mine}", assignee_id=me)
    shown = client.get(f"/admin/alerts?assignee={me}&acknowledged=any").text
    assert (str(mine) in shown, str(nobodys) in shown) == (True, False)
    assert f'<option value="{me}" selected>Me</option>' in shown


def test_acknowledging_nothing_is_refused(client: FlaskClient, nurse: Person) -> None:
    """In words."""
    _alert(nurse)
    enter(client, nurse)
    assert send(client, "/admin/alerts/acknowledge", "/admin/alerts").status_code == 400


def test_an_alert_is_put_off_assigned_and_resolved(client: FlaskClient, nurse: Person) -> None:
    """Each by its form."""
    _, alert_id = _alert(nurse)
    page = f"/admin/alerts/{alert_id}"
    enter(client, nurse)
    send(client, f"{page}/snooze", page, hours="2", reason="New pill.")
    assert "New pill." in client.get(page).text
    send(client, f"{page}/assign", page, assignee_id=str(nurse.actor.user_id))
    assert "Pat Tester" in client.get(page).text
    send(client, f"{page}/resolve", page, outcome="no_action_needed", note="White coat.")
    assert "No action needed. White coat." in client.get(page).text


@pytest.mark.parametrize(
    ("action", "fields", "told"),
    [
        ("resolve", {"outcome": "no_action_needed"}, "Please fill this in."),
        ("snooze", {"hours": "", "reason": "Wait."}, "Please fill this in."),
        ("assign", {"assignee_id": "999999999"}, "No such member of staff of the practice."),
    ],
)
def test_what_is_refused_stands_beside_its_field(
    client: FlaskClient, nurse: Person, action: str, fields: dict[str, str], told: str
) -> None:
    """And the alert waits on."""
    _, alert_id = _alert(nurse)
    page = f"/admin/alerts/{alert_id}"
    enter(client, nurse)
    answer = send(client, f"{page}/{action}", page, **fields)
    assert (answer.status_code, told in answer.text) == (400, True)


def test_the_drawer_is_a_page_of_its_own_without_scripts(client: FlaskClient, nurse: Person) -> None:
    """Escalating and reviewing from it."""
    patient_id, _ = _alert(nurse)
    page = f"/admin/triage/{patient_id}"
    enter(client, nurse)
    assert send(client, f"{page}/escalate", page, level="stat", reason="Dizzy.").location == page
    assert send(client, f"{page}/review", page, minutes="5", note="Called.").location == page
    shown = client.get(page).text
    assert "Dizzy." in shown
    assert nurse.email in shown
    assert send(client, f"{page}/review", page, minutes="five").status_code == 400


@pytest.mark.parametrize("role", [Role.DATA_MONITOR, Role.ADMIN])
def test_who_only_watches_sees_no_button(client: FlaskClient, nurse: Person, role: Role) -> None:
    """Neither in the queue nor in the drawer."""
    patient_id, alert_id = _alert(nurse)
    enter(client, a_user(nurse.actor.practice_id, role))
    pages = [
        client.get(path).text for path in ("/admin/alerts", f"/admin/alerts/{alert_id}", f"/admin/triage/{patient_id}")
    ]
    assert [page for page in pages if "Acknowledge</button>" in page or "Escalate</button>" in page] == []


def test_a_medical_assistant_acknowledges_and_does_no_more(client: FlaskClient, nurse: Person) -> None:
    """One button."""
    _, alert_id = _alert(nurse)
    enter(client, a_user(nurse.actor.practice_id, Role.MA))
    page = client.get(f"/admin/alerts/{alert_id}").text
    assert ("Acknowledge</button>" in page, "Resolve</button>" in page) == (True, False)


def test_the_schedule_is_saved_once_for_each_version(client: FlaskClient, nurse: Person) -> None:
    """Who saves over a newer one is told so."""
    enter(client, a_user(nurse.actor.practice_id, Role.CLINICAL_MANAGER))
    page, version = "/admin/on-call", version_on(client, "/admin/on-call")
    line = {"user_id": str(nurse.actor.user_id), "day": "monday", "date": "", "starts": "08:00", "ends": "18:00"}
    assert send(client, f"{page}/set", page, version=version, **line).status_code == 303
    assert send(client, f"{page}/set", page, version=version, **line).status_code == 412
    wrong = send(client, f"{page}/set", page, version=version_on(client, page), **{**line, "date": "2026-12-24"})
    assert (wrong.status_code, "one of the two" in wrong.text) == (400, True)


def test_nobody_but_managers_has_the_form_of_the_schedule(client: FlaskClient, nurse: Person) -> None:
    """Hidden and locked."""
    enter(client, nurse)
    assert "Save the schedule" not in client.get("/admin/on-call").text
    form = {"csrf_token": token(client, "/admin/alerts")} if "csrf_token" in client.get("/admin/alerts").text else {}
    assert client.post("/admin/on-call/set", data=form).status_code in {400, 403}
