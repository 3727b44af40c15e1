"""Batches of readings, and their limit: COPY of rows that they left into the same table, by the superuser."""

import time
from dataclasses import replace
from statistics import median

import psycopg

from bench.load import Outcome, Target, put_under_load
from deploy.local_postgres import LocalPostgres

SIZE = 1_000
SPREADS = (60, 1_000)  # patients in a batch: a gateway that was away for a day, and everybody's morning
_NEW = "created_at > now() - interval '1 hour' AND device_id LIKE 'batch-%'"


def measure_batches(target: Target, spread: int, seconds: float) -> Outcome:
    """Return what full batches of so many patients' readings give, in readings a second; their times are batches'."""
    outcome = put_under_load(replace(target, spread=spread), "batch", seconds)
    return replace(outcome, per_second=outcome.per_second * SIZE)


def measure_copy(postgres: LocalPostgres, rounds: int = 5) -> float:
    """Take rows that batches left out and put them back on one connection; return how many a second go in."""
    waited = []
    with psycopg.connect(postgres.superuser_dsn("vantrexia"), autocommit=True) as connection:
        connection.execute("TRUNCATE alerts CASCADE")
        for _ in range(rounds):
            connection.execute(f"CREATE TEMP TABLE chosen AS SELECT * FROM observations WHERE {_NEW} LIMIT {SIZE}")
            with connection.cursor().copy("COPY chosen TO STDOUT") as out:
                rows = b"".join(bytes(piece) for piece in out)
            connection.execute("DELETE FROM observations WHERE id IN (SELECT id FROM chosen)")
            connection.execute("DROP TABLE chosen")
            began = time.perf_counter()
            with connection.cursor().copy("COPY observations FROM STDIN") as into:
                into.write(rows)
            waited.append((time.perf_counter() - began) / max(rows.count(b"\n"), 1))
    return 1 / median(waited)
