"""Patients as a file."""

import csv
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.domain.roles import Role
from app.extensions import db
from app.models import AuditEvent
from tests.builders import Person, a_patient, a_user, in_house, signed_in
from tests.imports import counts, send

URL = "/api/v1/patients/export/"


@pytest.fixture
def admin() -> Person:
    """Somebody who may export."""
    return a_user(role=Role.ADMIN)


def _rows(client: FlaskClient, person: Person, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"{URL}?{query}", headers=signed_in(client, person))
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    return list(csv.DictReader(answer.text.splitlines()))


def test_an_export_has_every_patient_once_in_the_lists_order(
    client: FlaskClient, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over several parts, in both directions."""
    monkeypatch.setattr("app.services.patient_files.export._PART", 3)
    for name in "ABCDEFG":
        a_patient(admin.actor, last_name=name)
    names = [row["last_name"] for row in _rows(client, admin, "ordering=-created_at")]
    assert (names, [row["last_name"] for row in _rows(client, admin)]) == (list("GFEDCBA"), list("ABCDEFG"))


def test_an_export_takes_the_lists_filters(client: FlaskClient, admin: Person) -> None:
    """Search and order by name."""
    for name in ("Zoe", "Zara", "Bob"):
        a_patient(admin.actor, first_name=name, last_name=name)
    assert [row["first_name"] for row in _rows(client, admin, "search=z&ordering=last_name")] == ["Zara", "Zoe"]
    assert _rows(client, admin, "active=false") == []


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_s41_no_cell_is_a_formula(client: FlaskClient, admin: Person, name: str) -> None:
    """An apostrophe before the sign."""
    a_patient(admin.actor, first_name=name, phone="+12175550101")
    row = _rows(client, admin)[0]
    assert (row["first_name"], row["phone"]) == (f"'{name}", "'+12175550101")


def test_what_was_exported_can_be_imported(client: FlaskClient, admin: Person) -> None:
    """Nothing is changed by it."""
    a_patient(admin.actor, first_name="-Ann", phone="+12175550101", mrn="A-1")
    file = client.get(URL, headers=signed_in(client, admin)).text
    report = send(client, signed_in(client, admin), file, "dry_run=true&on_existing=update").json
    assert (counts(report), report["preview"][0]["fields"]["phone"]) == ((0, 0, 1, 0, 0), "+12175550101")


def test_s44_an_export_is_recorded_with_everybody_in_it(client: FlaskClient, admin: Person) -> None:
    """Before a byte of it leaves."""
    patient = a_patient(admin.actor)
    _rows(client, admin)
    with in_house(admin.actor):
        events = list(db.session.scalars(select(AuditEvent).where(AuditEvent.action == "patient:export")))
    assert [(event.user_id, event.subject_ids) for event in events] == [(admin.actor.user_id, [patient.id])]


def test_s27_an_export_has_no_patient_of_another_practice(client: FlaskClient, admin: Person) -> None:
    """Only one's own."""
    a_patient(a_user().actor)
    assert _rows(client, admin) == []


@pytest.mark.parametrize("role", [Role.PROVIDER, Role.NURSE, Role.DATA_MONITOR, Role.PATIENT])
def test_only_administrators_and_clinical_managers_export(client: FlaskClient, role: Role) -> None:
    """403 for the others, and an unknown parameter is 400 for those who may."""
    person = a_user(role=Role.CLINICAL_MANAGER)
    answer = client.get(f"{URL}?page=1", headers=signed_in(client, person))
    assert answer.status_code == 400
    assert client.get(URL, headers=signed_in(client, _as(role))).status_code == 403


def _as(role: Role) -> Person:
    if role is not Role.PATIENT:
        return a_user(role=role)
    patient = a_patient(a_user().actor)
    return a_user(patient.practice_id, role, patient.id)


def test_s27_an_export_that_nobody_reads_lends_its_reader_to_nobody(client: FlaskClient, admin: Person) -> None:
    """What the same thread serves next is asked for by somebody else."""
    unread = client.get(URL, headers=signed_in(client, admin))
    answer = client.get(URL, headers=signed_in(client, a_user(admin.actor.practice_id, Role.NURSE)))
    assert (unread.status_code, answer.status_code) == (200, 403)
