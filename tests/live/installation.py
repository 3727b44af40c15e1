"""A whole installation of the test's own, as it is deployed: database, commands and gunicorn processes on loopback."""

import base64
import http.client
import json
import os
import re
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.children import child, free_port, run, wait_for
from config import ROOT
from deploy.local_postgres import LocalPostgres

ADMIN, PASSWORD = "admin@live.example", "a password nobody wrote down"
_SCOPES = ("USER", "ANONYMOUS", "AUTH", "INGESTION")


def new_key() -> str:
    """Return a key as settings take it."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


@dataclass
class Answer:
    """What came back."""

    status: int
    text: str

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.text)


@dataclass
class Web:
    """One gunicorn process and whom one is signed in as."""

    port: int
    log: Path
    tokens: dict[str, str] = field(default_factory=dict)
    pid: int = 0

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send one request on a connection of its own."""
        sent = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        if self.tokens:
            sent.setdefault("Authorization", f"Bearer {self.tokens['access']}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read().decode())

    def sign_in(self, email: str = ADMIN, password: str = PASSWORD) -> None:
        """Log in and keep the tokens."""
        answer = self.call("POST", "/api/v1/auth/login/", {"email": email, "password": password})
        assert answer.status == 200, answer.text
        self.tokens = answer.json


class Browser:
    """Somebody at the console of a server, with cookies."""

    def __init__(self, web: Web) -> None:
        self._base = f"http://127.0.0.1:{web.port}/admin/"
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

    def enter(self) -> None:
        """Sign in."""
        form = {"email": ADMIN, "password": PASSWORD, "csrf_token": self.form_token("login")}
        assert "csrf_token" in self.send("login", form)

    def form_token(self, page: str) -> str:
        """Open a page and return the token of its form; raises AssertionError when one has been logged out."""
        with self._opener.open(f"{self._base}{page}", timeout=30) as answer:
            assert answer.url == f"{self._base}{page}"
            found = re.search(r'name="csrf_token" value="([^"]+)"', answer.read().decode())
        assert found is not None
        return found[1]

    def send(self, page: str, form: dict[str, str]) -> str:
        """Send a form and follow to where it leads; raises HTTPError when it is refused."""
        with self._opener.open(f"{self._base}{page}", urllib.parse.urlencode(form).encode(), timeout=30) as answer:
            return str(answer.read().decode())


class Installation:
    """A migrated database with nobody in it, and the environment of its processes."""

    def __init__(self, directory: Path, *, durable: bool = False, **settings: str) -> None:
        self.directory = directory
        self.postgres = LocalPostgres(directory, durable=durable)
        self.postgres.start()
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self.environment = {
            **kept,
            **{f"RATELIMIT_{scope}": "1000000/hour" for scope in _SCOPES},
            "APP_ENV": "development",
            "HOST": "127.0.0.1",
            "DATABASE_URL": self.postgres.app_url(),
            "MIGRATION_DATABASE_URL": self.postgres.owner_url(),
            "VAR_DIR": str(directory),
            **settings,
        }
        self.flask("db", "upgrade")

    def flask(self, *arguments: str, **settings: str) -> str:
        """Run one of the application's commands."""
        return run([sys.executable, "-m", "flask", "--app", "wsgi", *arguments], {**self.environment, **settings}, ROOT)

    def create_admin(self, email: str = ADMIN, password: str = PASSWORD, name: str = "Ada") -> None:
        """Found a practice with one administrator, who needs no second factor: that is for other tests."""
        self.flask(
            "create-admin", "--practice", "Live Practice", "--email", email, "--first-name", name,
            "--last-name", "Min", "--password", password,
        )  # fmt: skip
        self.postgres.query("UPDATE practices SET require_2fa_for = '{}'")

    @contextmanager
    def serving(self, up: str = "/health/ready", **settings: str) -> Iterator[Web]:
        """Serve by one gunicorn process until the block ends; it has begun when `up` is answered."""
        port = free_port()
        log = self.directory / f"web-{port}.log"
        environment = {**self.environment, **settings, "PORT": str(port)}
        with child([sys.executable, "-m", "gunicorn", "wsgi:app"], environment, ROOT, log) as process:
            wait_for(process, port, log, up)
            yield Web(port, log, pid=process.pid)

    def stop(self) -> None:
        """End the database."""
        self.postgres.stop()
