"""What the trail keeps of accounts: every step, by whom, and no secret."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.domain.roles import Role
from app.extensions import db
from app.models import AuditEvent
from tests.authenticator import DISABLE, enrol, log_in
from tests.builders import Person, a_user, in_house, signed_in
from tests.mailbox import mailed_token

AUTH = "/api/v1/auth"
NEW = "nine purple whales at dawn"


def _events(person: Person) -> list[AuditEvent]:
    """Return what the trail of the person's practice holds."""
    with in_house(person.actor):
        return list(db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)))


def _actions(person: Person) -> set[tuple[str, str]]:
    return {(event.action, event.outcome) for event in _events(person)}


def test_s44_every_way_a_login_ends_is_recorded(client: FlaskClient) -> None:
    """Right, wrong, half, locked; by whom and from where."""
    person = a_user()
    phone = enrol(client, person)
    log_in(client, person)
    log_in(client, person, totp_code=phone.code())
    for _ in range(6):
        log_in(client, person, totp_code=phone.wrong_code())
    refused = [event for event in _events(person) if (event.action, event.outcome) == ("auth:login", "refused")]
    assert {event.reason for event in refused} == {"second factor missing", "wrong second factor", "account locked"}
    assert {(str(event.ip), event.user_id) for event in refused} == {("127.0.0.1", person.actor.user_id)}
    assert {("auth:login", "success"), ("user:lock", "success")} <= _actions(person)


def test_s44_what_people_do_to_their_own_account_is_recorded(client: FlaskClient) -> None:
    """Second factor on and off, password, sessions."""
    person = a_user()
    headers = signed_in(client, person)
    phone = enrol(client, person, headers)
    client.post(DISABLE, json={"password": person.password, "recovery_code": phone.recovery_codes[0]}, headers=headers)
    change = {"old_password": person.password, "new_password": NEW}
    fresh = client.post(f"{AUTH}/password/change/", json=change, headers=headers).json["access"]
    client.post(f"{AUTH}/logout/all/", headers={"Authorization": f"Bearer {fresh}"})
    wanted = {"auth:2fa_setup", "auth:2fa_enable", "auth:2fa_disable", "auth:recovery_code", "auth:password_change"}
    assert wanted | {"auth:sessions_end"} <= {action for action, _ in _actions(person)}


def test_s44_a_reset_is_recorded_from_its_request_to_its_end(client: FlaskClient) -> None:
    """In the practice's own trail."""
    person = a_user()
    client.post(f"{AUTH}/password/reset/", json={"email": person.email})
    body = {"token": mailed_token(person.email), "password": NEW}
    client.post(f"{AUTH}/password/reset/confirm/", json=body)
    wanted = {("auth:password_reset_request", "success"), ("auth:password_reset", "success")}
    assert wanted <= _actions(person)


@pytest.mark.parametrize(
    ("verb", "body", "action"),
    [
        ("disable/", {}, "user:disable"),
        ("unlock/", {}, "user:unlock"),
        ("", {"role": "nurse"}, "user:role_change"),
        ("", {"email": "moved@test.example"}, "user:email_change"),
    ],
)
def test_s44_what_administrators_do_to_accounts_is_recorded(
    client: FlaskClient, verb: str, body: dict[str, Any], action: str
) -> None:
    """With the administrator as the one who did it, and the account it was done to."""
    admin = a_user(role=Role.ADMIN)
    other = a_user(admin.actor.practice_id)
    send = client.post if verb else client.patch
    send(f"{AUTH}/users/{other.actor.user_id}/{verb}", json=body, headers=signed_in(client, admin))
    done = next(event for event in _events(admin) if event.action == action)
    assert (done.user_id, done.resource_id) == (admin.actor.user_id, str(other.actor.user_id))


def test_s44_a_changed_policy_names_the_field(client: FlaskClient) -> None:
    """Configuration is part of the trail."""
    admin = a_user(role=Role.ADMIN)
    client.patch(f"{AUTH}/policy/", json={"require_2fa_for": ["ma"]}, headers=signed_in(client, admin))
    changed = next(event for event in _events(admin) if event.action == "practice:update")
    assert changed.fields == ["require_2fa_for"]


def test_s62_no_secret_is_in_the_trail(client: FlaskClient) -> None:
    """Neither passwords nor codes nor addresses."""
    person = a_user()
    phone = enrol(client, person)
    log_in(client, person, recovery_code=phone.recovery_codes[0])
    trail = " ".join(str(vars(event)) for event in _events(person))
    secrets = (person.password, person.email, phone.secret, phone.recovery_codes[0])
    assert [secret for secret in secrets if secret in trail] == []
