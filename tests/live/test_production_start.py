"""A production process starts with strong secrets only, and a fresh installation lets nobody in."""

import base64
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from bench.children import BenchError, free_port
from config import ROOT
from deploy.local_settings import DEMO_ACCOUNTS, DEMO_PASSWORD
from tests.live.installation import Installation, Web, new_key

_WEAK = {
    "16 bytes": base64.b64encode(os.urandom(16)).decode(),
    "a known default": base64.b64encode(b"your-256-bit-secret-0123456789ab").decode(),
    "one letter": base64.b64encode(b"k" * 32).decode(),
    "a word": "super-secret-key-change-me-please-now-0123456789",
    "nothing": "",
    "a missing file": "file:/nonexistent/keys",
}
_PARTS = {
    "web": ["-m", "gunicorn", "wsgi:app"],
    "worker": ["-m", "flask", "--app", "wsgi", "worker"],
}
HTTPS = {"X_Forwarded_Proto": "https"}


@pytest.mark.parametrize("weakness", _WEAK)
@pytest.mark.parametrize("name", ["JWT_SECRET_KEYS", "FIELD_ENCRYPTION_KEYS"])
def test_s08_the_server_ends_with_an_error_for_a_weak_secret(name: str, weakness: str) -> None:
    """At once, naming the setting and never its value."""
    done = _start("web", {name: _WEAK[weakness]})
    assert done.returncode != 0
    assert f"Vantrexia does not start: {name}" in done.stderr
    assert not _WEAK[weakness] or _WEAK[weakness].removeprefix("file:") not in done.stderr


def test_s08_a_master_key_of_another_length_is_refused() -> None:
    """AES-256 takes 32 bytes; a worker that found out later would only fail to boot."""
    done = _start("web", {"FIELD_ENCRYPTION_KEYS": base64.b64encode(os.urandom(48)).decode()})
    assert (done.returncode, "takes exactly 32" in done.stderr) == (1, True)


@pytest.mark.slow
def test_s08_so_does_the_worker() -> None:
    """Whatever part it is."""
    done = _start("worker", {"JWT_SECRET_KEYS": _WEAK["16 bytes"]})
    assert done.returncode != 0
    assert "Vantrexia does not start: JWT_SECRET_KEYS" in done.stderr


def _start(part: str, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": str(free_port()),
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "JWT_SECRET_KEYS": new_key(), "FIELD_ENCRYPTION_KEYS": new_key(), **settings,
    }  # fmt: skip
    command = [sys.executable, *_PARTS[part]]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture
def fresh(install: Callable[..., Installation]) -> Installation:
    """A production installation, just migrated."""
    keys = {"JWT_SECRET_KEYS": new_key(), "FIELD_ENCRYPTION_KEYS": new_key()}
    return install(APP_ENV="production", TRUSTED_PROXIES="1", **keys)


@pytest.fixture
def web(fresh: Installation) -> Iterator[Web]:
    """Its server."""
    with fresh.serving() as serving:
        yield serving


@pytest.mark.slow
def test_s90_a_fresh_installation_has_no_account(fresh: Installation, web: Web) -> None:
    """Not the demo's either, and it cannot be made."""
    bodies = [{"email": f"{name}@practice.com", "password": DEMO_PASSWORD} for name in DEMO_ACCOUNTS]
    statuses = {web.call("POST", "/api/v1/auth/login/", body, **HTTPS).status for body in bodies}
    assert fresh.postgres.query("SELECT count(*) FROM users") == "0"
    assert statuses == {401}
    with pytest.raises(BenchError, match="Demo accounts exist only"):
        fresh.flask("seed-demo")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/console", "/admin/console", "/?__debugger__=yes&cmd=resource&f=debugger.js"])
def test_s90_there_is_no_debugger(web: Web, path: str) -> None:
    """Neither Flask's nor a forgotten one."""
    answer = web.call("GET", path, **HTTPS)
    assert answer.status in {302, 303, 404}
    assert "debugger" not in answer.text.casefold()
