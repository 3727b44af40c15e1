"""The role table and the rules of signing in, in the console."""

from flask import Flask
from flask.testing import FlaskClient

from app.admin.texts import PERMISSIONS, ROLES
from app.domain.roles import Permission, Role
from tests.admin.visits import enter, send
from tests.builders import a_user

POLICY = "/admin/policy"


def test_the_table_names_every_role_and_every_permission(client: FlaskClient) -> None:
    """From the code's own table; one without a name would not be seen."""
    assert set(PERMISSIONS) == set(Permission)
    assert set(ROLES) == set(Role)
    page = enter(client, a_user(role=Role.ADMIN)).get("/admin/roles").text
    assert [permission for permission in Permission if f"<code>{permission.value}</code>" not in page] == []


def test_the_practice_says_who_must_use_a_second_factor(client: FlaskClient, app: Flask) -> None:
    """It takes effect at their next click."""
    admin = a_user(role=Role.ADMIN)
    nurse = a_user(admin.actor.practice_id, Role.NURSE)
    theirs = enter(app.test_client(), nurse)
    assert send(enter(client, admin), POLICY, require_2fa_for=["nurse", "ma"]).status_code == 303
    assert client.get(POLICY).text.count(" checked") == 2
    assert theirs.get("/admin/").location == "/admin/account/second-factor"


def test_a_role_that_does_not_exist_is_refused(client: FlaskClient) -> None:
    """400, and the rules stay."""
    enter(client, a_user(role=Role.ADMIN))
    assert send(client, POLICY, require_2fa_for=["emperor"]).status_code == 400
    assert " checked" not in client.get(POLICY).text


def test_s64_the_rules_are_not_changed_without_the_forms_token(client: FlaskClient) -> None:
    """403."""
    enter(client, a_user(role=Role.ADMIN))
    assert client.post(POLICY, data={"require_2fa_for": "admin"}).status_code == 403
