"""`python -m bench.scale`: how long patients are listed, searched, opened and created among very many; one table.

Asked within one process, without a web server, so that the numbers are those "at the server". Takes a few minutes,
nearly all of them for filling the practices.
"""

import argparse
import itertools
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from werkzeug.test import TestResponse

from app import create_app
from bench.children import BenchError
from bench.latency import READS, Waiting, waiting
from bench.seed import PASSWORD, Practice, found_practice
from bench.table import Row, render
from config import Settings
from deploy.local_postgres import LocalPostgres

_PATIENTS_EACH = 2_000
_TIMES = 200
_WIDE = "1000000/hour"
_PATIENTS = "/api/v1/patients/"
Ask = Callable[[], TestResponse]


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--practices", type=int, default=50, help=f"of {_PATIENTS_EACH} patients each")
    practices = parser.parse_args().practices
    with application() as (app, postgres):
        with app.app_context():
            founded = [found_practice(postgres, f"P{number} Practice", _PATIENTS_EACH) for number in range(practices)]
        middle = founded[practices // 2]
        rows = [_row(name, asks) for name, asks in _jobs(app.test_client(), middle)]
    print(f"\n{practices * _PATIENTS_EACH:,} patients in {practices} practices\n\n{render(rows)}")


@contextmanager
def application() -> Iterator[tuple[Flask, LocalPostgres]]:
    """Return the application on a fresh database."""
    directory = Path(tempfile.mkdtemp(prefix="vantrexia-scale-"))
    postgres = LocalPostgres(directory)
    postgres.start()
    try:
        settings = {f"RATELIMIT_{scope}": _WIDE for scope in ("USER", "ANONYMOUS", "AUTH", "INGESTION")}
        urls = {"DATABASE_URL": postgres.app_url(), "MIGRATION_DATABASE_URL": postgres.owner_url()}
        var = {"APP_ENV": "development", "LOG_LEVEL": "CRITICAL", "VAR_DIR": str(directory / "var")}
        app = create_app(Settings.from_environment({**settings, **urls, **var}))
        with app.app_context():
            upgrade()
        yield app, postgres
    finally:
        postgres.stop()
        shutil.rmtree(directory, ignore_errors=True)


def _jobs(client: FlaskClient, practice: Practice) -> Iterator[tuple[str, Iterator[Ask]]]:
    body = {"email": practice.email, "password": PASSWORD}
    access = client.post("/api/v1/auth/login/", json=body).get_json()["access"]
    headers = {"Authorization": f"Bearer {access}"}

    def get(path: str) -> Ask:
        return lambda: client.get(path, headers=headers)

    def create(number: int) -> Ask:
        new = {"first_name": f"New{number}", "last_name": "Person", "date_of_birth": "1950-01-01", "gender": "male"}
        return lambda: client.post(_PATIENTS, json={**new, "phone": f"+1312555{number:04d}"}, headers=headers)

    for read in READS:
        yield read.name.removesuffix(", 10,000 patients"), map(get, itertools.cycle(read.paths))
    someone = itertools.cycle(practice.patient_ids[::7])
    yield "record opened", (get(f"{_PATIENTS}{patient_id}/") for patient_id in someone)
    yield "timeline", (get(f"{_PATIENTS}{patient_id}/timeline/") for patient_id in someone)
    yield "record created", map(create, itertools.count())


def _row(name: str, asks: Iterator[Ask]) -> Row:
    times = [_time(ask) for ask in itertools.islice(asks, _TIMES)]
    waited: Waiting = waiting(times[len(times) // 10 :])  # the first tenth warms what is kept between requests
    return Row(name, p50_ms=waited.p50_ms, p95_ms=waited.p95_ms, p99_ms=waited.p99_ms)


def _time(ask: Ask) -> float:
    started = time.perf_counter()
    answer = ask()
    if answer.status_code not in {200, 201}:
        raise BenchError(f"{answer.request.path} was answered with {answer.status_code}")
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
