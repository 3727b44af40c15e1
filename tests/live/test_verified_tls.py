"""Connections to the database and to Redis are verified when the settings say so; a forged end is refused."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis

from bench.children import child, free_port, wait_for
from tests.live.installation import Installation
from tests.live.tls import Certificate, make_certificate, tls_front

pytestmark = pytest.mark.slow


@pytest.fixture
def installation(install: Callable[..., Installation]) -> Installation:
    """An installation with an empty database."""
    return install()


def _database_url(port: int, authority: Certificate) -> str:
    return (
        f"postgresql://vantrexia_app@127.0.0.1:{port}/vantrexia?sslmode=verify-full&sslrootcert={authority.certificate}"
    )


@pytest.mark.parametrize(
    ("served_for", "believes_itself", "status"),
    [("127.0.0.1", True, 200), ("127.0.0.1", False, 503), ("192.0.2.1", True, 503)],
    ids=["right", "another authority", "another host"],
)
def test_s57_a_database_that_cannot_prove_itself_is_refused(
    installation: Installation, tmp_path: Path, served_for: str, believes_itself: bool, status: int
) -> None:
    """`sslmode=verify-full`: the process lives, but is not ready."""
    shown, other = make_certificate(tmp_path / "shown", served_for), make_certificate(tmp_path / "other")
    authority = shown if believes_itself else other
    with tls_front(shown, installation.postgres.socket_dir / ".s.PGSQL.5432") as port:
        url = _database_url(port, authority)
        with installation.serving("/health/live", DATABASE_URL=url) as web:
            answers = [web.call("GET", f"/health/{probe}").status for probe in ("live", "ready")]
    assert answers == [200, status]


@contextmanager
def _redis(directory: Path, certificate: Certificate) -> Iterator[int]:
    port, program = free_port(), shutil.which("redis-server") or "redis-server"
    options = {
        "--port": "0", "--tls-port": str(port), "--bind": "127.0.0.1", "--tls-auth-clients": "no", "--save": "",
        "--tls-cert-file": str(certificate.certificate), "--tls-key-file": str(certificate.key),
    }  # fmt: skip
    command = [program, *(word for option in options.items() for word in option)]
    with child(command, {}, directory, directory / "redis.log") as process:
        wait_for(process, port, directory / "redis.log")
        yield port


@pytest.mark.redis
@pytest.mark.parametrize(("believes_itself", "is_shared"), [(True, True), (False, False)])
def test_s57_a_redis_that_cannot_prove_itself_is_told_nothing(
    installation: Installation, tmp_path: Path, believes_itself: bool, is_shared: bool
) -> None:
    """`rediss://`: limits are then counted by the process alone; requests are still answered."""
    shown, other = make_certificate(tmp_path / "shown"), make_certificate(tmp_path / "other")
    authority = (shown if believes_itself else other).certificate
    with _redis(tmp_path, shown) as port:
        url = f"rediss://127.0.0.1:{port}/0"
        with installation.serving(REDIS_URL=f"{url}?ssl_ca_certs={authority}") as web:
            assert web.call("GET", "/api/v1/patients/").status == 401
        held = Redis.from_url(url, ssl_ca_certs=str(shown.certificate)).dbsize()
    assert bool(held) is is_shared
