"""The suite's house: one embedded PostgreSQL, one migrated database. Tests bring their own practice."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from app import create_app
from app.services.accounts import passwords
from config import Settings
from deploy.local_postgres import LocalPostgres
from tests.builders import build_in
from tests.new_years import known_until

_MIGRATED = pytest.StashKey[LocalPostgres]()


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Hash passwords by Argon2id at its lowest cost: thousands of tests sign somebody in."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", cheap)
        patch.setattr(passwords, "_NOBODY", cheap.hash("nobody"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _rules_of_this_year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Know this year's rules and fees, also when nobody has shipped them yet."""
    with known_until(datetime.now(UTC).date(), tmp_path_factory.mktemp("billing")):
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[LocalPostgres]:
    """A PostgreSQL of the suite's own, gone at its end."""
    directory = Path(tempfile.mkdtemp(prefix="vantrexia-tests-"))
    server = LocalPostgres(directory, durable=False)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def settings(postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Development settings on the suite's database; limits so wide that only their own tests meet them."""
    wide = {f"RATELIMIT_{scope}": "1000000/hour" for scope in ("USER", "ANONYMOUS", "AUTH", "INGESTION")}
    return Settings.from_environment(
        {
            "APP_ENV": "development",
            "DATABASE_URL": postgres.app_url(),
            "MIGRATION_DATABASE_URL": postgres.owner_url(),
            "AUDIT_DATABASE_URL": postgres.sealer_url(),
            "VAR_DIR": str(tmp_path_factory.mktemp("var")),
            "LOG_LEVEL": "CRITICAL",
            **wide,
        }
    )


@pytest.fixture(scope="session")
def app(settings: Settings, postgres: LocalPostgres, request: pytest.FixtureRequest) -> Flask:
    """The application on a migrated database."""
    application = create_app(settings)
    build_in(application)
    with application.app_context():
        upgrade()
    request.config.stash[_MIGRATED] = postgres
    return application


@pytest.fixture(scope="module", autouse=True)
def _no_jobs_of_others(request: pytest.FixtureRequest) -> None:
    """Start each module with an empty queue: a worker in a test would first do what all tests before it left."""
    postgres: LocalPostgres | None = request.config.stash.get(_MIGRATED, None)
    if postgres is not None:
        with psycopg.connect(postgres.superuser_dsn("vantrexia")) as connection:
            connection.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """An HTTP client of the application."""
    return app.test_client()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say plainly what is skipped, and why; where everything was installed a skip is a failure.

    Where processes share the tests, those of a file stay together, unless they say otherwise.
    """
    needs = {"redis": "redis-server", "browser": "chromium", "pooler": "pgbouncer"}
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.location[0]))
        for marker, program in needs.items():
            if (
                item.get_closest_marker(marker)
                and shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None
            ):
                if os.environ.get("VANTREXIA_NO_SKIPS"):
                    raise pytest.UsageError(f"{program} is missing, and skips are not allowed here")
                item.add_marker(pytest.mark.skip(reason=f"needs {program} (Debian package {program})"))
