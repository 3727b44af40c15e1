"""The practice's accounts, over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.roles import Permission, Role
from tests.authenticator import enrol, log_in
from tests.builders import Person, a_patient, a_practice, a_user, signed_in
from tests.mailbox import delivered_to, mailed_token

USERS, ROLES, ME = "/api/v1/auth/users/", "/api/v1/auth/roles/", "/api/v1/auth/me/"
CONFIRM = "/api/v1/auth/password/reset/confirm/"
NEW = {"email": "new.person@test.example", "first_name": "New", "last_name": "Person", "role": "nurse"}
PASSWORD = "nine purple whales at dawn"


def _url(person: Person, verb: str = "") -> str:
    return f"{USERS}{person.actor.user_id}/{verb}"


def _staff(role: Role = Role.PROVIDER) -> tuple[Person, Person]:
    admin = a_user(role=Role.ADMIN)
    return admin, a_user(admin.actor.practice_id, role)


def _new(**fields: Any) -> dict[str, Any]:
    return {**NEW, "email": f"{uuid4().hex}@test.example", **fields}


def test_an_administrator_sees_the_practices_accounts_and_no_others(client: FlaskClient) -> None:
    """By last name."""
    admin, other = _staff()
    a_user()
    body = client.get(USERS, headers=signed_in(client, admin)).json
    assert body["count"] == 2
    assert {one["id"] for one in body["results"]} == {admin.actor.user_id, other.actor.user_id}


def test_accounts_are_filtered_by_role_and_state(client: FlaskClient) -> None:
    """One nurse among them."""
    admin, nurse = _staff(Role.NURSE)
    headers = signed_in(client, admin)
    client.post(_url(nurse, "disable/"), headers=headers)
    found = {
        query: client.get(f"{USERS}?{query}", headers=headers).json["count"]
        for query in ("role=nurse", "role=ma", "active=true", "active=false")
    }
    assert found == {"role=nurse": 1, "role=ma": 0, "active=true": 1, "active=false": 1}


def test_accounts_are_searched_by_name_and_address(client: FlaskClient) -> None:
    """Part of either."""
    admin, nurse = _staff(Role.NURSE)
    headers = signed_in(client, admin)
    found = [client.get(f"{USERS}?search={text}", headers=headers).json["count"] for text in (nurse.email, "pat", "zz")]
    assert found == [1, 2, 0]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_s28_nobody_but_administrators_sees_or_changes_accounts(client: FlaskClient, role: Role) -> None:
    """403 for every other role."""
    practice = a_practice()
    patient_id = a_patient(a_user(practice).actor).id if role is Role.PATIENT else None
    person = a_user(practice, role, patient_id)
    headers = signed_in(client, person)
    answers = [client.get(USERS, headers=headers), client.post(USERS, json=NEW, headers=headers)]
    answers += [client.patch(_url(person), json={"role": "admin"}, headers=headers), client.get(ROLES, headers=headers)]
    assert [answer.status_code for answer in answers] == [403] * 4


def test_a_new_person_is_invited_and_chooses_a_password(client: FlaskClient) -> None:
    """The administrator never knows it."""
    admin, _ = _staff()
    body = _new()
    made = client.post(USERS, json=body, headers=signed_in(client, admin))
    assert (made.status_code, made.json["is_invited"]) == (201, True)
    token = mailed_token(body["email"])
    assert client.post(CONFIRM, json={"token": token, "password": PASSWORD}).status_code == 204
    assert client.post("/api/v1/auth/login/", json={"email": body["email"], "password": PASSWORD}).status_code == 200


def test_a_new_person_with_a_password_can_sign_in_at_once(client: FlaskClient) -> None:
    """No mail is needed then."""
    admin, _ = _staff()
    body = _new(password=PASSWORD)
    made = client.post(USERS, json=body, headers=signed_in(client, admin))
    assert (made.status_code, made.json["is_invited"], "password" in made.json) == (201, False, False)
    assert client.post("/api/v1/auth/login/", json={"email": body["email"], "password": PASSWORD}).status_code == 200


def test_s16_the_rules_hold_for_passwords_that_administrators_set(client: FlaskClient) -> None:
    """Under the field's name."""
    admin, _ = _staff()
    answer = client.post(USERS, json=_new(password="passwordpassword"), headers=signed_in(client, admin))
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, ["password"])


