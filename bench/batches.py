"""Batches of readings beside their limit: COPY of the very same rows into the same table, by the superuser."""

import gc
import time
from datetime import UTC, datetime, timedelta
from statistics import median

import psycopg
from flask.testing import FlaskClient

from bench.children import BenchError
from bench.ours import Ours
from bench.seed import PASSWORD, Practice
from deploy.local_postgres import LocalPostgres

URL, SIZE = "/api/v1/ingestion/batch/", 1_000
_NEW = "created_at > now() - interval '1 hour' AND device_id = 'batch'"


def measure_batches(ours: Ours, postgres: LocalPostgres, rounds: int = 5) -> tuple[float, float]:
    """Return readings a second in full batches through the application, and by COPY."""
    client = ours.app.test_client()
    headers = signed_in(ours, ours.small)
    _collect_as_deployed()
    waited = [_post(client, headers, ours, number) for number in range(rounds + 1)][1:]
    return SIZE / median(waited), _copy(postgres, rounds)


def signed_in(ours: Ours, practice: Practice) -> dict[str, str]:
    """Return the headers of the practice's provider, signed in within this process."""
    body = {"email": practice.email, "password": PASSWORD}
    answer = ours.app.test_client().post("/api/v1/auth/login/", json=body)
    return {"Authorization": f"Bearer {(answer.json or {})['access']}"}


def _collect_as_deployed() -> None:
    """Set the garbage collector as `wsgi.py` does in each process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _post(client: FlaskClient, headers: dict[str, str], ours: Ours, number: int) -> float:
    patients, start = ours.small.patient_ids, datetime.now(UTC) - timedelta(days=number + 1)
    readings = [
        {
            "observation_type": "blood_pressure", "patient_id": str(patients[index % len(patients)]),
            "systolic": 110 + index % 40, "diastolic": 70 + index % 25, "pulse": 70, "device_id": "batch",
            "measured_at": (start + timedelta(seconds=index)).isoformat(),
        }
        for index in range(SIZE)
    ]  # fmt: skip
    began = time.perf_counter()
    answer = client.post(URL, json={"readings": readings}, headers=headers)
    waited = time.perf_counter() - began
    if (answer.json or {}).get("created") != SIZE:
        raise BenchError(f"a batch was answered with {answer.status_code}")
    return waited


def _copy(postgres: LocalPostgres, rounds: int) -> float:
    """Take the rows of one batch out and put them back, timing the latter."""
    waited = []
    with psycopg.connect(postgres.superuser_dsn("vantrexia"), autocommit=True) as connection:
        for number in range(1, rounds + 1):
            since, until = (f"now() - interval '{days} days 1 hour'" for days in (number + 1, number))
            day = f"measured_at > {since} AND measured_at < {until}"
            chosen = f"SELECT * FROM observations WHERE {_NEW} AND {day} LIMIT {SIZE}"
            with connection.cursor().copy(f"COPY ({chosen}) TO STDOUT") as out:
                rows = b"".join(bytes(piece) for piece in out)
            connection.execute("TRUNCATE alerts CASCADE")
            connection.execute(f"DELETE FROM observations WHERE id IN (SELECT id FROM ({chosen}) AS gone)")
            began = time.perf_counter()
            with connection.cursor().copy("COPY observations FROM STDIN") as into:
                into.write(rows)
            waited.append((time.perf_counter() - began) / max(rows.count(b"\n"), 1))
    return 1 / median(waited)
