"""The whole record: identity, care team, conditions, payers, and how it is replaced and archived."""

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from deploy.local_postgres import LocalPostgres
from tests.api.test_patients import FIELDS, NEW, PATIENTS
from tests.builders import a_patient, a_practice, a_user, signed_in

PAYERS = [
    {"payer": "Medicare", "member_id": "1EG4-TE5-MK73", "starts_on": "2024-01-01", "ends_on": None},
    {"payer": "Aetna", "member_id": "W123", "starts_on": None, "ends_on": "2026-12-31"},
]
WHOLE = {
    **NEW, "timezone": "America/Chicago", "preferred_language": "es-MX", "conditions": ["I10", "E11.65"],
    "emergency_contact": {"name": "Mark Major", "phone": "+12175550188", "relationship": "son"}, "payers": PAYERS,
}  # fmt: skip


def test_a_whole_record_is_answered_as_it_was_sent(client: FlaskClient) -> None:
    """By POST and by GET."""
    headers = signed_in(client, a_user())
    created = client.post(PATIENTS, json=WHOLE, headers=headers)
    read = client.get(f"{PATIENTS}{created.json['id']}/", headers=headers)
    assert created.status_code == 201, created.text
    assert created.json | WHOLE == created.json == read.json


def test_the_list_keeps_its_documented_fields(client: FlaskClient) -> None:
    """The whole record is for who opens it."""
    headers = signed_in(client, a_user())
    client.post(PATIENTS, json=WHOLE, headers=headers)
    assert client.get(PATIENTS, headers=headers).json["results"][0].keys() == FIELDS


def test_a_social_security_number_goes_in_and_only_its_end_comes_out(
    client: FlaskClient, postgres: LocalPostgres
) -> None:
    """Neither in the answer nor in the table."""
    answer = client.post(PATIENTS, json={**NEW, "ssn": "123-45-6789"}, headers=signed_in(client, a_user()))
    row = postgres.query(f"SELECT encode(t::text::bytea, 'escape') FROM patients t WHERE id = '{answer.json['id']}'")
    assert (answer.json["ssn_last_four"], "ssn" in answer.json) == ("6789", False)
    assert [sign for sign in ("123456789", b"123456789".hex(), b"6789".hex()) if sign in row] == []


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("ssn", "666-45-6789", "ssn"), ("preferred_language", "english", "preferred_language"),
        ("conditions", ["I10", "I1O"], "conditions.1"), ("conditions", ["E11"], "conditions.0"),
        ("conditions", ["I10", "I10"], "conditions"), ("emergency_contact", {"name": "M"}, "emergency_contact.phone"),
        ("emergency_contact", {"name": "M", "phone": "1"}, "emergency_contact.phone"),
        ("payers", [PAYERS[0], {**PAYERS[1], "member_id": ""}], "payers.1.member_id"),
        ("payers", [{**PAYERS[0], "ends_on": "2023-12-31"}], "payers.0.ends_on"),
        ("allow_duplicate", "yes", "allow_duplicate"), ("allow_duplicate", 1, "allow_duplicate"),
        ("provider_id", 0, "provider_id"), ("nurse_id", "7", "nurse_id"),
    ],
)  # fmt: skip
def test_a_wrong_part_is_named(client: FlaskClient, field: str, value: object, named: str) -> None:
    """With dots for what is inside."""
    answer = client.post(PATIENTS, json={**NEW, field: value}, headers=signed_in(client, a_user()))
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [named])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"emergency_contact": {"name": "M"}}, "emergency_contact.phone"),
        ({"payers": [{"payer": "Medicare"}]}, "payers.0.member_id"),
    ],
)
def test_a_part_is_changed_whole_or_not_at_all(client: FlaskClient, change: dict[str, object], named: str) -> None:
    """What a new record needs of it, a change needs as well."""
    doctor = a_user()
    url, headers = f"{PATIENTS}{a_patient(doctor.actor).id}/", signed_in(client, doctor)
    answer = client.patch(url, json=change, headers=headers)
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [named])
    payer = {"payers": [{"payer": "Medicare", "member_id": "1"}]}
    assert client.patch(url, json=payer, headers=headers).json["payers"][0]["ends_on"] is None


