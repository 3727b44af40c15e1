"""Webhooks of vendors: how many are answered, how long at the rate that is wanted, and how many the worker applies.

By contract an integration may send 500 an hour: that limit counts as always, but is set wide so that it never refuses.
"""

import http.client
import json
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from app.audit import context
from app.domain.actor import Actor
from app.domain.gateways import NewGateway
from app.domain.roles import Role
from app.gateways.lab.signing import dress
from app.gateways.signatures import AuthMode
from app.services.gateways.registration import create_gateway
from bench.children import BenchError, child
from bench.load import CONNECTIONS, percentile
from bench.ours import Ours
from bench.table import Row
from config import ROOT
from deploy.local_postgres import LocalPostgres

_AT_ONCE, _A_SECOND, _SECONDS = 1_000, 50, 8
_PATIENCE = 90.0  # seconds, for the worker to apply them all
_DEVICES = """
WITH of AS (SELECT id, row_number() OVER () AS n FROM unnest(%(patients)s::uuid[]) AS id), made AS (
    INSERT INTO devices (practice_id, model_id, serial, status, id, version)
    SELECT %(practice)s, 'and-ua-651ble', 'W' || n, 'active', id, 1 FROM of RETURNING id, number, serial
), named AS (
    INSERT INTO device_identifiers (practice_id, key, device_id) SELECT %(practice)s, lower(serial), id FROM made
)
INSERT INTO device_assignments (device_id, device_number, patient_id, started_at, id, practice_id, version)
SELECT id, number, id, now() - interval '9 days', gen_random_uuid(), %(practice)s, 1 FROM made
"""
_APPLIED = "SELECT count(*) FILTER (WHERE state = 'applied'), count(*) FROM webhook_deliveries"


@dataclass(frozen=True, slots=True)
class _Sender:
    path: str
    header: str
    secret: str


def measure_webhooks(ours: Ours, postgres: LocalPostgres, port: int, directory: Path) -> list[Row]:
    """Send, first as fast as eight connections can and then at the wanted rate; then let the worker apply it all."""
    with psycopg.connect(postgres.superuser_dsn("vantrexia"), autocommit=True) as connection:
        patients = list(ours.small.patient_ids[:_AT_ONCE])
        connection.execute(_DEVICES, {"practice": ours.small.practice_id, "patients": patients})
        sender = _registered(ours)
        events = _events(sender)
        rate, _ = _send(port, sender, [next(events) for _ in range(_AT_ONCE)], None)
        paced = [next(events) for _ in range(_A_SECOND * _SECONDS)]
        _, times = _send(port, sender, paced, _A_SECOND)
        p50, p95, p99 = (percentile(times, share) for share in (50, 95, 99))
        applied = _apply(ours, connection, directory)
    return [
        Row("webhooks answered", ours=rate),
        Row("webhooks, 50 a second", p50_ms=p50, p95_ms=p95, p99_ms=p99),
        Row("webhooks applied", ours=applied),
    ]


def _registered(ours: Ours) -> _Sender:
    actor = Actor(ours.small.user_id, ours.small.practice_id, Role.ADMIN, None)
    with ours.app.app_context():
        context.bind(practice_id=actor.practice_id, user_id=actor.user_id)
        line = create_gateway(actor, NewGateway("mioconnect", "Bench", AuthMode.TIMESTAMPED_HMAC))
        sender = _Sender(f"/api/v1/webhooks/{line.integration.id}/", line.integration.header, line.secret or "")
        context.start(context.AuditContext())
    return sender


def _events(sender: _Sender) -> Iterator[tuple[bytes, dict[str, str]]]:
    """Return bodies with their proof, each a reading of another device or moment."""
    begun, number = datetime.now(UTC), 0
    while True:
        at = begun - timedelta(hours=3) + timedelta(seconds=number)
        reading: dict[str, Any] = {
            "type": "blood_pressure", "device_id": f"W{number % _AT_ONCE + 1}", "systolic": 105 + number % 60,
            "diastolic": 65 + number % 30, "pulse": 70, "measured_at": at.isoformat(),
        }  # fmt: skip
        body = json.dumps({"event_id": f"bench-{number}", "type": "reading", "data": [reading]}).encode()
        proof = dress(AuthMode.TIMESTAMPED_HMAC, sender.header, sender.secret, body, datetime.now(UTC))
        yield body, {"Content-Type": "application/json", **proof}
        number += 1


def _send(
    port: int, sender: _Sender, events: Iterable[tuple[bytes, dict[str, str]]], a_second: int | None
) -> tuple[float, list[float]]:
    """Return the rate and each answer's milliseconds, counted from when it was due where there is a pace."""
    queue, times, lock = enumerate(events), [], threading.Lock()
    started = time.perf_counter()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while True:
            with lock:
                number, event = next(queue, (0, None))
            if event is None:
                return
            due = started + number / a_second if a_second else time.perf_counter()
            time.sleep(max(0.0, due - time.perf_counter()))
            connection.request("POST", sender.path, *event)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                return
            times.append((time.perf_counter() - due) * 1000)

    threads = [threading.Thread(target=client) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if next(queue, None) or not times:
        raise BenchError("a webhook was refused")
    return len(times) / (time.perf_counter() - started), times


def _apply(ours: Ours, connection: psycopg.Connection[Any], directory: Path) -> float:
    """Run the worker as it is deployed and return how many it applies a second, from the first it was seen to apply."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    seen: list[tuple[float, int]] = []
    with child(command, ours.env, ROOT, directory / "worker.log"):
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            applied, sent = connection.execute(_APPLIED).fetchone() or (0, 0)
            if applied:
                seen.append((time.monotonic(), applied))
            if applied == sent:
                break
            time.sleep(0.1)
    if len(seen) < 2:
        raise BenchError("the worker applied nothing")
    (since, first), (until, last) = seen[0], seen[-1]
    return (last - first) / (until - since)
