"""S45: whatever is killed while readings come in, the data and the audit trail agree."""

import json
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from itertools import count

import psutil
import pytest

from deploy.local_postgres import LocalPostgres
from deploy.postgres_programs import LocalPostgresError
from tests.deploy.conftest import LocalRun, wait_until

pytestmark = pytest.mark.slow
KILLS = 12  # every fourth is the database's, the others the web server's worker
_WRITERS = 4
_seconds = count(1)


class Client:
    """Posts readings and reads a patient, and remembers what was acknowledged."""

    def __init__(self, run: LocalRun) -> None:
        self._base = f"http://127.0.0.1:{run.port}/api/v1"
        body = {"email": "clinician@practice.com", "password": "SecureP@ss123"}
        self._token = ""
        self._token = self._call("POST", "/auth/login/", body)[0]["access"]
        self.patient = self._call("GET", "/patients/?search=MRN-00001")[0]["results"][0]["id"]
        self.readings: list[str] = []
        self.reads: list[str] = []
        self.ended = threading.Event()

    def work(self) -> None:
        """Post and read until told to stop; a server that was killed in between is nothing to speak of."""
        while not self.ended.is_set():
            with suppress(OSError, HTTPException, ValueError):
                self._post()
                self.reads.append(self._call("GET", f"/patients/{self.patient}/")[1])

    def _post(self) -> None:
        at = datetime.now(UTC) - timedelta(days=1) + timedelta(seconds=next(_seconds))
        body = {"patient_id": self.patient, "systolic": 120, "diastolic": 70, "measured_at": at.isoformat()}
        self.readings.append(self._call("POST", "/ingestion/blood-pressure/", body)[0]["id"])

    def _call(self, method: str, path: str, body: object = None) -> tuple[dict, str]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response), response.headers["X-Request-Id"]


@contextmanager
def _busy(client: Client) -> Iterator[None]:
    with ThreadPoolExecutor(_WRITERS) as pool:
        for _ in range(_WRITERS):
            pool.submit(client.work)
        try:
            yield
        finally:
            client.ended.set()


def test_s45_every_change_and_every_acknowledged_read_has_its_event_after_kill_9(local_run: LocalRun) -> None:
    """Of the worker and of the database; nothing is recorded that did not happen."""
    local_run.settings = {f"RATELIMIT_{scope}": "1000000/hour" for scope in ("USER", "INGESTION", "ANONYMOUS", "AUTH")}
    local_run.start_and_wait()
    client = Client(local_run)
    with _busy(client):
        for kill in range(1, KILLS + 1):
            before = len(client.readings)
            wait_until(lambda seen=before: len(client.readings) >= seen + 5)
            _victim(local_run, kill).kill()
        wait_until(lambda: len(client.readings) >= before + 10)
    wait_until(local_run.answers)
    database = LocalPostgres(local_run.var_dir)
    wait_until(lambda: _is_back(database))  # the last kill was the database's own
    _assert_they_agree(database, client)


def _is_back(database: LocalPostgres) -> bool:
    with suppress(LocalPostgresError):
        return database.query("SELECT 1").strip() == "1"
    return False


def _victim(run: LocalRun, kill: int) -> psutil.Process:
    if kill % 4 == 0:
        return psutil.Process(run.pid("database"))
    server = psutil.Process(run.pid("web server"))
    wait_until(lambda: bool(server.children()))
    return server.children()[0]


def _assert_they_agree(database: LocalPostgres, client: Client) -> None:
    stored = database.query(f"SELECT id FROM observations WHERE patient_id = '{client.patient}'").split()
    told = database.query(
        f"SELECT resource_id FROM audit_events WHERE action = 'observation:create' AND patient_id = '{client.patient}'"
    ).split()
    read = database.query("SELECT request_id FROM audit_events WHERE action = 'patient:read'").split()
    assert sorted(stored) == sorted(told)
    assert set(client.readings) <= set(stored)
    assert set(client.reads) <= set(read)
