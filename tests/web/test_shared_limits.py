"""Rate limits shared through a real Redis, and without it when it hangs or dies."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from config import Settings

pytestmark = pytest.mark.redis
LOGIN = "/api/v1/auth/login/"


@dataclass(frozen=True)
class Redis:
    """A Redis server of the test's own."""

    url: str
    process: subprocess.Popen[bytes]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """Start a server on a free loopback port; end it whatever state the test left it in."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = shutil.which("redis-server") or "redis-server"
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _wait_for(port)
    yield Redis(f"redis://127.0.0.1:{port}/0", process)
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.wait()


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
    app: Flask, settings: Settings, redis: Redis, fault: signal.Signals
) -> None:
    """Hung or dead: no error, no wait worth speaking of, and still a limit."""
    client = _process(settings, redis.url)
    assert _statuses(client, 1) == [400]
    redis.process.send_signal(fault)
    started = time.monotonic()
    statuses = _statuses(client, 6)
    assert time.monotonic() - started < 3
    assert statuses == sorted(statuses)
    assert (set(statuses), statuses.count(429) >= 2) == ({400, 429}, True)
