"""Plain http in production (S55): refused by the API, led to https by the console, and no matter on one machine."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from config import Settings

OUTSIDE = {"REMOTE_ADDR": "203.0.113.9"}
LOGIN = "/api/v1/auth/login/"


@pytest.fixture
def production(settings: Settings, app: Flask) -> Iterator[FlaskClient]:
    """A client of the application as production runs it, behind one proxy."""
    yield create_app(replace(settings, app_env="production", host="0.0.0.0", trusted_proxies=1)).test_client()
    create_app(settings)


def _through_proxy(scheme: str) -> dict[str, str]:
    return {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": scheme, "X-Forwarded-Host": "rpm.example"}


@pytest.mark.parametrize(("scheme", "status"), [("https", 400), ("http", 403)])
def test_s55_the_api_refuses_what_the_proxy_took_in_plain(production: FlaskClient, scheme: str, status: int) -> None:
    """And never redirects it: a client must notice at once."""
    answer = production.post(LOGIN, json={}, headers=_through_proxy(scheme))
    assert (answer.status_code, "Location" in answer.headers) == (status, False)
    assert (answer.json["code"] == "https_required") is (scheme == "http")


def test_s55_a_request_past_the_proxy_is_refused_too(production: FlaskClient) -> None:
    """Straight from outside to the port."""
    answer = production.get("/api/v1/patients/", environ_overrides=OUTSIDE)
    assert (answer.status_code, answer.json["code"]) == (403, "https_required")


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_s55_probes_may_come_in_plain(production: FlaskClient, path: str) -> None:
    """A load balancer's own."""
    assert production.get(path, environ_overrides=OUTSIDE).status_code == 200


def test_s55_the_console_leads_a_person_to_https(production: FlaskClient) -> None:
    """The page they wanted; a form sent in plain is refused."""
    page = production.get("/admin/patients?search=doe", headers=_through_proxy("http"))
    assert (page.status_code, page.headers["Location"]) == (301, "https://rpm.example/admin/patients?search=doe")
    assert production.post("/admin/login", headers=_through_proxy("http")).status_code == 403


def test_s55_in_development_and_on_one_machine_plain_is_fine(client: FlaskClient, production: FlaskClient) -> None:
    """It crosses no network."""
    assert client.get("/api/v1/patients/", environ_overrides=OUTSIDE).status_code == 401
    assert production.get("/api/v1/patients/").status_code == 401
