"""The audit trail's reports: searched, sorted, exported, each of which is recorded itself."""

import csv
import io
import json
from uuid import uuid4

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from flask.testing import FlaskClient

from app.audit.verify import Broken, Trust, read_anchor, verify_file
from app.domain.audit import AUDIT_ORDERINGS
from app.domain.roles import Role
from app.services.audit.reports import safe_cell
from app.services.audit.sealing import seal_events, sealer
from tests.builders import Person, a_patient, a_reading, a_user, signed_in
from tests.documents import pdf_words

EVENTS, EXPORT, SEALS, TRAIL = (f"/api/v1/audit/{part}/" for part in ("events", "events/export", "seals", "trail"))


@pytest.fixture
def practice(client: FlaskClient) -> tuple[Person, Person, dict[str, str]]:
    """An administrator, a doctor who read a patient and was refused another, and the administrator's token."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    headers = signed_in(client, doctor)
    client.get(f"/api/v1/patients/{patient.id}/", headers=headers)
    client.get("/api/v1/patients/", headers=headers)
    client.get(f"/api/v1/patients/{uuid4()}/", headers=headers)
    admin = a_user(doctor.actor.practice_id, Role.ADMIN)
    return admin, doctor, signed_in(client, admin)


def _found(client: FlaskClient, headers: dict[str, str], **query: object) -> list[dict]:
    answer = client.get(EVENTS, query_string={"page_size": 100, **query}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json["results"]


def test_s52_events_say_who_when_what_whose_and_how_it_went(client: FlaskClient, practice) -> None:
    """The person's address is resolved when the report is read."""
    _, doctor, headers = practice
    event = _found(client, headers, action="patient:read")[0]
    assert (event["user_email"], event["outcome"], event["ip"]) == (doctor.email, "success", "127.0.0.1")
    assert event["at"].endswith("Z")
    assert event["patient_id"] == event["resource_id"]


def test_s52_filters_narrow_and_combine(client: FlaskClient, practice) -> None:
    """By person, patient, action, outcome and time."""
    _, doctor, headers = practice
    read = _found(client, headers, action="patient:read", outcome="success", user_id=doctor.actor.user_id)[0]
    of_patient = {event["action"] for event in _found(client, headers, patient_id=read["patient_id"])}
    assert {"patient:read", "patient:list", "patient:create"} <= of_patient
    assert [event["reason"] for event in _found(client, headers, outcome="refused")] == ["not_found"]
    assert _found(client, headers, to=read["at"], action="patient:read") == []
    assert read in _found(client, headers, **{"from": read["at"]})


@pytest.mark.parametrize("ordering", AUDIT_ORDERINGS)
def test_s52_every_element_sorts_both_ways(client: FlaskClient, practice, ordering: str) -> None:
    """What has no value comes last."""
    events = _found(client, practice[2], ordering=ordering)
    values = [event[ordering.removeprefix("-")] for event in events]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=ordering.startswith("-"))
    assert values == [*known, *[None] * (len(values) - len(known))]


@pytest.mark.parametrize(
    "query", ["ordering=name", "outcome=lost", "user_id=x", "from=yesterday", "patient_id=1", "by=1"]
)
def test_what_cannot_be_asked_is_refused(client: FlaskClient, practice, query: str) -> None:
    """400 with the field."""
    answer = client.get(f"{EVENTS}?{query}", headers=practice[2])
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [query.split("=", maxsplit=1)[0]])


@pytest.mark.parametrize(
    ("url", "action"),
    [(EVENTS, "audit:search"), (EXPORT, "audit:export"), (SEALS, "audit:list_seals"), (TRAIL, "audit:export")],
)
def test_s52_each_report_is_recorded_itself(client: FlaskClient, practice, url: str, action: str) -> None:
    """With the administrator's name."""
    admin, _, headers = practice
    assert client.get(url, headers=headers).status_code == 200
    assert _found(client, headers, action=action)[-1]["user_id"] == admin.actor.user_id


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.ADMIN, Role.PATIENT}])
@pytest.mark.parametrize("url", [EVENTS, EXPORT, SEALS, TRAIL])
def test_only_administrators_read_the_trail(client: FlaskClient, role: Role, url: str) -> None:
    """403 for everybody else."""
    assert client.get(url, headers=signed_in(client, a_user(role=role))).status_code == 403


