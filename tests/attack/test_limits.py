"""What limits say, and when (S17, S20, S22)."""

import time
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from config import Settings
from tests.attack.operations import Operation
from tests.attack.world import World, bearer

LOGIN = "/api/v1/auth/login/"
_HEADERS = {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit", "RateLimit-Policy"}


def test_s17_every_operation_says_what_is_left_whatever_it_answers(
    client: FlaskClient, operations: list[Operation], home: World
) -> None:
    """Good, refused, unknown, asked for its methods, without a body, with too large a one."""
    lacking, statuses = [], set()
    for one in operations:
        headers, path = bearer(home.person(one.roles[0])), one.path(home.ids)
        for sent in (
            {"method": one.method, "json": {}, "headers": headers},
            {"method": one.method},
            {"method": "OPTIONS"},
            {"method": "HEAD", "headers": headers},
            {"method": "TRACE"},
            {"method": one.method, "data": b"{}", "content_type": "text/plain", "headers": headers},
            {"method": one.method, "data": b"x" * (2**20 + 1), "content_type": "application/json", "headers": headers},
        ):
            answer = client.open(path, **sent)
            statuses.add(answer.status_code)
            lacking += [(one.name, sent["method"], answer.status_code)] * (not set(answer.headers.keys()) >= _HEADERS)
    assert lacking == []
    assert statuses >= {200, 400, 401, 405, 413, 415}


@pytest.mark.parametrize("path", ["/static/favicon.svg", "/api/v1/patients", "/nowhere", "/admin/login", "/admin/"])
def test_s17_so_do_files_redirects_and_pages(client: FlaskClient, path: str) -> None:
    """304 too."""
    answer = client.get(path)
    assert set(answer.headers.keys()) >= _HEADERS
    if "ETag" in answer.headers:
        again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, set(again.headers.keys()) >= _HEADERS) == (304, True)


def test_s20_no_success_says_when_to_come_back(client: FlaskClient, operations: list[Operation], home: World) -> None:
    """`Retry-After` is for 429 and 503."""
    for one in operations:
        headers = bearer(home.person(one.roles[0]))
        answer = client.open(one.path(home.ids), method=one.method, json={}, headers=headers)
        assert "Retry-After" not in answer.headers, one.name


def test_s22_no_burst_at_the_edge_of_a_minute(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A window counted from its first request would be new after a minute, and twenty more would follow nineteen."""
    began = time.time()
    client = create_app(replace(settings, ratelimits={**settings.ratelimits, "auth": "20/minute"})).test_client()
    statuses = []
    for second, times in ((0, 1), (59, 19), (61, 20)):
        monkeypatch.setattr(time, "time", lambda at=began + second: at)
        statuses.append([client.post(LOGIN, json={}).status_code for _ in range(times)])
    assert statuses == [[400], [400] * 19, [400] + [429] * 19]
