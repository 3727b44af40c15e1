"""Two practices on one database connection (S34): ten thousand requests, every fifth of which fails half way.

And eight hundred to the real server, every other of which is left by whoever made it.
"""

import itertools
import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.domain.roles import Role
from app.services.patients import records
from config import Settings
from tests.attack.server import Server, gunicorn
from tests.attack.world import World, bearer

pytestmark = pytest.mark.slow
REQUESTS, THREADS = 10_000, 2


class OneConnection(Settings):
    """Settings of an application that all share one connection to the database."""

    def flask_config(self) -> dict[str, Any]:
        """Return what Flask reads, with the smallest pool there is."""
        config = Settings.flask_config(self)
        pool = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 20}
        return {**config, "SQLALCHEMY_ENGINE_OPTIONS": {**config["SQLALCHEMY_ENGINE_OPTIONS"], **pool}}


@pytest.fixture
def crowded(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application on one connection; every change of a patient fails within its transaction."""

    def fail(*_: object) -> None:
        raise RuntimeError("half way")

    monkeypatch.setattr(records, "_require_version", fail)
    yield create_app(OneConnection(**{name: getattr(settings, name) for name in settings.__slots__}))
    create_app(settings)


def _turn(client: FlaskClient, mine: World, other: World, headers: dict[str, str], number: int) -> str | None:
    """Make one request; return what is wrong with its answer. A 503 shows nothing: the one connection was busy."""
    kind = number % 5
    method = "PATCH" if kind == 0 else "GET"
    own, foreign = f"patients/{mine.patient.id}/", f"patients/{other.patient.id}/"
    path = (own, foreign, "patients/?search=last", "triage/patients/", own)[kind]
    answer = client.open(f"/api/v1/{path}", method=method, json={} if kind == 0 else None, headers=headers)
    seen = (answer.status_code, mine.mark in answer.text, other.mark in answer.text)
    expected = (500, False, False) if kind == 0 else (404, False, False) if kind == 1 else (200, True, False)
    return None if seen in {expected, (503, False, False)} else f"{method} {path}: {seen}"


def test_s34_two_practices_never_mix_on_one_connection(crowded: Flask, home: World, abroad: World) -> None:
    """Zero rows of the other."""
    worlds = [(home, abroad), (abroad, home)]
    tokens = [bearer(mine.person(Role.PROVIDER)) for mine, _ in worlds]

    def run(offset: int) -> list[str]:
        client, numbers = crowded.test_client(), range(offset, REQUESTS, THREADS)
        turns = zip(numbers, itertools.cycle((0, 1)), strict=False)
        found = (_turn(client, *worlds[who], tokens[who], number // THREADS) for number, who in turns)
        return [problem for problem in found if problem]

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(itertools.chain(*pool.map(run, range(THREADS)))) == []


LEFT = 400
PATHS = ("patients/?search={mark}", "patients/export/", "triage/patients/", "patients/{id}/timeline/")


def test_s34_a_request_that_is_left_shows_nothing_to_the_next(
    app: Flask, settings: Settings, home: World, abroad: World
) -> None:
    """One process, two threads: one practice breaks off before, in and after its answer; the other asks next."""
    people = [(world, bearer(world.person(Role.ADMIN))["Authorization"]) for world in (home, abroad)]
    with gunicorn(settings, WEB_CONCURRENCY="1", WEB_THREADS="2") as server:
        for turn in range(LEFT):
            (leaver, its), (mine, own) = people if turn % 2 else reversed(people)
            path = PATHS[turn // 2 % len(PATHS)].format(mark=leaver.mark, id=leaver.patient.id)
            _leave(server, _asking(path, its), taking=(0, 1, 2_000)[turn % 3])
            answered = server.send(_asking("triage/patients/", own)).decode()
            assert (f"{mine.mark}last" in answered, leaver.mark in answered) == (True, False), (turn, answered[:400])


def _asking(path: str, token: str) -> bytes:
    lines = (f"GET /api/v1/{path} HTTP/1.1", "Host: localhost", f"Authorization: {token}", "Connection: close")
    return "\r\n".join((*lines, "", "")).encode()


def _leave(server: Server, asking: bytes, taking: int) -> None:
    """Ask, take so many bytes of the answer, and slam the door: a reset, not a polite end."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(asking if taking else asking[:-2])
        if taking:
            connection.recv(taking)
