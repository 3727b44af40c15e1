"""Each guard is shown the fault that it is there for, and must name it."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Column, ForeignKeyConstraint, Integer, MetaData, PrimaryKeyConstraint, Table, Uuid

from app import create_app
from app.crypto.columns import encrypted_text
from app.models import Base
from app.models.base import Audited, TenantScoped
from config import ROOT, Settings
from deploy.local_postgres import LocalPostgres
from tests.guards import shape, walls
from tests.guards.security_checks import unproven
from tests.guards.test_routes import PUBLIC, documented, served, talkative, unlocked
from tests.guards.test_schema import drift, heads

Check = Callable[[Iterable[Path]], Iterable[str]]
DOC = '"""What this is."""\n'
LEAK = "/api/v1/leak/"


@pytest.mark.parametrize(
    ("check", "name", "source", "fault"),
    [
        (shape.long_files, "long.py", DOC + "\n" * 300, "long.py"),
        (shape.long_functions, "long.py", DOC + "def endless():\n" + "    pass\n" * 40, "long.py:endless"),
        (shape.hidden_imports, "sly.py", DOC + "def sly():\n    import os\n", "sly.py:sly"),
        (shape.hidden_imports, "sly.py", DOC + "async def sly():\n    from os import path\n", "sly.py:sly"),
        (shape.committing_files, "stray.py", DOC + "db.session.commit()\n", "stray.py"),
        (shape.committing_files, "stray.py", DOC + "session.rollback()\n", "stray.py"),
        (shape.drawers, "utils.py", DOC, "utils.py"),
        (shape.silent_parts, "mute.py", "x = 1\n", "mute.py:module"),
        (shape.silent_parts, "mute.py", DOC + "def public():\n    pass\n", "mute.py:public"),
        (shape.silent_parts, "mute.py", DOC + "class Public:\n    pass\n", "mute.py:Public"),
    ],
)
def test_a_fault_in_a_files_shape_is_named(tmp_path: Path, check: Check, name: str, source: str, fault: str) -> None:
    """And nothing else."""
    path = tmp_path / name
    path.write_text(source)
    assert list(check([path])) == [fault]


def test_the_last_line_that_is_allowed_is_allowed(tmp_path: Path) -> None:
    """300 lines, 40 lines: the other side of the boundary."""
    path = tmp_path / "fits.py"
    path.write_text(DOC + "def fits():\n" + "    pass\n" * 39 + "\n" * 259)
    assert (shape.long_files([path]), shape.long_functions([path])) == ([], [])


@pytest.fixture
def leaking(settings: Settings, app: Flask) -> Flask:
    """The application with a route that somebody added in a hurry."""
    leaking = create_app(settings)
    leaking.add_url_rule(LEAK, "leak", lambda: "everything", methods=["GET"])
    return leaking


def test_a_route_without_a_lock_is_named(leaking: Flask) -> None:
    """By the list of the unlocked, and by asking as a stranger."""
    assert unlocked(leaking) - PUBLIC == {"leak"}
    assert talkative(leaking) == [("GET", LEAK, 200)]


def test_a_route_without_a_document_is_named_and_a_document_without_a_route(leaking: Flask) -> None:
    """Both ways."""
    document = leaking.test_client().get("/api/v1/openapi.json").json
    assert served(leaking) - documented(document) == {("GET", LEAK)}
    document["paths"]["/api/v1/ghost/"] = {"get": {}}
    assert documented(document) - served(leaking) == {("GET", "/api/v1/ghost/")}


@pytest.mark.parametrize(
    ("fault", "question", "answer"),
    [
        ("CREATE TABLE bare (practice_id uuid)", walls.UNPROTECTED_TABLES, "bare"),
        ("ALTER TABLE patients NO FORCE ROW LEVEL SECURITY", walls.UNPROTECTED_TABLES, "patients"),
        ("ALTER TABLE patients DISABLE ROW LEVEL SECURITY", walls.UNPROTECTED_TABLES, "patients"),
        ("DROP POLICY tenancy ON alerts", walls.UNPROTECTED_TABLES, "alerts"),
        ("CREATE VIEW window_ AS SELECT * FROM patients", walls.UNSAFE_VIEWS, "window_"),
        ("ALTER ROLE vantrexia_app BYPASSRLS", walls.APP_ROLE_HAS_POWERS, True),
        ("ALTER ROLE vantrexia_app SUPERUSER", walls.APP_ROLE_HAS_POWERS, True),
        ("ALTER TABLE alerts OWNER TO vantrexia_app", walls.APP_ROLE_HAS_POWERS, True),
    ],
)
def test_a_breach_in_the_databases_walls_is_named(
    app: Flask, postgres: LocalPostgres, fault: str, question: str, answer: object
) -> None:
    """In a transaction that is taken back."""
    with psycopg.connect(postgres.superuser_dsn("vantrexia")) as connection:
        connection.execute(fault)
        assert connection.execute(question).fetchall() == [(answer,)]
        connection.rollback()


def test_a_model_with_health_information_but_no_trace_or_wall_is_named() -> None:
    """Either lack is one too many."""
    value = encrypted_text("name_enc")
    bare, untraced = (type(name, bases, {"name": value}) for name, bases in (("A", (Audited,)), ("B", (TenantScoped,))))
    assert walls.models_with_health_information([bare, untraced, Audited]) == [bare, untraced]
    assert walls.without_trace_or_wall([bare, untraced]) == [bare, untraced]


def _two_tables(*carried: str) -> MetaData:
    metadata = MetaData(naming_convention={"fk": "fk_%(table_name)s"})
    keys = [*carried, "id"]
    Table("homes", metadata, Column("practice_id", Uuid), Column("id", Uuid), PrimaryKeyConstraint(*keys))
    columns = [Column("practice_id", Uuid), Column("id", Uuid)]
    Table("visits", metadata, *columns, ForeignKeyConstraint(keys, [f"homes.{key}" for key in keys]))
    return metadata


def test_a_reference_that_does_not_carry_the_practice_is_named() -> None:
    """And one that does is not."""
    assert walls.loose_references(_two_tables()) == ["visits.fk_visits"]
    assert walls.loose_references(_two_tables("practice_id")) == []


def test_a_model_without_a_migration_is_named(app: Flask, settings: Settings) -> None:
    """A table, and a column."""
    metadata = MetaData(naming_convention=Base.metadata.naming_convention)
    for table in Base.metadata.tables.values():
        table.to_metadata(metadata)
    Table("forgotten", metadata, Column("id", Integer, primary_key=True))
    metadata.tables["alerts"].append_column(Column("late", Integer))
    assert sorted(_named(difference) for difference in drift(settings, metadata)) == ["alerts.late", "forgotten"]


def _named(difference: Any) -> str:
    kind, *what = difference
    return f"{what[1]}.{what[2].name}" if kind == "add_column" else str(what[0].name)


def test_two_heads_are_counted(tmp_path: Path) -> None:
    """As two engineers make them in one afternoon."""
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    rival = tmp_path / "migrations" / "versions" / "0002_rival.py"
    rival.write_text('"""A rival."""\nrevision = "0002_rival"\ndown_revision = "0001_foundation"\n')
    assert "0002_rival" in heads(tmp_path / "migrations")
    assert len(heads(tmp_path / "migrations")) == len(heads(ROOT / "migrations")) + 1


def test_a_security_check_that_loses_its_test_is_named(tmp_path: Path) -> None:
    """Renamed away."""
    (tmp_path / "test_some.py").write_text("def test_s01_a():\n    pass\n\n\ndef test_s2_b():\n    pass\n")
    assert 1 not in unproven(tmp_path)
    assert {2, 3, 92} <= unproven(tmp_path)
