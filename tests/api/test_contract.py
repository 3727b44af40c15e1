"""House rules of every endpoint: errors, content types, limits, headers, hostile input."""

import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from app import create_app
from app.web.rate_limits import limiter
from config import Settings
from tests.builders import a_patient, a_user, signed_in

PATIENTS = "/api/v1/patients/"
READINGS = "/api/v1/ingestion/blood-pressure/"
LOGIN = "/api/v1/auth/login/"
YEAR_SECONDS = 31_536_000
LIMIT_HEADERS = {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit", "RateLimit-Policy"}


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", None, "application/json; charset=utf-16"]
)
def test_s39_another_content_type_is_refused(client: FlaskClient, content_type: str | None) -> None:
    """Never read as an empty object."""
    answer = client.post(LOGIN, data=b'{"email":"a@b.example","password":"x"}', content_type=content_type)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")


def test_s38_a_body_over_one_mebibyte_is_refused(client: FlaskClient) -> None:
    """413."""
    answer = client.post(LOGIN, data=b"x" * (1024 * 1024 + 1), content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize(
    ("method", "url", "status", "code"),
    [
        ("GET", "/nowhere/", 404, "not_found"),
        ("GET", "/api/v1/nowhere/", 404, "not_found"),
        ("GET", "/api/v1/patients/not-a-uuid/", 404, "not_found"),
        ("DELETE", PATIENTS, 405, "method_not_allowed"),
        ("TRACE", PATIENTS, 405, "method_not_allowed"),
        ("GET", PATIENTS, 401, "not_authenticated"),
        ("POST", "/api/v1/nowhere/", 404, "not_found"),
    ],
)
def test_s36_every_refusal_has_the_envelope_and_the_limits(
    client: FlaskClient, method: str, url: str, status: int, code: str
) -> None:
    """`field_errors` is for 400 only."""
    answer = client.open(url, method=method)
    assert (answer.status_code, answer.json.keys(), answer.json["code"]) == (status, {"detail", "code"}, code)
    assert set(answer.headers.keys()) >= LIMIT_HEADERS
    assert "Retry-After" not in answer.headers


def test_s40_a_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    """And an override header is ignored."""
    answer = client.delete(PATIENTS, headers={"X-HTTP-Method-Override": "GET"})
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize(
    "url", [PATIENTS, "/health/live", "/health/ready", "/health/", "/api/v1/openapi.json", "/api/v1/docs/", "/x"]
)
def test_s17_every_response_carries_limits_protection_and_a_request_id(client: FlaskClient, url: str) -> None:
    """200, 401 and 404 alike."""
    answer = client.get(url)
    wanted = LIMIT_HEADERS | {"X-Request-Id", "X-Content-Type-Options", "Strict-Transport-Security", "Cache-Control"}
    assert wanted <= set(answer.headers.keys())
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Server" not in answer.headers


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("GET", "/health/live", 200), ("GET", "/api/v1/docs/", 200), ("GET", "/admin/login", 200),
        ("GET", "/static/favicon.svg", 200), ("GET", "/admin/", 302), ("GET", "/api/v1/patients", 308),
        ("POST", LOGIN, 400), ("GET", PATIENTS, 401), ("GET", "/x", 404), ("DELETE", PATIENTS, 405),
        ("OPTIONS", PATIENTS, 200), ("HEAD", "/health/live", 200),
    ],
)  # fmt: skip
def test_s56_every_response_protects_the_browser_and_names_no_software(
    client: FlaskClient, method: str, url: str, status: int
) -> None:
    """TLS for a year and more, no guessed types, and nothing of what runs here."""
    answer = client.open(url, method=method)
    policy = answer.headers["Strict-Transport-Security"]
    assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (status, "nosniff")
    assert int(policy.partition(";")[0].removeprefix("max-age=")) >= YEAR_SECONDS
    assert {"Server", "X-Powered-By", "Via"}.isdisjoint(answer.headers.keys())


def test_an_unknown_query_parameter_is_named_where_no_query_is_read(client: FlaskClient) -> None:
    """After the caller is known."""
    headers = signed_in(client, a_user())
    answer = client.get("/api/v1/auth/me/?verbose=1", headers=headers)
    assert (answer.status_code, answer.json["field_errors"]) == (400, {"verbose": ["Unknown field."]})
    assert client.get("/api/v1/auth/me/?verbose=1").status_code == 401


def test_s37_a_bug_says_nothing_but_its_reference(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No class, no message, no place; the log has the place but not the message."""
    headers = signed_in(client, a_user())
    monkeypatch.setattr("app.api.auth.get_own_account", _raise(RuntimeError("Jane Doe, born 1958")))
    answer = client.get("/api/v1/auth/me/", headers=headers)
    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert answer.json["detail"] == f"Internal server error. Reference: {answer.headers['X-Request-Id']}."
    assert "Jane" not in answer.text + caplog.text


def test_s37_a_database_that_is_down_is_503_with_a_time_to_come_back(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a bug."""
    headers = signed_in(client, a_user())
    monkeypatch.setattr("app.api.auth.get_own_account", _raise(OperationalError("SELECT", {}, Exception("gone"))))
    answer = client.get("/api/v1/auth/me/", headers=headers)
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "service_unavailable", "2")


