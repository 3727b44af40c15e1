"""The console's page of the audit trail."""

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from app.services.audit.sealing import seal_events
from tests.admin.visits import enter
from tests.builders import a_patient, a_user


def test_an_administrator_sees_the_state_of_the_proof_and_who_did_what(client: FlaskClient) -> None:
    """Names are resolved for the page; patients lead to their record."""
    doctor = a_user()
    a_patient(doctor.actor, first_name="Grace", last_name="Seen")
    seal_events()
    page = enter(client, a_user(doctor.actor.practice_id, Role.ADMIN)).get("/admin/audit?action=patient:create").text
    assert "Sealed and in time" in page
    assert doctor.email in page
    assert "Grace Seen" in page


def test_filters_come_from_the_form_as_days(client: FlaskClient) -> None:
    """The last day is included, blank fields count as absent."""
    admin = a_user(role=Role.ADMIN)
    page = enter(client, admin).get("/admin/audit?from=2000-01-01&to=2000-01-02&user_id=&action=&outcome=").text
    assert "Nothing was recorded that fits." in page


@pytest.mark.parametrize(
    ("path", "start"),
    [("export?format=csv", "at,id,user_id"), ("export?format=fhir&from=", '{"resourceType"'), ("trail", '{"manifest"')],
)
def test_what_was_found_can_be_downloaded(client: FlaskClient, path: str, start: str) -> None:
    """As files."""
    answer = enter(client, a_user(role=Role.ADMIN)).get(f"/admin/audit/{path}")
    assert answer.text.startswith(start)
    assert answer.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("path", ["audit", "audit/export", "audit/trail"])
def test_others_neither_see_nor_find_it(client: FlaskClient, path: str) -> None:
    """403, and no link."""
    nurse = enter(client, a_user(role=Role.NURSE))
    assert nurse.get(f"/admin/{path}").status_code == 403
    assert "/admin/audit" not in nurse.get("/admin/").text