def test_those_who_care_are_people_of_the_practice_with_a_fitting_role(client: FlaskClient) -> None:
    """A nurse is no provider, and somebody of another practice is nobody."""
    practice = a_practice()
    doctor, nurse, stranger = a_user(practice), a_user(practice, Role.NURSE), a_user()
    headers = signed_in(client, doctor)
    url = f"{PATIENTS}{a_patient(doctor.actor).id}/"
    team = {"provider_id": doctor.actor.user_id, "nurse_id": nurse.actor.user_id}
    assert client.patch(url, json=team, headers=headers).json | team == client.get(url, headers=headers).json
    for wrong in ({"provider_id": nurse.actor.user_id}, {"provider_id": stranger.actor.user_id}):
        assert client.patch(url, json=wrong, headers=headers).json["field_errors"].keys() == {"provider_id"}


def test_put_empties_what_is_left_out_and_keeps_what_cannot_be_sent_back(client: FlaskClient) -> None:
    """Record number, time zone and the end of the social security number stay."""
    headers = signed_in(client, a_user())
    before = client.post(PATIENTS, json={**WHOLE, "ssn": "123-45-6789", "phone": "2175550101"}, headers=headers).json
    after = client.put(f"{PATIENTS}{before['id']}/", json={**NEW, "first_name": "Marie"}, headers=headers).json
    kept = {name: before[name] for name in ("mrn", "timezone", "ssn_last_four", "last_name")}
    emptied = {"phone": None, "emergency_contact": None, "conditions": [], "payers": [], "preferred_language": None}
    assert after | kept | emptied | {"first_name": "Marie"} == after
    assert client.put(f"{PATIENTS}{before['id']}/", json={"first_name": "M"}, headers=headers).status_code == 400


def test_a_change_of_payers_makes_a_new_version(client: FlaskClient) -> None:
    """Their order is kept, and a stale writer is refused."""
    headers = signed_in(client, a_user())
    created = client.post(PATIENTS, json=WHOLE, headers=headers)
    url, tag = f"{PATIENTS}{created.json['id']}/", created.headers["ETag"]
    turned = client.patch(url, json={"payers": PAYERS[::-1]}, headers={**headers, "If-Match": tag})
    assert [payer["payer"] for payer in turned.json["payers"]] == ["Aetna", "Medicare"]
    stale = client.put(url, json=NEW, headers={**headers, "If-Match": tag})
    assert (stale.status_code, client.get(url, headers=headers).json["payers"]) == (412, PAYERS[::-1])


def test_the_reason_of_an_archive_is_kept_and_shown(client: FlaskClient) -> None:
    """Until the record is brought back."""
    doctor = a_user()
    url = f"{PATIENTS}{a_patient(doctor.actor).id}/"
    headers = signed_in(client, doctor)
    client.post(f"{url}archive/", json={"reason": "moved away"}, headers=headers)
    archived = client.get(url, headers=headers).json
    back = client.post(f"{url}unarchive/", headers=headers).json
    assert (archived["archive_reason"], archived["archived_at"] is None) == ("moved away", False)
    assert (back["archive_reason"], back["archived_at"]) == (None, None)


def test_delete_archives_and_destroys_nothing(client: FlaskClient) -> None:
    """Twice is as once."""
    doctor = a_user()
    url = f"{PATIENTS}{a_patient(doctor.actor).id}/"
    headers = signed_in(client, doctor)
    assert [client.delete(url, headers=headers).status_code for _ in range(2)] == [204, 204]
    assert client.get(url, headers=headers).json["active"] is False


@pytest.mark.parametrize(("method", "status"), [("put", 403), ("delete", 403), ("get", 200)])
def test_who_only_reads_records_changes_none(client: FlaskClient, method: str, status: int) -> None:
    """A billing manager."""
    practice = a_practice()
    patient = a_patient(a_user(practice).actor)
    headers = signed_in(client, a_user(practice, Role.BILLING_MANAGER))
    body = {} if method == "get" else {"json": NEW}
    assert client.open(f"{PATIENTS}{patient.id}/", method=method, headers=headers, **body).status_code == status
