"""Two practices through pgbouncer in transaction mode (S34): eight connections of ours share three of PostgreSQL's.

Three for four threads, who read the keys anew every second, in the middle of their transactions: if that took a second
connection, they would wait for one another.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from flask import Flask

from app.domain.roles import Role
from config import Settings
from tests.attack.pooler import pgbouncer
from tests.attack.server import Server, gunicorn
from tests.attack.world import World, bearer

pytestmark = [pytest.mark.slow, pytest.mark.pooler]
REQUESTS, THREADS = 1_200, 12
_TRIES = 5
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def pooled(app: Flask, settings: Settings) -> Iterator[Server]:
    """Serve on the suite's database, through the pooler."""
    with (
        pgbouncer(settings.database_url) as url,
        gunicorn(
            settings, DATABASE_URL=url, DATABASE_POOLER="transaction", WEB_THREADS="4", KEY_REFRESH_SECONDS="1"
        ) as server,
    ):
        yield server


def _turn(client: httpx.Client, mine: World, other: World, number: int) -> str | None:
    """Make one request; return what is wrong with its answer."""
    own, foreign = f"patients/{mine.patient.id}/", f"patients/{other.patient.id}/"
    kind, reading = number % 6, _reading(mine, number)
    method, path, body, expected = (
        ("GET", own, None, (200, True)),
        ("GET", foreign, None, (404, False)),
        ("GET", f"patients/?search={mine.mark}", None, (200, True)),
        ("GET", "triage/patients/", None, (200, True)),
        ("POST", "ingestion/blood-pressure/", reading, (201, False)),
        ("POST", "ingestion/blood-pressure/", {**reading, "patient_id": str(other.patient.id)}, (404, False)),
    )[kind]
    answer = _asked(client, method, path, body)
    is_right = (answer.status_code, mine.mark in answer.text, other.mark in answer.text) == (*expected, False)
    return None if is_right else f"{method} {path}: {answer.status_code} {answer.text[:200]}"


def _asked(client: httpx.Client, method: str, path: str, body: object) -> httpx.Response:
    """Ask, and again a little later when the machine was too busy to answer."""
    for _ in range(_TRIES):
        answer = client.request(method, path, json=body)
        if answer.status_code != 503:
            break
        time.sleep(0.5)
    return answer


def _reading(world: World, number: int) -> dict[str, object]:
    at = (NOON + timedelta(seconds=number)).isoformat()
    return {
        "patient_id": str(world.patient.id),
        "systolic": 128,
        "diastolic": 79,
        "device_id": "pool",
        "measured_at": at,
    }


def test_s34_two_practices_never_mix_behind_a_pooler(pooled: Server, home: World, abroad: World) -> None:
    """Readings, searches and refusals of both, interleaved; every one of them is answered."""
    worlds = [(home, abroad), (abroad, home)]
    tokens = [bearer(mine.person(Role.PROVIDER)) for mine, _ in worlds]

    def run(offset: int) -> list[str]:
        base = f"{pooled.url}/api/v1/"
        with httpx.Client(base_url=base, headers=tokens[offset % 2], timeout=30) as client:
            turns = (_turn(client, *worlds[offset % 2], number) for number in range(offset, REQUESTS, THREADS))
            return [problem for problem in turns if problem]

    with ThreadPoolExecutor(THREADS) as pool:
        assert [problem for found in pool.map(run, range(THREADS)) for problem in found] == []
