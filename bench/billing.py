"""`python -m bench.billing`: how long an engine run takes for 1,000 and for 10,000 patients; one table.

Every patient has papers, a device and 60 days of readings on 26 of each 30; time logs as well where their table exists.
Timed are the first run, which enters every line, and the second, which finds nothing to do: here for all that is
recent, as every four hours; `make bench` asks for the last month alone, of which 10,000 patients may take 30 seconds.
"""

import argparse
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg

from app.audit import context
from app.domain.billing.clocks import Window, month_of
from app.services.billing.run import RECENT, recent_window, run
from bench.ours import Ours
from bench.scale import application
from bench.seed import Practice, found_practice
from bench.statements import counting
from bench.table import Row
from deploy.local_postgres import LocalPostgres

SIZES = (1_000, 10_000)
_DAYS = 60
_FILL = f"""
WITH of AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM patients WHERE practice_id = %(practice)s)
INSERT INTO devices (practice_id, model_id, serial, status, id, version)
SELECT %(practice)s, 'and-ua-651ble', 'B' || n, 'active', id, 1 FROM of;
INSERT INTO device_identifiers (practice_id, key, device_id)
SELECT practice_id, lower(serial), id FROM devices WHERE practice_id = %(practice)s;
INSERT INTO device_assignments (device_id, device_number, patient_id, started_at, id, practice_id, version)
SELECT id, number, id, now() - interval '{_DAYS + 5} days', gen_random_uuid(), practice_id, 1
FROM devices WHERE practice_id = %(practice)s;
INSERT INTO consents (id, practice_id, patient_id, program, method, obtained_on, obtained_by, cost_share_explained,
    one_practitioner_explained, note_enc, version)
SELECT gen_random_uuid(), practice_id, id, 'RPM', 'verbal', current_date - {_DAYS + 5}, %(user)s, true, true, '', 1
FROM patients WHERE practice_id = %(practice)s;
INSERT INTO care_orders (id, practice_id, patient_id, program, ordering_user_id, ordered_on, starts_on, parameters,
    diagnoses, version)
SELECT gen_random_uuid(), practice_id, id, 'RPM', %(user)s, current_date - {_DAYS + 5}, current_date - {_DAYS + 5},
    '{{blood_pressure}}', '{{I10}}', 1 FROM patients WHERE practice_id = %(practice)s;
INSERT INTO enrollments (id, practice_id, patient_id, program, episode_id, starts_on, diagnoses, initiating_visit_on,
    version)
SELECT gen_random_uuid(), practice_id, id, 'RPM', gen_random_uuid(), current_date - {_DAYS + 5}, '{{I10}}',
    current_date - {_DAYS + 5}, 1 FROM patients WHERE practice_id = %(practice)s;
INSERT INTO billing_circumstances (id, practice_id, patient_id, kind, starts_on, ends_on, recorded_by, version)
SELECT gen_random_uuid(), practice_id, id, 'setup_training', current_date - {_DAYS}, current_date - {_DAYS}, %(user)s, 1
FROM patients WHERE practice_id = %(practice)s;
INSERT INTO observations (practice_id, id, measured_at, patient_id, observation_type, weight_kg, device_id, source,
    is_stored_memory, is_estimated_time, natural_key, fhir_status, status)
SELECT d.practice_id, gen_random_uuid(), current_date - day + interval '15 hours', d.id, 'weight', 80, d.serial, 'auto',
    false, false, decode(md5(d.id::text || day), 'hex'), 'not_configured', 'final'
FROM devices d, generate_series(1, {_DAYS}) day
WHERE d.practice_id = %(practice)s AND (day + d.number) %% 30 > 3;
"""
_TIME = """
INSERT INTO time_logs (id, practice_id, patient_id, user_id, program, activity, mode, is_interactive, credential,
    started_at, ended_at, source, version)
SELECT gen_random_uuid(), practice_id, id, %(user)s, 'RPM', 'patient_contact', 'phone', true, 'clinical',
    current_date - interval '40 days' + n * interval '25 minutes',
    current_date - interval '40 days' + n * interval '25 minutes' + interval '24 minutes', 'manual', 1
FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM patients WHERE practice_id = %(practice)s) p
WHERE n < 1400;
"""


def main() -> None:
    """Fill, run twice, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.billing", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    with application() as (app, postgres), app.app_context():
        for size in parser.parse_args().sizes:
            practice = found_practice(postgres, f"Billing{size} Practice", size)
            _fill(postgres, practice)
            print(f"{size:>7,} patients: {_timed(practice.practice_id)}")


def measure_billing(ours: Ours, postgres: LocalPostgres, size: int) -> Row:
    """Return how many patients a second the first run goes through; p50 and p95 are the second run and the first."""
    with ours.app.app_context():
        practice = found_practice(postgres, f"Billing{size} Practice", size)
        _fill(postgres, practice)
        context.bind(practice_id=practice.practice_id)
        times, counts = [], []
        for _ in range(2):
            started = time.monotonic()
            with counting() as counted:
                run(practice.practice_id, _last_month())
            times.append((time.monotonic() - started) * 1000)
            counts.append(str(counted))
        context.start(context.AuditContext())
    first, second = times
    return Row(f"billing run, {size:,} patients", ours=size * 1000 / first, p50_ms=second, p95_ms=first, sql=counts[0])


def _last_month() -> Window:
    return month_of(datetime.now(UTC).date().replace(day=1) - timedelta(days=1))


def _fill(postgres: LocalPostgres, practice: Practice) -> None:
    named = {"practice": practice.practice_id, "user": practice.user_id}
    with psycopg.connect(postgres.superuser_dsn("vantrexia"), autocommit=True) as connection:
        for statement in _FILL.split(";\n"):
            if statement.strip():
                connection.execute(statement, named)
        if connection.execute("SELECT to_regclass('time_logs') IS NOT NULL").fetchone() == (True,):
            connection.execute(_TIME, named)
        connection.execute("ANALYZE")


def _timed(practice_id: UUID) -> str:
    context.bind(practice_id=practice_id)
    told = []
    for name in ("first run", "second run"):
        started, worked = time.monotonic(), time.process_time()
        with counting() as counted:
            result = run(practice_id, recent_window(RECENT))
        seconds, cpu = time.monotonic() - started, time.process_time() - worked
        told.append(
            f"{name} {seconds:.1f} s ({cpu:.1f} s of our processor), {counted.statements} statements,"
            f" {result.entered} lines entered"
        )
    return "; ".join(told)


if __name__ == "__main__":
    main()
