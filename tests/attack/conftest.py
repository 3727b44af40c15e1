"""What the attacks share: the document, the operations in it, two practices, and the state of the whole database."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from deploy.local_postgres import LocalPostgres
from tests.attack.bodies import Bodies
from tests.attack.operations import Operation, api_operations, console_operations
from tests.attack.world import World

# Tables that every request may write to, whatever becomes of it.
_RESTLESS = "audit_%|seal%|token_families|refresh_tokens|console_sessions|login_attempts|procrastinate_%|mail%"


@pytest.fixture(scope="session")
def document(app: Flask) -> dict[str, Any]:
    """The OpenAPI document."""
    answer: dict[str, Any] = app.test_client().get("/api/v1/openapi.json").json
    return answer


@pytest.fixture(scope="session")
def operations(app: Flask, document: dict[str, Any]) -> list[Operation]:
    """Every operation of the API."""
    return api_operations(app, document)


@pytest.fixture(scope="session")
def writes(operations: list[Operation]) -> list[Operation]:
    """Those that take a body."""
    return [one for one in operations if one.body_schema is not None]


@pytest.fixture(scope="session")
def pages(app: Flask) -> list[Operation]:
    """Every page and form of the console."""
    return console_operations(app)


@pytest.fixture(scope="session")
def bodies(document: dict[str, Any]) -> Bodies:
    """Makes valid bodies."""
    return Bodies(document)


@pytest.fixture(scope="session")
def home(app: Flask) -> World:
    """The practice of the attacker."""
    return World("Homestead")


@pytest.fixture(scope="session")
def abroad(app: Flask) -> World:
    """The practice that is attacked."""
    return World("Zxforeign")


@pytest.fixture
def state(postgres: LocalPostgres) -> Callable[[], dict[str, str]]:
    """Return a fingerprint of each table's rows, but for those that every request writes to."""
    tables = postgres.query(
        "SELECT string_agg(relname, ',') FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        f" AND relname !~ '^({_RESTLESS.replace('%', '.*')})$' AND relname <> 'alembic_version'"
    ).strip()
    sums = " UNION ALL ".join(
        f"SELECT '{table}', count(*), md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), ''))"
        f" FROM {table} t"
        for table in tables.split(",")
    )

    def read() -> dict[str, str]:
        lines = postgres.query(sums).strip().splitlines()
        return {line.split("|")[0]: hashlib.sha256(line.encode()).hexdigest()[:12] for line in lines}

    return read
