"""The limit of webhooks (S18): by integration, and not for strangers to use up."""

from dataclasses import replace

import pytest
from flask import Flask

from app import create_app
from app.domain.roles import Role
from app.web import rate_limits
from config import Settings
from tests.builders import a_user
from tests.inbox import a_gateway, an_event, deliver

_LIMIT = 5


@pytest.fixture
def limited(app: Flask, settings: Settings) -> Flask:
    """An application in which an integration may send five messages an hour."""
    rate_limits._proven.clear()
    return create_app(replace(settings, ratelimits={**settings.ratelimits, "webhook": f"{_LIMIT}/hour"}))


def test_s18_an_integration_has_a_limit_of_its_own_with_the_houses_headers(limited: Flask) -> None:
    """The sixth is told when to come back; another integration goes on."""
    admin = a_user(role=Role.ADMIN)
    first, second = a_gateway(admin), a_gateway(admin)
    answers = [deliver(limited.test_client(), first, an_event("X")) for _ in range(_LIMIT + 1)]
    assert [answer.status_code for answer in answers] == [200] * _LIMIT + [429]
    assert (answers[0].headers["X-RateLimit-Limit"], answers[-1].headers["X-RateLimit-Remaining"]) == ("5", "0")
    assert "Retry-After" in answers[-1].headers
    assert deliver(limited.test_client(), second, an_event("X")).status_code == 200


def test_s18_a_stranger_cannot_use_up_an_integrations_limit(limited: Flask) -> None:
    """Forged messages from elsewhere are counted by address."""
    gateway = a_gateway(a_user(role=Role.ADMIN))
    vendor, stranger = limited.test_client(), limited.test_client()
    assert deliver(vendor, gateway, an_event("X")).status_code == 200
    path = f"/api/v1/webhooks/{gateway.integration.id}/"
    forged = [
        stranger.post(path, data=b"{}", environ_overrides={"REMOTE_ADDR": "192.0.2.9"}).status_code
        for _ in range(_LIMIT + 1)
    ]
    assert forged == [401] * _LIMIT + [429]
    assert [deliver(vendor, gateway, an_event("X")).status_code for _ in range(_LIMIT - 1)] == [200] * (_LIMIT - 1)
