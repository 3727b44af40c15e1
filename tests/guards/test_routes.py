"""Guards for the URL map: every door has a lock, a document and an envelope."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.domain.roles import Permission

PUBLIC = {
    "admin.forgot_password",
    "admin.login",
    "admin.set_password",
    "api-docs.openapi_json",
    "auth.Login",
    "auth.TokenRefresh",
    "docs.page",
    "health.live",
    "health.ready",
    "health.report",
    "passwords.PasswordReset",
    "passwords.PasswordResetConfirm",
    "static",
    "webhooks.Webhook",
}
_SAMPLE = "00000000-0000-7000-8000-000000000000"
_NO_METHOD = {"HEAD", "OPTIONS"}


def _views(app: Flask) -> list[tuple[Rule, str, object]]:
    found = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        for method in sorted((rule.methods or set()) - _NO_METHOD):
            handler = getattr(getattr(view, "view_class", None), method.lower(), view)
            found.append((rule, method, handler))
    return found


def _path(rule: Rule) -> str:
    samples = {"user_id": "1"}
    return "".join(
        samples.get(part, _SAMPLE) if is_dynamic else part for is_dynamic, part in rule._trace if part != "|"
    )


def unlocked(app: Flask) -> set[str]:
    """Return the endpoints that ask for no permission."""
    return {
        rule.endpoint
        for rule, _, handler in _views(app)
        if not isinstance(getattr(handler, "required_permission", None), Permission)
    }


def talkative(app: Flask) -> list[tuple[str, str, int]]:
    """Return the operations that answer a stranger with anything but 401 in the envelope."""
    found, client = [], app.test_client()
    for rule, method, _ in _views(app):
        if not rule.rule.startswith("/api/v1/") or rule.endpoint in PUBLIC:
            continue
        answer = client.open(_path(rule), method=method, json={})
        if answer.status_code != 401 or (answer.json or {}).get("code") != "not_authenticated":
            found.append((method, rule.rule, answer.status_code))
    return found


def documented(document: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the operations of the OpenAPI document."""
    return {
        (method.upper(), path) for path, item in document["paths"].items() for method in item if method != "parameters"
    }


def served(app: Flask) -> set[tuple[str, str]]:
    """Return the operations of the URL map."""
    return {
        (method, re.sub(r"<[^<>]+:(\w+)>", r"{\1}", rule.rule))
        for rule, method, _ in _views(app)
        if rule.rule.startswith("/api/v1/") and rule.endpoint not in {"api-docs.openapi_json", "docs.page"}
    }


def test_s28_every_route_has_a_permission_or_is_on_the_short_public_list(app: Flask) -> None:
    """A route without a lock is a leak."""
    assert unlocked(app) == PUBLIC


def test_s29_every_api_operation_answers_an_anonymous_caller_with_401_in_the_envelope(app: Flask) -> None:
    """No operation says anything before it knows who asks, not even which fields it wants."""
    assert talkative(app) == []


def test_s92_the_openapi_document_equals_the_url_map(app: Flask, client: FlaskClient) -> None:
    """Nothing undocumented, nothing documented that is not there."""
    assert documented(client.get("/api/v1/openapi.json").json) == served(app)


def test_every_operation_documents_every_error_of_the_house(client: FlaskClient) -> None:
    """The envelope is in the document for each status an operation can give."""
    document = client.get("/api/v1/openapi.json").json
    errors = {"400", "401", "403", "404", "409", "413", "415", "423", "429", "500", "503"}
    missing = [
        (method, path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters" and not errors <= operation["responses"].keys()
    ]
    assert missing == []


@pytest.mark.parametrize("path", ["/api/v1/patients", "/api/v1/auth/login"])
def test_a_path_without_its_slash_is_sent_to_the_one_with_it(client: FlaskClient, path: str) -> None:
    """308 keeps method and body."""
    answer = client.post(path, json={})
    assert (answer.status_code, answer.headers["Location"]) == (308, f"http://localhost{path}/")