def test_another_practices_events_are_not_there(client: FlaskClient, practice) -> None:
    """Neither in the list, nor in the exports."""
    _, doctor, _ = practice
    stranger = signed_in(client, a_user(role=Role.ADMIN))
    assert doctor.email not in client.get(EXPORT, headers=stranger).text
    assert _found(client, stranger, user_id=doctor.actor.user_id) == []
    assert str(doctor.actor.practice_id) not in client.get(TRAIL, headers=stranger).text


def test_s52_csv_has_a_row_for_each_event(client: FlaskClient, practice) -> None:
    """The same events as the list, oldest first."""
    headers = practice[2]
    events = _found(client, headers, action="patient:read")
    answer = client.get(EXPORT, query_string={"action": "patient:read"}, headers=headers)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.mimetype == "text/csv"
    assert [(row["id"], row["user"], row["at"]) for row in rows] == [
        (str(event["id"]), event["user_email"], event["at"]) for event in reversed(events)
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_s41_cells_never_run_as_formulas(text: str) -> None:
    """A spreadsheet shows them."""
    assert safe_cell(text) == f"'{text}"


def test_s52_fhir_export_is_auditevents_that_validate(client: FlaskClient, practice) -> None:
    """Each line against FHIR R4B; reads claim the profile of IHE BALP."""
    answer = client.get(EXPORT, query_string={"format": "fhir"}, headers=practice[2])
    resources = [json.loads(line) for line in answer.text.splitlines()]
    assert all(AuditEvent.model_validate(resource).get_resource_type() == "AuditEvent" for resource in resources)
    read = next(one for one in resources if one["subtype"][-1].get("display") == "patient:read")
    profile = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead"
    assert (read["meta"]["profile"], read["action"], read["outcome"]) == ([profile], "R", "0")


def test_seals_tell_head_and_lag(client: FlaskClient, practice) -> None:
    """And the practice's own root."""
    seal_events()
    body = client.get(SEALS, headers=practice[2]).json
    assert (body["chain"]["is_late"], len(body["chain"]["head_hash"])) == (False, 64)
    assert body["results"][0]["events"] > 0
    assert body["chain"]["sealed_events"] == sum(seal["events"] for seal in body["results"])


def test_a_practice_verifies_its_own_trail(client: FlaskClient, practice, tmp_path) -> None:
    """Without seeing another's, and a changed event is found."""
    seal_events()
    a_user(practice[1].actor.practice_id)
    seal_events()
    trail = tmp_path / "trail.jsonl"
    trail.write_bytes(client.get(TRAIL, headers=practice[2]).data)
    assert verify_file(trail, Trust()).events == client.get(SEALS, headers=practice[2]).json["chain"]["sealed_events"]
    assert verify_file(trail, Trust()).seals == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [line.replace(b'"patient:read"', b'"patient:list"') for line in lines],
        lambda lines: [line for line in lines if b'"patient:read"' not in line],
        lambda lines: [lines[0], *lines[_second_seal(lines) :]],
        lambda lines: lines[: _second_seal(lines)],
        lambda lines: [line.replace(b'"count":', b'"count":1') if b'"seal"' in line else line for line in lines],
    ],
    ids=["edited", "removed", "beginning cut", "end cut", "root edited"],
)
def test_n3_a_practice_finds_what_was_changed_in_its_trail(client: FlaskClient, practice, tmp_path, change) -> None:
    """A trail that begins late says so; all else is broken."""
    seal_events()
    a_user(practice[1].actor.practice_id)
    seal_events()
    lines = client.get(TRAIL, headers=practice[2]).data.splitlines(keepends=True)
    trail = tmp_path / "trail.jsonl"
    trail.write_bytes(b"".join(change(lines)))
    try:
        notes = verify_file(trail, read_anchor(sealer.anchor.path)).notes
    except Broken:
        notes = ["broken"]
    assert notes == ["broken"] or "not part of this" in notes[0]


def _second_seal(lines: list[bytes]) -> int:
    return [n for n, line in enumerate(lines) if line.startswith(b'{"seal"')][1]


def _log(client: FlaskClient, person: Person, patient_id: object):
    return client.get(f"/api/v1/patients/{patient_id}/access-log/", headers=signed_in(client, person))