@pytest.mark.parametrize(
    "field",
    [
        "id",
        "practice_id",
        "is_superuser",
        "created_at",
        "locked_until",
        "security_version",
        "is_2fa_enabled",
        "is_active",
    ],
)
def test_s30_no_other_field_is_taken(client: FlaskClient, field: str) -> None:
    """400 on creating and on changing."""
    admin, other = _staff()
    headers = signed_in(client, admin)
    made = client.post(USERS, json=_new(**{field: 1}), headers=headers)
    changed = client.patch(_url(other), json={field: 1}, headers=headers)
    assert [(a.status_code, list(a.json["field_errors"])) for a in (made, changed)] == [(400, [field])] * 2


def test_an_address_has_one_account_in_all_practices(client: FlaskClient) -> None:
    """409, on creating and on changing."""
    admin, other = _staff()
    headers = signed_in(client, admin)
    made = client.post(USERS, json=_new(email=a_user().email), headers=headers)
    changed = client.patch(_url(other), json={"email": admin.email}, headers=headers)
    assert (made.status_code, changed.status_code) == (409, 409)


def test_s26_a_patients_account_needs_a_patient_of_this_practice(client: FlaskClient) -> None:
    """Another practice's is as good as none."""
    admin, _ = _staff()
    headers = signed_in(client, admin)
    foreign = a_patient(a_user().actor).id
    own = a_patient(admin.actor).id
    tries = [_new(role="patient"), _new(role="patient", patient_id=str(foreign)), _new(patient_id=str(own))]
    answers = [client.post(USERS, json=body, headers=headers) for body in tries]
    assert [(a.status_code, list(a.json["field_errors"])) for a in answers] == [(400, ["patient_id"])] * 3
    good = client.post(USERS, json=_new(role="patient", patient_id=str(own)), headers=headers)
    assert (good.status_code, good.json["patient_id"]) == (201, str(own))


def test_s09_a_role_change_takes_effect_at_the_next_request(client: FlaskClient) -> None:
    """The old tokens die with the old role."""
    admin, other = _staff()
    theirs = signed_in(client, other)
    changed = client.patch(_url(other), json={"role": "billing_manager"}, headers=signed_in(client, admin))
    assert (changed.status_code, changed.json["role"]) == (200, "billing_manager")
    assert client.get(ME, headers=theirs).status_code == 401


def test_s09_a_disabled_account_is_out_at_the_next_request_and_in_again_when_enabled(client: FlaskClient) -> None:
    """With a new login; the old session stays ended."""
    admin, other = _staff()
    headers, theirs = signed_in(client, admin), signed_in(client, other)
    assert client.post(_url(other, "disable/"), headers=headers).json["is_active"] is False
    assert (client.get(ME, headers=theirs).status_code, log_in(client, other).status_code) == (401, 401)
    client.post(_url(other, "enable/"), headers=headers)
    assert (client.get(ME, headers=theirs).status_code, log_in(client, other).status_code) == (401, 200)


def test_a_name_change_ends_nothing(client: FlaskClient) -> None:
    """Only what rights depend on does."""
    admin, other = _staff()
    theirs = signed_in(client, other)
    client.patch(_url(other), json={"last_name": "Married"}, headers=signed_in(client, admin))
    assert client.get(ME, headers=theirs).json["last_name"] == "Married"


@pytest.mark.parametrize(("verb", "body"), [("disable/", {}), ("", {"role": "nurse"})])
def test_the_last_active_administrator_stays(client: FlaskClient, verb: str, body: dict[str, str]) -> None:
    """Neither disabled nor demoted: 409."""
    admin, _ = _staff()
    a_user()
    send = client.post if verb else client.patch
    assert send(_url(admin, verb), json=body, headers=signed_in(client, admin)).status_code == 409
    assert log_in(client, admin).status_code == 200


def test_two_administrators_cannot_disable_each_other_at_once(app: Flask, client: FlaskClient) -> None:
    """One of them stays."""
    one = a_user(role=Role.ADMIN)
    two = a_user(one.actor.practice_id, Role.ADMIN)
    work = [(signed_in(client, one), two), (signed_in(client, two), one)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda job: app.test_client().post(_url(job[1], "disable/"), headers=job[0]), work))
    assert sorted(log_in(client, person).status_code for person in (one, two)) == [200, 401]


