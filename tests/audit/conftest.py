"""A trail of its own for each test: a fresh database, a key, an anchor file, and hands to write and to tamper with."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from flask import Flask

from app.audit.seal import Anchor
from app.audit.verify import Verdict
from app.services.audit import chain, sealing
from app.services.audit.sealing import sealer
from config import ROOT, Settings
from deploy.local_postgres import LocalPostgres

TEMPLATE = "audit_template"
_numbers = itertools.count(1)


@dataclass
class Trail:
    """One installation's trail, and everybody who may touch it."""

    postgres: LocalPostgres
    database: str
    anchor: Path

    def write(self, count: int = 1, practice: UUID | None = None, at: str | None = None) -> None:
        """Record events as the application does, in one transaction."""
        with self.application(practice) as connection:
            self.write_in(connection, count, practice, at)

    def write_in(
        self, connection: psycopg.Connection, count: int = 1, practice: UUID | None = None, at: str | None = None
    ) -> None:
        connection.execute(
            "INSERT INTO audit_events (at, practice_id, user_id, action, resource_type, outcome, ip)"
            " SELECT coalesce(%s, clock_timestamp()), %s, n, 'patient:read', 'patient', 'success', '127.0.0.1'"
            " FROM generate_series(1, %s) n",
            [at, practice, count],
        )

    def application(self, practice: UUID | None = None) -> psycopg.Connection:
        connection = psycopg.connect(self.postgres.app_url(self.database))
        connection.execute("SELECT set_config('app.practice_id', %s, false)", [str(practice or "")])
        return connection

    def superuser(self, sql: str, *values: object) -> None:
        """Do what only a superuser can, past triggers and row security."""
        with psycopg.connect(self.postgres.superuser_dsn(self.database)) as connection:
            connection.execute("SET session_replication_role = replica")
            assert connection.execute(sql, values or None).rowcount != 0, "nothing was tampered with"

    def value(self, sql: str) -> object:
        with psycopg.connect(self.postgres.superuser_dsn(self.database)) as connection:
            row = connection.execute(sql).fetchone()
        return row and row[0]

    def seal(self) -> int:
        return sealing.seal_events()

    def verify(self, *, anchored: bool = True) -> Verdict:
        return chain.verify_database(self.anchor if anchored else None)


@pytest.fixture(scope="session")
def template(app: Flask, postgres: LocalPostgres, settings: Settings) -> str:
    """A migrated database to copy; `app` stands before, so that its settings are bound first."""
    postgres.ensure_database(TEMPLATE)
    bare = Flask("migrations")
    bare.config["SETTINGS"] = replace(settings, migration_database_url=_psycopg(postgres.owner_url(TEMPLATE)))
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    with bare.app_context():
        command.upgrade(config, "head")
    return TEMPLATE


@pytest.fixture
def trail(template: str, postgres: LocalPostgres, tmp_path: Path) -> Iterator[Trail]:
    """An empty trail that the sealer is bound to."""
    database = f"audit_{next(_numbers)}"
    postgres.query(f"CREATE DATABASE {database} OWNER vantrexia_owner TEMPLATE {template}", "postgres")
    bound = replace(sealer)
    sealer.database_url, sealer.anchor = postgres.sealer_url(database), Anchor(tmp_path / "anchor.jsonl")
    yield Trail(postgres, database, tmp_path / "anchor.jsonl")
    sealer.database_url, sealer.anchor = bound.database_url, bound.anchor
    sealer.signer = bound.signer


@pytest.fixture
def sealed(trail: Trail) -> Trail:
    """Three seals: over two practices and none, over one, over one."""
    first, second = uuid4(), uuid4()
    for practice, count in ((first, 5), (second, 3), (None, 2)):
        trail.write(count, practice)
    trail.seal()
    for count in (4, 2):
        trail.write(count, first)
        trail.seal()
    return trail


def _psycopg(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")