def test_n13_an_access_log_says_who_when_what_and_why(client: FlaskClient) -> None:
    """Lists that showed the patient included; reading the log is recorded in it."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    client.get("/api/v1/patients/", headers=signed_in(client, doctor))
    admin = a_user(doctor.actor.practice_id, Role.ADMIN)
    first = _log(client, admin, patient.id).json["results"]
    assert [(one["who"], one["role"], one["action"]) for one in first[:2]] == [
        ("Pat Tester", "provider", "patient:list"), ("Pat Tester", "provider", "patient:create"),
    ]  # fmt: skip
    assert _log(client, admin, patient.id).json["results"][0]["action"] == "patient:access_log"


def _report(client: FlaskClient, person: Person, patient_id: object):
    return client.get(f"/api/v1/patients/{patient_id}/access-log/export/", headers=signed_in(client, person))


def test_n13_an_access_log_is_a_pdf_that_says_the_same(client: FlaskClient) -> None:
    """For this patient only; making it is recorded in it, and its name names nobody."""
    doctor = a_user()
    patient, other = a_patient(doctor.actor), a_patient(doctor.actor, first_name="Somebodyelse")
    answer = _report(client, a_user(doctor.actor.practice_id, Role.PATIENT, patient.id), patient.id)
    words = pdf_words(answer.data)
    assert (answer.mimetype, answer.data[:5]) == ("application/pdf", b"%PDF-")
    assert answer.headers["Content-Disposition"] == f"attachment; filename=access-log-{patient.id}.pdf"
    assert all(said in words for said in (patient.last_name, "patient: create", "provider", "success"))
    assert (other.first_name in words, words.count("patient: create")) == (False, 1)
    admin = a_user(doctor.actor.practice_id, Role.ADMIN)
    assert _log(client, admin, patient.id).json["results"][0]["action"] == "patient:access_log"


def test_n13_a_pdf_of_anothers_access_log_is_not_found(client: FlaskClient) -> None:
    """As the list."""
    doctor = a_user()
    own, other = a_patient(doctor.actor), a_patient(doctor.actor)
    person = a_user(doctor.actor.practice_id, Role.PATIENT, own.id)
    assert [_report(client, person, one).status_code for one in (other.id, uuid4())] == [404, 404]


def test_n13_a_long_access_log_says_how_much_of_it_is_shown(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest lines."""
    monkeypatch.setattr("app.services.audit.access_report.MOST_ROWS", 2)
    doctor = a_user()
    patient = a_patient(doctor.actor)
    admin = a_user(doctor.actor.practice_id, Role.ADMIN)
    for _ in range(3):
        _log(client, admin, patient.id)
    assert "the newest 2 of 4" in pdf_words(_report(client, admin, patient.id).data)


def test_n13_a_patient_sees_their_own_access_log_and_no_other(client: FlaskClient) -> None:
    """Another's looks like a random one."""
    doctor = a_user()
    own, other = a_patient(doctor.actor), a_patient(doctor.actor)
    person = a_user(doctor.actor.practice_id, Role.PATIENT, own.id)
    assert _log(client, person, own.id).json["count"] > 0
    assert [_log(client, person, one).status_code for one in (other.id, uuid4())] == [404, 404]


def test_n13_a_clinical_manager_sees_the_clinical_part(client: FlaskClient) -> None:
    """Not the refusals, which are for administrators."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    a_reading(doctor.actor, patient.id, 190)
    client.patch(f"/api/v1/patients/{patient.id}/", json={"x": 1}, headers=signed_in(client, doctor))
    manager = a_user(doctor.actor.practice_id, Role.CLINICAL_MANAGER)
    kinds = {one["resource_type"] for one in _log(client, manager, patient.id).json["results"]}
    assert {"patient", "observation", "alert"} <= kinds
    assert "request" not in kinds


@pytest.mark.parametrize("role", [Role.PROVIDER, Role.NURSE, Role.MA, Role.DATA_MONITOR, Role.BILLING_MANAGER])
def test_n13_the_access_log_is_for_a_narrow_role(client: FlaskClient, role: Role) -> None:
    """403."""
    doctor = a_user()
    person = a_user(doctor.actor.practice_id, role)
    assert _log(client, person, a_patient(doctor.actor).id).status_code == 403