def _raise(error: Exception) -> Any:
    def fail(*_: object) -> None:
        raise error

    return fail


def _limited(settings: Settings, **rates: str) -> FlaskClient:
    values = {name: getattr(settings, name) for name in settings.__slots__}
    wide = dict.fromkeys(settings.ratelimits, "100000/hour")
    return create_app(Settings(**{**values, "ratelimits": {**wide, **rates}})).test_client()


def test_s19_the_21st_login_of_a_minute_is_throttled_as_documented(app: Flask, settings: Settings) -> None:
    """Same number in header and text."""
    client = _limited(settings, auth="20/minute", anonymous="1/hour")
    answers = [client.post(LOGIN, json={}) for _ in range(21)]
    last = answers[-1]
    wait = int(last.headers["Retry-After"])
    assert [answer.status_code for answer in answers] == [400] * 20 + [429]
    detail = f"Request was throttled. Expected available in {wait} seconds."
    assert (last.json, 1 <= wait <= 60) == ({"detail": detail, "code": "throttled"}, True)


def test_s19_who_waits_as_long_as_told_is_let_through(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not a second earlier."""
    client, real = _limited(settings, auth="2/minute"), time.time
    client.post(LOGIN, json={})
    monkeypatch.setattr("time.time", lambda: real() + 20)
    wait = int([client.post(LOGIN, json={}) for _ in range(2)][-1].headers["Retry-After"])
    statuses = []
    for seconds in (wait - 2, wait):
        monkeypatch.setattr("time.time", lambda later=seconds: real() + 20 + later)
        statuses.append(client.post(LOGIN, json={}).status_code)
    assert (wait <= 40, statuses) == (True, [429, 400])


def test_s24_an_application_begins_with_a_store_of_which_nothing_is_known(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever another one's store was last seen to be: in between two stores a count would be lost."""
    state = {"_storage_dead": True, "_Limiter__check_backend_count": 3, "_Limiter__last_check_backend": time.time()}
    for name, value in state.items():
        monkeypatch.setattr(limiter, name, value)
    client, real = _limited(settings, auth="2/minute"), time.time
    statuses = []
    for seconds in (0, 10, 20):
        monkeypatch.setattr("time.time", lambda later=seconds: real() + later)
        statuses.append(client.post(LOGIN, json={}).status_code)
    assert statuses == [400, 400, 429]


def test_s18_the_limits_are_the_documented_ones_to_the_request(app: Flask, settings: Settings) -> None:
    """The 101st anonymous and the 1001st authenticated request of an hour; webhooks have a test of their own."""
    documented = {"user": "1000/hour", "anonymous": "100/hour", "auth": "20/minute", "webhook": "500/hour"}
    made = Settings.from_environment({"APP_ENV": "development", "DATABASE_URL": settings.database_url})
    assert made.ratelimits == {**documented, "ingestion": "1000/hour", "poll": "20000/hour"}
    client, headers = _limited(settings, **made.ratelimits), signed_in(_limited(settings), a_user())
    anonymous = [client.get("/x").status_code for _ in range(101)]
    authenticated = [client.get("/x", headers=headers).status_code for _ in range(1001)]
    assert (anonymous, authenticated) == ([404] * 100 + [429], [404] * 1000 + [429])


def test_s18_the_users_limit_is_shared_over_routes_and_not_with_others(app: Flask, settings: Settings) -> None:
    """Ingestion counts by itself."""
    client = _limited(settings, user="3/hour", ingestion="2/hour")
    one, other = a_user(), a_user()
    headers, others = signed_in(client, one), signed_in(client, other)
    statuses = [client.get(url, headers=headers).status_code for url in (PATIENTS, "/api/v1/auth/me/", "/x", PATIENTS)]
    assert statuses == [200, 200, 404, 429]
    assert client.get(PATIENTS, headers=others).status_code == 200
    body = {"patient_id": str(a_patient(one.actor).id)}
    assert [client.post(READINGS, json=body, headers=headers).status_code for _ in range(3)] == [400, 400, 429]


def test_s21_the_anonymous_budget_cannot_be_dodged(app: Flask, settings: Settings) -> None:
    """Not by forwarded addresses, not by made-up tokens; unknown paths count."""
    client = _limited(settings, anonymous="4/hour")
    tries = [
        {"X-Forwarded-For": "203.0.113.7"},
        {"X-Real-IP": "203.0.113.8"},
        {"Authorization": "Bearer made.up.token"},
        {"Authorization": "Basic eDp5"},
        {"X-Forwarded-For": "203.0.113.9"},
    ]
    statuses = [client.get("/x", headers=headers).status_code for headers in tries]
    assert statuses == [404] * 4 + [429]


def test_cors_is_closed_unless_configured(app: Flask, client: FlaskClient, settings: Settings) -> None:
    """And then open to the named origin only."""
    values = {name: getattr(settings, name) for name in settings.__slots__}
    opened = create_app(Settings(**{**values, "cors_allowed_origins": ("https://app.example",)})).test_client()
    name = "Access-Control-Allow-Origin"
    assert name not in client.get(PATIENTS, headers={"Origin": "https://app.example"}).headers
    assert opened.get(PATIENTS, headers={"Origin": "https://app.example"}).headers[name] == "https://app.example"
    assert name not in opened.get(PATIENTS, headers={"Origin": "https://evil.example"}).headers
