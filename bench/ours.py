"""Our own side: a durable database with two practices, and the application as it is deployed."""

import base64
import http.client
import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from app import create_app
from app.web.collector import leave_what_is_loaded
from bench.children import BenchError, child, free_port, run, wait_for
from bench.seed import PASSWORD, Practice, found_practice
from config import ROOT, Settings
from deploy.local_postgres import LocalPostgres

SMALL, LARGE = 2_000, 10_000
_WIDE = "1000000/hour"  # the limiter counts and answers as always, it only never refuses


@dataclass(frozen=True)
class Ours:
    """The application under measurement: where it listens, how it was configured, whom it knows."""

    app: Flask
    env: dict[str, str]
    small: Practice
    large: Practice
    workers: int


def prepare(
    postgres: LocalPostgres, redis_url: str | None, directory: Path, small: int = SMALL, large: int = LARGE
) -> Ours:
    """Migrate, then fill two practices: one for the load, a large one for searching and triage."""
    env = _environment(postgres, redis_url, directory)
    run([sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"], env, ROOT)
    app = create_app(Settings.from_environment(env))
    with app.app_context():
        load = found_practice(postgres, "Load Practice", small)
        big = found_practice(postgres, "Large Practice", large)
    leave_what_is_loaded()  # as wsgi.py does, for all that is measured within this process
    return Ours(app, env, load, big, int(env["WEB_CONCURRENCY"]))


@contextmanager
def serving(ours: Ours, directory: Path) -> Iterator[tuple[int, int]]:
    """Serve by gunicorn with its usual configuration; yield its process id and a port of our own."""
    port, log = free_port(), directory / "ours.log"
    env = {**ours.env, "PORT": str(port)}
    with child([sys.executable, "-m", "gunicorn", "wsgi:app"], env, ROOT, log) as process:
        wait_for(process, port, log, "/health/ready")
        yield process.pid, port


def sign_in(port: int, practice: Practice) -> str:
    """Return an access token of the practice's provider."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = json.dumps({"email": practice.email, "password": PASSWORD})
    connection.request("POST", "/api/v1/auth/login/", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    if answer.status != 200:
        raise BenchError(f"signing in was answered with {answer.status}")
    return str(json.loads(answer.read())["access"])


def _environment(postgres: LocalPostgres, redis_url: str | None, directory: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    limits = {f"RATELIMIT_{scope}": _WIDE for scope in ("USER", "ANONYMOUS", "AUTH", "INGESTION", "WEBHOOK")}
    return {
        **kept,
        **limits,
        "APP_ENV": "production",
        "HOST": "127.0.0.1",
        "DATABASE_URL": postgres.app_url(),
        "MIGRATION_DATABASE_URL": postgres.owner_url(),
        "JWT_SECRET_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
        "FIELD_ENCRYPTION_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
        "VAR_DIR": str(directory / "var"),
        "LOG_LEVEL": "WARNING",
        "WEB_CONCURRENCY": "2" if redis_url else "1",
        **({"REDIS_URL": redis_url} if redis_url else {}),
    }
