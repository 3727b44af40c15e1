"""Vendors send while workers are killed and the database restarts: what was acknowledged is there, once."""

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from app.gateways.lab.signing import dress
from app.gateways.signatures import AuthMode
from tests.live.installation import Installation, Web
from tests.live.workers import child_of, nursery, worker

pytestmark = pytest.mark.slow
_KILLS = 50
_AT_WORK = 10.0  # seconds until a worker that was just started has done something
_BEGUN = "SELECT count(*) FROM procrastinate_events WHERE type = 'started'"
_STALLED = "SELECT count(*) FROM procrastinate_jobs WHERE attempts > 1 AND task_name = 'apply_delivery'"
_SENDERS = 3
_PAUSE = 0.25  # seconds between two messages of a sender
_PATIENCE = 120.0  # seconds until the last job is done


class Vendor:
    """Sends readings without end, each until it is acknowledged, some of them twice."""

    def __init__(self, web: Web, url: str, secret: str, device: str) -> None:
        self._web, self._url, self._secret, self._device = web, url, secret, device
        self._over, self._lock, self._number = threading.Event(), threading.Lock(), 0
        self.acknowledged: list[str] = []
        self.refused: list[int] = []
        self._threads = [threading.Thread(target=self._work) for _ in range(_SENDERS)]

    def __enter__(self) -> "Vendor":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=20)
        while not self._over.is_set():
            with self._lock:
                self._number += 1
                number = self._number
            at = (start + timedelta(seconds=number)).isoformat()
            item = {
                "type": "blood_pressure",
                "device_id": self._device,
                "measured_at": at,
                "systolic": 122,
                "diastolic": 78,
            }
            body = json.dumps({"event_id": f"e{number}", "type": "reading", "data": item}).encode()
            while self._send(body) != 200 and not self._over.is_set():
                time.sleep(0.2)
            if number % 5 == 0:
                self._send(body)
            time.sleep(_PAUSE)

    def _send(self, body: bytes) -> int:
        proof = dress(AuthMode.TIMESTAMPED_HMAC, "X-Webhook-Signature", self._secret, body, datetime.now(UTC))
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self._web.port, timeout=10)
            connection.request("POST", self._url, body, {"Content-Type": "application/json", **proof})
            status = connection.getresponse().status
        except OSError:
            return 0
        with self._lock:
            if status == 200:
                self.acknowledged.append(json.loads(body)["event_id"])
            else:
                self.refused.append(status)
        return status


def _set_up(web: Web) -> tuple[str, str, str]:
    person = {"first_name": "Kay", "last_name": "Kill", "date_of_birth": "1950-01-02", "gender": "female"}
    patient = web.call("POST", "/api/v1/patients/", person).json["id"]
    made = web.call("POST", "/api/v1/devices/", {"model": "and-ua-651ble", "serial": "KILL-1"}).json["id"]
    held = {"patient_id": patient, "from": (datetime.now(UTC) - timedelta(days=2)).isoformat()}
    assert web.call("POST", f"/api/v1/devices/{made}/assign/", held).status == 200
    body = {"vendor": "mioconnect", "name": "Live", "auth_mode": "timestamped_hmac"}
    gateway = web.call("POST", "/api/v1/integrations/gateways/", body).json
    return f"/api/v1/webhooks/{gateway['id']}/", gateway["secret"], patient


def _wait_until_done(installation: Installation) -> None:
    deadline = time.monotonic() + _PATIENCE
    left = "SELECT count(*) FROM webhook_deliveries WHERE state IN ('received', 'parsed', 'failed')"
    while installation.postgres.query(left).strip() != "0":
        assert time.monotonic() < deadline, installation.postgres.query(
            "SELECT state, count(*) FROM webhook_deliveries GROUP BY 1"
        )
        time.sleep(0.5)


