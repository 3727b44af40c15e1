"""Rate limits shared through a real Redis, and without it when it hangs or dies."""

import shutil
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import cast

import pytest
import redis as redis_client
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.web.rate_limits import limiter
from config import Settings
from tests.attack.server import Server, gunicorn

pytestmark = pytest.mark.redis
LOGIN = "/api/v1/auth/login/"


class Redis:
    """A Redis server of the test's own, on a free loopback port."""

    def __init__(self, directory: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url, self._directory = f"redis://127.0.0.1:{self.port}/0", directory
        self.start()

    def start(self) -> None:
        """Start it, empty, where it was."""
        program = shutil.which("redis-server") or "redis-server"
        command = [
            program,
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(self._directory),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _wait_for(self.port)

    def end(self) -> None:
        """End it, whatever state it is in."""
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """Start a server; end it whatever state the test left it in."""
    server = Redis(tmp_path)
    yield server
    server.end()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    pytest.fail("redis-server does not answer")


def _process(settings: Settings, url: str) -> FlaskClient:
    """One web process's worth of application."""
    values = {name: getattr(settings, name) for name in settings.__slots__}
    return create_app(
        Settings(**{**values, "redis_url": url, "ratelimits": {**settings.ratelimits, "auth": "3/minute"}})
    ).test_client()


def _statuses(client: FlaskClient, times: int) -> list[int]:
    return [client.post(LOGIN, json={}).status_code for _ in range(times)]


def test_s23_processes_count_together(app: Flask, settings: Settings, redis: Redis) -> None:
    """What one has let through is gone for the next, which starts where it left off."""
    assert _statuses(_process(settings, redis.url), 2) == [400, 400]
    assert _statuses(_process(settings, redis.url), 2) == [400, 429]


@pytest.mark.parametrize("fault", [signal.SIGSTOP, signal.SIGKILL])
def test_s24_without_redis_each_process_counts_by_itself(
    fault: signal.Signals, app: Flask, settings: Settings, redis: Redis,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Hung or dead: no error, no wait worth speaking of, still a limit, and a line in the log."""
    monkeypatch.setattr(limiter, "_storage_dead", False)  # the suite's process has one limiter for all applications
    client = _process(settings, redis.url)
    assert _statuses(client, 1) == [400]
    redis.process.send_signal(fault)
    started = time.monotonic()
    statuses = _statuses(client, 6)
    assert time.monotonic() - started < 3
    assert "Rate limit storage unreachable" in caplog.text
    assert statuses == sorted(statuses)
    assert (set(statuses), statuses.count(429) >= 2) == ({400, 429}, True)


@pytest.mark.slow
def test_s23_of_a_hundred_at_once_to_four_processes_twenty_are_let_in(settings: Settings, redis: Redis) -> None:
    """To the request: taking an entry is one step in Redis."""
    with (
        gunicorn(settings, REDIS_URL=redis.url, WEB_CONCURRENCY="4", RATELIMIT_AUTH="20/minute") as server,
        ThreadPoolExecutor(50) as pool,
    ):
        statuses = list(pool.map(lambda _: _ask(server, "POST")[0], range(100)))
    assert (statuses.count(400), statuses.count(429)) == (20, 80)


@pytest.mark.slow
@pytest.mark.alone
def test_s24_under_load_redis_hangs_dies_and_comes_back(settings: Settings, redis: Redis) -> None:
    """Two processes: no error, 99 of 100 answers within 300 ms, always a limit, and counted together again soon."""
    limits = {"RATELIMIT_ANONYMOUS": "1000000/hour", "RATELIMIT_AUTH": "5/minute"}
    with (
        gunicorn(settings, REDIS_URL=redis.url, WEB_CONCURRENCY="2", **limits) as server,
        ThreadPoolExecutor(4) as pool,
    ):
        _counted_together(server, redis)
        redis.process.send_signal(signal.SIGSTOP)
        hung = _load(server, pool)
        redis.process.send_signal(signal.SIGCONT)
        _counted_together(server, redis)
        redis.end()
        dead, guesses = _load(server, pool), [_ask(server, "POST")[0] for _ in range(20)]
        redis.start()
        _counted_together(server, redis)
    for statuses, times in (hung, dead):
        assert (set(statuses), statistics.quantiles(times, n=100)[-1] < 0.3) == ({401}, True), max(times)
    assert (set(guesses), guesses.count(400) <= 2 * 5) == ({400, 429}, True)


def _load(server: Server, pool: ThreadPoolExecutor) -> tuple[list[int], list[float]]:
    """Return statuses and seconds of eight hundred requests, four at a time."""
    answers = list(pool.map(lambda _: _ask(server, "GET"), range(800)))
    return [status for status, _ in answers], [seconds for _, seconds in answers]


def _ask(server: Server, method: str) -> tuple[int, float]:
    began, asks = time.perf_counter(), HTTPConnection("127.0.0.1", server.port, timeout=10)
    body, kind = (b"{}", {"Content-Type": "application/json"}) if method == "POST" else (None, {})
    asks.request(method, LOGIN if method == "POST" else "/api/v1/patients/", body, kind)
    status = asks.getresponse().status
    asks.close()
    return status, time.perf_counter() - began


def _counted_together(server: Server, redis: Redis) -> None:
    """Wait, at most a minute, until every request of either process is counted in Redis."""
    store, deadline = redis_client.Redis.from_url(redis.url), time.monotonic() + 60
    while time.monotonic() < deadline:
        store.flushall()
        for _ in range(10):
            _ask(server, "GET")
        if sum(cast("int", store.llen(key)) for key in store.scan_iter()) == 10:
            return
    pytest.fail("not counted together within a minute")