def test_an_invited_administrator_is_not_one_yet(client: FlaskClient) -> None:
    """A practice is not left to a letter."""
    admin, _ = _staff()
    headers = signed_in(client, admin)
    client.post(USERS, json=_new(role="admin"), headers=headers)
    assert client.post(_url(admin, "disable/"), headers=headers).status_code == 409


def test_administrators_hear_of_a_lock_and_can_end_it(client: FlaskClient) -> None:
    """By mail, without a name in it."""
    admin, other = _staff()
    headers = signed_in(client, admin)
    for _ in range(6):
        client.post("/api/v1/auth/login/", json={"email": other.email, "password": "wrong"})
    letters = [letter for letter in delivered_to(admin.email) if f"number {other.actor.user_id} " in letter]
    assert (len(letters), client.get(_url(other), headers=headers).json["locked_until"] is None) == (1, False)
    assert client.post(_url(other, "unlock/"), headers=headers).json["locked_until"] is None
    assert log_in(client, other).status_code == 200


def test_a_stale_version_is_refused(client: FlaskClient) -> None:
    """ETag and If-Match."""
    admin, other = _staff()
    headers = signed_in(client, admin)
    tag = client.get(_url(other), headers=headers).headers["ETag"]
    answers = [client.patch(_url(other), json={"last_name": n}, headers={**headers, "If-Match": tag}) for n in "AB"]
    assert [answer.status_code for answer in answers] == [200, 412]


@pytest.mark.parametrize("verb", ["", "unlock/", "disable/", "enable/", "invite/", "reset-2fa/"])
def test_s25_another_practices_account_is_not_found(client: FlaskClient, verb: str) -> None:
    """404, as a number that nobody has."""
    headers = signed_in(client, a_user(role=Role.ADMIN))
    send = client.post if verb else client.get
    foreign, nobody = send(_url(a_user(), verb), headers=headers), send(f"{USERS}2147483647/{verb}", headers=headers)
    assert (foreign.status_code, foreign.json) == (404, nobody.json)


def test_who_lost_phone_and_codes_is_helped_by_an_administrator(client: FlaskClient) -> None:
    """Sessions end, the owner is told, the password alone signs in."""
    admin, other = _staff()
    theirs = signed_in(client, other)
    enrol(client, other, theirs)
    client.post(_url(other, "reset-2fa/"), headers=signed_in(client, admin))
    assert (client.get(ME, headers=theirs).status_code, log_in(client, other).status_code) == (401, 200)
    assert "took the second factor off" in delivered_to(other.email)[-1]


def test_the_roles_are_those_of_the_one_table(client: FlaskClient) -> None:
    """All of them, with their permissions."""
    body = client.get(ROLES, headers=signed_in(client, a_user(role=Role.ADMIN))).json
    table = {line["role"]: line["permissions"] for line in body["results"]}
    assert table.keys() == set(Role)
    assert [role for role, permissions in table.items() if Permission.WRITE_USERS in permissions] == ["admin"]


def test_a_practice_decides_which_roles_need_a_second_factor(client: FlaskClient) -> None:
    """From the next request on, without a new login."""
    admin, nurse = _staff(Role.NURSE)
    headers, theirs = signed_in(client, admin), signed_in(client, nurse)
    policy = {"require_2fa_for": ["nurse"]}
    assert client.patch("/api/v1/auth/policy/", json=policy, headers=headers).json == policy
    assert client.get("/api/v1/patients/", headers=theirs).json["code"] == "totp_setup_required"
    assert client.get("/api/v1/auth/policy/", headers=headers).json == policy


def test_an_invitation_can_be_sent_again_and_the_first_link_is_dead_then(client: FlaskClient) -> None:
    """Not for somebody who has chosen a password."""
    admin, other = _staff()
    headers, body = signed_in(client, admin), _new()
    made = client.post(USERS, json=body, headers=headers).json["id"]
    first = mailed_token(body["email"])
    again = client.post(f"{USERS}{made}/invite/", headers=headers)
    assert client.post(CONFIRM, json={"token": first, "password": PASSWORD}).status_code == 400
    assert client.post(CONFIRM, json={"token": mailed_token(body["email"]), "password": PASSWORD}).status_code == 204
    assert (again.status_code, client.post(_url(other, "invite/"), headers=headers).status_code) == (200, 409)
