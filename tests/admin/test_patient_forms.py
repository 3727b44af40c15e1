"""Creating a patient, correcting, archiving and merging their record in the console."""

from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from app.services.patients.records import get_patient, update_patient
from tests.admin.visits import enter, token
from tests.builders import Person, a_patient, a_user, in_house

NEW = "/admin/patients/new"
PERSON = {
    "first_name": "Ruth",
    "last_name": "Alvarez",
    "date_of_birth": "1958-03-15",
    "gender": "female",
    "timezone": "America/Chicago",
}


@pytest.fixture
def manager(client: FlaskClient) -> Person:
    """Somebody signed in who may do all this."""
    person = a_user(role=Role.CLINICAL_MANAGER)
    enter(client, person)
    return person


def _send(client: FlaskClient, path: str, **fields: Any) -> Any:
    return client.post(path, data={"csrf_token": token(client, NEW), **fields})


def _edited(client: FlaskClient, person: Person, patient_id: Any, **fields: Any) -> Any:
    """Send the form of a record as a browser would: with all that it shows."""
    with in_house(person.actor):
        patient = get_patient(person.actor, patient_id)
        shown = {name: str(getattr(patient, name)) for name in (*PERSON, "mrn", "version")}
        shown["conditions"] = ", ".join(patient.conditions)
    return _send(client, f"/admin/patients/{patient_id}/edit", **{**shown, **fields})


def test_a_patient_is_created_with_everything(client: FlaskClient, manager: Person) -> None:
    """And shown, with names instead of numbers."""
    nurse = a_user(manager.actor.practice_id, Role.NURSE)
    more = {"conditions": "i10, E11.65", "nurse_id": str(nurse.actor.user_id), "ssn": "212-34-9999",
            "address.line1": "1 Elm St", "address.state": "IL", "payers.0.payer": "Medicare",
            "payers.0.member_id": "M-1", "phone": "2175550101",
            "emergency_contact.name": "Bo", "emergency_contact.phone": "2175550102"}  # fmt: skip
    answer = _send(client, NEW, **PERSON, **more)
    assert answer.status_code == 303, answer.text
    page = client.get(answer.location).text
    for text in (
        "Ruth Alvarez",
        "Essential (primary) hypertension",
        "ends in 9999",
        "Pat Tester",
        "Medicare, member M-1",
    ):
        assert text in page, text
    assert "212-34" not in page


def test_a_refused_form_says_what_is_wrong_beside_each_field_and_keeps_what_was_typed(
    client: FlaskClient, manager: Person
) -> None:
    """400, from the API's own schemas, inner fields too."""
    wrong = {"last_name": "", "conditions": "E11", "payers.1.payer": "Aetna", "address.zip": "1"}
    answer = _send(client, NEW, **{**PERSON, **wrong})
    assert answer.status_code == 400
    for field in ("last_name", "conditions", "payers-0-member_id", "address-zip"):
        assert f'id="patient-{field}-error"' in answer.text, field
    assert 'value="Ruth"' in answer.text and 'value="Aetna"' in answer.text  # noqa: PT018 - one thought


def test_who_may_be_known_is_shown_and_created_only_when_that_is_asked_for(
    client: FlaskClient, manager: Person
) -> None:
    """409 with a link to the record, then anyway."""
    known = a_patient(manager.actor, first_name="Ruth", last_name="Alvarez", date_of_birth=date(1958, 3, 15))
    asked = _send(client, NEW, **PERSON)
    assert asked.status_code == 409
    assert f'href="/admin/patients/{known.id}"' in asked.text
    assert "same name and birth date" in asked.text
    assert _send(client, NEW, **PERSON, allow_duplicate="yes").status_code == 303


def test_payers_take_the_order_that_is_asked_for(client: FlaskClient, manager: Person) -> None:
    """Whatever row they were typed into."""
    rows = {"payers.0.payer": "Second", "payers.0.member_id": "2", "payers.0.order": "2",
            "payers.1.payer": "First", "payers.1.member_id": "1", "payers.1.order": "1"}  # fmt: skip
    page = client.get(_send(client, NEW, **PERSON, **rows).location).text
    assert page.index("First, member 1") < page.index("Second, member 2")


def test_a_record_is_corrected_and_what_was_left_alone_stays(client: FlaskClient, manager: Person) -> None:
    """The social security number, which the form does not show, too."""
    patient = a_patient(manager.actor, ssn="212-34-9999", conditions=("I10",))
    answer = _edited(client, manager, patient.id, first_name="Anna", phone="2175550101", conditions="I10, E11.65")
    assert answer.status_code == 303, answer.text
    page = client.get(answer.location).text
    assert all(text in page for text in ("Anna Example", "+12175550101", "E11.65", "ends in 9999"))


