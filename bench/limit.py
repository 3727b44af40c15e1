"""The physical limit: pgbench leaving the same rows on the same server, in one round trip and one commit each."""

import re
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from bench.children import BenchError
from bench.load import CONNECTIONS, Job
from bench.seed import Practice
from deploy.local_postgres import LocalPostgres
from deploy.postgres_programs import package

_TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
_TARGETS = 500

_OPENING = r"""
\startpipeline
BEGIN;
SELECT set_config('app.practice_id', '{practice}', true), set_config('app.user_id', '{user}', true);
"""
_CLOSING = r"""
COMMIT;
\endpipeline
"""
# pgbench takes every `:name` for a variable, in quotes too: hence the events' hyphens.
# What one posted reading leaves behind: the row, for about half of them an alert (one that has ended: thousands
# left standing would burden whoever posts next), the patient's line of the board, and an audit event for each row made.
_POST = r"""
\set n random(1, {targets})
\set systolic random(101, 160)
\set diastolic random(61, 99)
{opening}
SELECT 1 FROM triage_summaries s JOIN bench_targets t ON t.id = s.patient_id WHERE t.n = :n FOR UPDATE OF s;
WITH made AS (
    INSERT INTO observations (id, practice_id, patient_id, observation_type, systolic, diastolic, pulse, device_id,
        measured_at, natural_key, fhir_status, source, is_stored_memory, is_estimated_time, status, created_by)
    SELECT uuidv7(), '{practice}', id, 'blood_pressure', :systolic, :diastolic, 70, 'cuff', now(),
        sha256(uuid_send(gen_random_uuid())), 'not_configured', 'manual', false, false, 'final', {user}
    FROM bench_targets WHERE n = :n
    RETURNING id, patient_id, measured_at
), alerted AS (
    INSERT INTO alerts (id, practice_id, patient_id, observation_id, measured_at, level, rule, message, value,
        threshold, version, cleared_at, acknowledged_at)
    SELECT uuidv7(), '{practice}', patient_id, id, measured_at, 'warning', 'systolic_high',
        'Systolic BP exceeds threshold', 150, 140, 1, now(), now()
    FROM made WHERE :systolic >= 140 OR :diastolic >= 90
    RETURNING id, patient_id
)
INSERT INTO audit_events (practice_id, user_id, action, resource_type, resource_id, patient_id, outcome, ip, request_id)
SELECT '{practice}'::uuid, {user}, 'observation-create', 'observation', id::text, patient_id, 'success',
    '127.0.0.1'::inet, gen_random_uuid()::text FROM made
UNION ALL
SELECT '{practice}', {user}, 'alert-create', 'alert', id::text, patient_id, 'success',
    '127.0.0.1', gen_random_uuid()::text FROM alerted;
UPDATE triage_summaries SET last_reading_at = now(), refreshed_at = now(),
    latest_vitals = jsonb_build_object('blood_pressure', jsonb_build_object('systolic', 142, 'diastolic', 85,
        'pulse', 70, 'measured_at', now(), 'observation_id', id))
FROM bench_targets WHERE n = :n AND patient_id = id;
{closing}
"""
# What one page read costs the database: the number of patients, twenty of them, and the audit event.
_LIST = r"""
{opening}
SELECT count(*) FROM patients WHERE practice_id = '{practice}' AND is_active;
SELECT * FROM patients WHERE practice_id = '{practice}' AND is_active ORDER BY created_at, id LIMIT 20;
INSERT INTO audit_events (practice_id, user_id, action, resource_type, outcome, ip, request_id)
VALUES ('{practice}', {user}, 'patient-list', 'patient', 'success', '127.0.0.1', gen_random_uuid()::text);
{closing}
"""
_SCRIPTS: tuple[tuple[Job, str], ...] = (("post", _POST), ("list", _LIST))


class Limit:
    """pgbench with a script for each job, as the application's role and behind the same walls."""

    def __init__(self, postgres: LocalPostgres, practice: Practice, directory: Path) -> None:
        self._postgres, self._url, self._directory = postgres, postgres.app_url(), directory
        parts = {"practice": practice.practice_id, "user": practice.user_id, "targets": _TARGETS}
        for job, script in _SCRIPTS:
            text = script.format(opening=_OPENING.format(**parts), closing=_CLOSING, **parts)
            self._script(job).write_text(text)
        with psycopg.connect(postgres.superuser_dsn("vantrexia")) as connection:
            connection.execute("CREATE TABLE bench_targets (n int PRIMARY KEY, id uuid NOT NULL)")
            connection.execute("GRANT SELECT ON bench_targets TO PUBLIC")
            targets = list(enumerate(practice.patient_ids[:_TARGETS], start=1))
            connection.cursor().executemany("INSERT INTO bench_targets VALUES (%s, %s)", targets)

    def analyse(self) -> None:
        """Do for all sides what autovacuum does within a minute: plans made for empty tables are made anew."""
        for database in ("vantrexia", "peer"):
            with suppress(psycopg.OperationalError), self._connect(database) as connection:
                connection.execute("ANALYZE")

    def _connect(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(self._postgres.superuser_dsn(database), autocommit=True)

    def measure(self, job: Job, seconds: float) -> float:
        """Return how many of the job's transactions the database alone commits in a second."""
        options = ["-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "1", "-T", str(max(1, round(seconds)))]
        program = str(package() / "pginstall18" / "bin" / "pgbench")
        command = [program, *options, "-f", str(self._script(job)), self._url]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self._directory)
        found = _TPS.search(done.stdout)
        if done.returncode != 0 or found is None:
            raise BenchError(f"pgbench failed: {done.stderr or done.stdout}")
        return float(found[1])

    def _script(self, job: Job) -> Path:
        return self._directory / f"{job}.sql"