def _assert_all_there_once(installation: Installation, vendor: Vendor) -> None:
    stored = int(installation.postgres.query("SELECT count(*) FROM observations"))
    distinct = int(installation.postgres.query("SELECT count(DISTINCT measured_at) FROM observations"))
    assert stored == distinct
    assert len(set(vendor.acknowledged)) <= stored
    kept = int(installation.postgres.query("SELECT count(*) FROM webhook_deliveries WHERE state <> 'rejected'"))
    assert kept >= len(vendor.acknowledged)
    events = "SELECT count(DISTINCT dedup_key) FROM inbox_items WHERE state = 'applied'"
    assert stored == int(installation.postgres.query(events))
    assert "KILL-1" not in installation.postgres.query("SELECT args::text FROM procrastinate_jobs")


@pytest.fixture
def installation(install: Callable[..., Installation]) -> Installation:
    """An installation with an administrator and a wide limit for webhooks."""
    made = install(RATELIMIT_WEBHOOK="1000000/hour")
    made.create_admin()
    return made


def test_s77_a_worker_killed_again_and_again_applies_everything_once(installation: Installation) -> None:
    """Fifty times by SIGKILL, at work, while three senders go on; the last one finishes, stalled jobs included."""
    with installation.serving() as web:
        web.sign_in()
        url, secret, _ = _set_up(web)
        with nursery(installation) as parent, Vendor(web, url, secret, "KILL-1") as vendor:
            for kill in range(_KILLS):
                _wait_for_more(installation, _BEGUN, _count(installation, _BEGUN))
                time.sleep(kill % 5 * 0.03)
                os.kill(child_of(parent.pid), signal.SIGKILL)
        with worker(installation):
            _wait_until_done(installation)
    assert vendor.refused == []
    assert len(vendor.acknowledged) > _KILLS
    assert _count(installation, _STALLED) > 0  # some were killed in the middle of it
    _assert_all_there_once(installation, vendor)


def test_s69_a_web_process_killed_again_and_again_keeps_what_it_acknowledged(installation: Installation) -> None:
    """Fifty times by SIGKILL while three senders go on, each sending again what got no answer."""
    with installation.serving(GUNICORN_CMD_ARGS="--preload") as web:  # there again at once
        web.sign_in()
        url, secret, _ = _set_up(web)
        with worker(installation):
            with Vendor(web, url, secret, "KILL-1") as vendor:
                for kill in range(_KILLS):
                    answered = len(vendor.acknowledged)
                    deadline = time.monotonic() + _AT_WORK
                    while len(vendor.acknowledged) == answered and time.monotonic() < deadline:
                        time.sleep(0.02)
                    time.sleep(kill % 5 * 0.03)
                    os.kill(child_of(web.pid), signal.SIGKILL)
            _wait_until_done(installation)
    assert set(vendor.refused) <= {503}
    assert len(vendor.acknowledged) > _KILLS
    _assert_all_there_once(installation, vendor)


def _count(installation: Installation, sql: str) -> int:
    return int(installation.postgres.query(sql))


def _wait_for_more(installation: Installation, sql: str, than: int) -> None:
    deadline = time.monotonic() + _AT_WORK
    while _count(installation, sql) <= than and time.monotonic() < deadline:
        time.sleep(0.02)


def test_s73_a_database_that_restarts_under_load_loses_nothing_that_was_acknowledged(
    installation: Installation,
) -> None:
    """Errors are 503 and end with the downtime; nobody has to do anything."""
    with installation.serving() as web:
        web.sign_in()
        url, secret, _ = _set_up(web)
        with worker(installation), Vendor(web, url, secret, "KILL-1") as vendor:
            time.sleep(2)
            installation.postgres.stop()
            installation.postgres.start()
            time.sleep(4)
        with worker(installation):
            _wait_until_done(installation)
    assert set(vendor.refused) <= {503}
    _assert_all_there_once(installation, vendor)


def test_s69_a_full_queue_holds_up_nobody_who_sends(installation: Installation) -> None:
    """No worker for a while: everything is acknowledged, and applied once one is there."""
    with installation.serving() as web:
        web.sign_in()
        url, secret, _ = _set_up(web)
        with Vendor(web, url, secret, "KILL-1") as vendor:
            time.sleep(5)
        assert (vendor.refused, installation.postgres.query("SELECT count(*) FROM observations").strip()) == ([], "0")
        with worker(installation):
            _wait_until_done(installation)
    _assert_all_there_once(installation, vendor)