def test_an_emptied_field_is_emptied_and_the_ssn_only_when_that_is_ticked(client: FlaskClient, manager: Person) -> None:
    """Blank means none, but for what nobody can see."""
    patient = a_patient(manager.actor, ssn="212-34-9999", phone="+12175550101")
    _edited(client, manager, patient.id, phone="", remove_ssn="yes")
    with in_house(manager.actor):
        now = get_patient(manager.actor, patient.id)
        assert (now.phone, now.ssn_last_four) == (None, None)


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(client: FlaskClient, manager: Person) -> None:
    """412 with a sentence and the way to the record as it is."""
    patient = a_patient(manager.actor)
    with in_house(manager.actor):
        update_patient(manager.actor, patient.id, {"first_name": "Theirs"}, None)
    answer = _edited(client, manager, patient.id, first_name="Mine", version=str(patient.version))
    assert (answer.status_code, "Somebody changed this since you opened it" in answer.text) == (412, True)
    assert 'value="Mine"' in answer.text
    assert "Theirs" in client.get(f"/admin/patients/{patient.id}").text


def test_a_form_that_does_not_say_what_it_was_filled_in_for_changes_nothing(
    client: FlaskClient, manager: Person
) -> None:
    """400: an old page, or none of ours."""
    answer = _send(client, f"/admin/patients/{a_patient(manager.actor).id}/edit", **PERSON)
    assert (answer.status_code, "Open it anew" in answer.text) == (400, True)


def test_a_record_is_archived_with_a_reason_and_brought_back(client: FlaskClient, manager: Person) -> None:
    """Without a reason it is refused beside the field."""
    patient = a_patient(manager.actor)
    page = f"/admin/patients/{patient.id}"
    assert _send(client, f"{page}/archive", version=str(patient.version)).status_code == 400
    assert _send(client, f"{page}/archive", version=str(patient.version), reason="moved to Maine").status_code == 303
    assert "moved to Maine" in client.get(page).text
    assert _send(client, f"{page}/unarchive", version=str(patient.version + 1), reason="back").status_code == 303
    assert "Archive this record" in client.get(page).text


def test_two_records_are_merged_after_a_look_and_a_confirmation(client: FlaskClient, manager: Person) -> None:
    """The duplicate's page then leads to the record that stays."""
    kept, twin = (a_patient(manager.actor, last_name=name) for name in ("Kept", "Twin"))
    path = f"/admin/patients/{kept.id}/merge"
    assert f"duplicate_id={twin.id}" in client.get(f"{path}?search=twin").text
    assert "cannot be undone" in client.get(f"{path}?duplicate_id={twin.id}").text
    fields = {"duplicate_id": str(twin.id), "reason": "typed twice"}
    unconfirmed = _send(client, path, **fields)
    assert (unconfirmed.status_code, 'id="merge-confirm-error"' in unconfirmed.text) == (400, True)
    assert _send(client, path, **fields, confirm="yes").status_code == 303
    assert f'merged into <a href="/admin/patients/{kept.id}"' in client.get(f"/admin/patients/{twin.id}").text


@pytest.mark.parametrize("sent", ["", "no id", "01a20af7-0000-7000-8000-0000deadbeef"])
def test_a_merge_with_nothing_is_refused(client: FlaskClient, manager: Person, sent: str) -> None:
    """400 for what is no id, 404 for nobody's."""
    path = f"/admin/patients/{a_patient(manager.actor).id}/merge"
    answer = _send(client, path, duplicate_id=sent, reason="x", confirm="yes")
    assert answer.status_code == (404 if sent.startswith("01a2") else 400)


def test_codes_are_explained_while_they_are_typed(client: FlaskClient, manager: Person) -> None:
    """And what is wrong with them."""
    text = client.get("/admin/diagnoses?conditions=i10,E11,X").text
    assert "Essential (primary) hypertension" in text
    assert "E11 is a category" in text and "Not in the form" in text  # noqa: PT018 - one thought


@pytest.mark.parametrize(
    ("role", "sees"),
    [(Role.NURSE, (True, True, False)), (Role.DATA_MONITOR, (False, False, False)), (Role.ADMIN, (True, True, True))],
)
def test_who_may_not_is_offered_nothing(client: FlaskClient, role: Role, sees: tuple[bool, ...]) -> None:
    """A new patient, the edit form, the merge."""
    person = a_user(role=role)
    patient = a_patient(a_user(person.actor.practice_id).actor)
    enter(client, person)
    texts = [client.get(path).text for path in ("/admin/patients", f"/admin/patients/{patient.id}")]
    assert ("New patient" in texts[0], "Edit the record" in texts[1], "Merge a duplicate" in texts[1]) == sees
