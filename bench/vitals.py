"""Readings in bulk: a patient's year for the statistics, a practice's month for the dry run, a very large board."""

import time

import psycopg
from flask.testing import FlaskClient

from bench.children import BenchError
from bench.latency import Waiting, waiting
from bench.ours import Ours
from bench.seed import PASSWORD, Practice, found_practice
from bench.table import Row
from deploy.local_postgres import LocalPostgres

MANY = 100_000
_A_DAY, _YEAR, _MONTH, _REPLAYED = 4, 365, 30, 1_000
_WARM_UP = 5
_PARTITIONS = """
SELECT ensure_observation_partition(month::date)
FROM generate_series(now() - interval '13 months', now(), '1 month') AS month
"""
_FILL = """
INSERT INTO observations (practice_id, id, measured_at, patient_id, observation_type, systolic, diastolic, pulse,
    source, is_stored_memory, is_estimated_time, natural_key, fhir_status, status)
SELECT %(practice)s, gen_random_uuid(), now() - n * interval '1 day' / %(each)s, id, 'blood_pressure',
    105 + (n * 7 + get_byte(uuid_send(id), 15)) %% 50, 65 + n %% 30, 60 + n %% 25, 'manual', false, false,
    sha256(uuid_send(id) || int4send(n)), 'not_configured', 'final'
FROM unnest(%(patients)s::uuid[]) AS id, generate_series(1, %(days)s * %(each)s) n
"""


def fill(postgres: LocalPostgres, practice: Practice, patients: int, days: int, each: int) -> None:
    """Give the practice's last patients so many days of so many readings each."""
    named = {"practice": practice.practice_id, "patients": list(practice.patient_ids[-patients:])}
    with psycopg.connect(postgres.superuser_dsn("vantrexia"), autocommit=True) as connection:
        connection.execute(_PARTITIONS)
        connection.execute(_FILL, {**named, "days": days, "each": each})
        connection.execute("ANALYZE observations")


def measure_statistics(ours: Ours, postgres: LocalPostgres, times: int) -> Row:
    """Ask for the statistics of one patient's whole year, by weeks."""
    fill(postgres, ours.small, 1, _YEAR, _A_DAY)
    client, headers = ours.app.test_client(), _signed_in(ours, ours.small)
    path = f"/api/v1/patients/{ours.small.patient_ids[-1]}/observations/stats/?by=week"
    return _row("statistics, one patient's year", _ask(client, path, headers, times))


def measure_dry_run(ours: Ours, postgres: LocalPostgres, times: int = 3) -> Row:
    """Replay 30 days of 1,000 patients under other thresholds."""
    with ours.app.app_context():
        practice = found_practice(postgres, "Replayed Practice", _REPLAYED)
    fill(postgres, practice, _REPLAYED, _MONTH, 1)
    client, headers = ours.app.test_client(), _signed_in(ours, practice)
    proposal = {"systolic_high": 135, "days": _MONTH}

    def ask() -> float:
        started = time.perf_counter()
        answer = client.post("/api/v1/triage/thresholds/preview/", json=proposal, headers=headers)
        _check(answer.status_code)
        return (time.perf_counter() - started) * 1000

    return _row("dry run, 30 days of 1,000 patients", waiting([ask() for _ in range(times)]))


_OF_THE_BOARD = (
    ("board", "patients/"),
    ("alerts wait,", "patients/?has_unack_alerts=true&risk_level=critical"),
    ("none waits,", "patients/?has_unack_alerts=false&ordering=last_reading_at"),
    ("stats", "patients/stats/"),
)


def measure_board(ours: Ours, postgres: LocalPostgres, times: int) -> list[Row]:
    """Ask for the board and its counts in a practice of 10,000 and in one of 100,000 patients, within this process."""
    with ours.app.app_context():
        huge = found_practice(postgres, "Huge Practice", MANY, searchable=False)
    client, rows = ours.app.test_client(), []
    for job, path in _OF_THE_BOARD:
        for practice in (ours.large, huge):
            waited = _ask(client, f"/api/v1/triage/{path}", _signed_in(ours, practice), times)
            rows.append(_row(f"{job} in process, {len(practice.patient_ids):,} patients", waited))
    return rows


def _ask(client: FlaskClient, path: str, headers: dict[str, str], times: int) -> Waiting:
    waited = []
    for _ in range(_WARM_UP + times):
        started = time.perf_counter()
        _check(client.get(path, headers=headers).status_code)
        waited.append((time.perf_counter() - started) * 1000)
    return waiting(waited[_WARM_UP:])


def _check(status: int) -> None:
    if status != 200:
        raise BenchError(f"it was answered with {status}")


def _row(job: str, waited: Waiting) -> Row:
    return Row(job, p50_ms=waited.p50_ms, p95_ms=waited.p95_ms, p99_ms=waited.p99_ms)


def _signed_in(ours: Ours, practice: Practice) -> dict[str, str]:
    """Return the headers of the practice's provider, signed in within this process."""
    body = {"email": practice.email, "password": PASSWORD}
    answer = ours.app.test_client().post("/api/v1/auth/login/", json=body)
    return {"Authorization": f"Bearer {(answer.json or {})['access']}"}
