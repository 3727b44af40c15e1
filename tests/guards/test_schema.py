"""Guards for the database: one history, no drift, and no table of a practice without its wall."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import MetaData, create_engine

from app.models import Base
from config import ROOT, Settings
from deploy.local_postgres import LocalPostgres
from migrations.walls import is_ours
from tests.guards import walls


def test_the_migrations_have_one_head() -> None:
    """Two heads would be two truths."""
    assert len(heads(ROOT / "migrations")) == 1


def heads(migrations: Path) -> list[str]:
    """Return the newest revisions."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    return list(ScriptDirectory.from_config(config).get_heads())


def test_models_and_migrations_do_not_drift(app: Flask, settings: Settings) -> None:
    """What the code believes is what the database has."""
    assert drift(settings, Base.metadata) == []


def drift(settings: Settings, metadata: MetaData) -> list[object]:
    """Return where the metadata and the migrated database differ."""
    with create_engine(settings.migration_database_url).connect() as connection:
        options = {
            "compare_type": True,
            "include_object": is_ours,
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def test_s32_every_table_of_a_practice_has_forced_row_security(app: Flask, postgres: LocalPostgres) -> None:
    """And a policy; partitions included."""
    assert postgres.query(walls.UNPROTECTED_TABLES).split() == []


def test_s32_no_view_looks_past_row_security(app: Flask, postgres: LocalPostgres) -> None:
    """A view sees with its owner's eyes, unless it is told to use the reader's."""
    assert postgres.query(walls.UNSAFE_VIEWS).split() == []


def test_s32_the_application_role_owns_nothing_and_bypasses_nothing(app: Flask, postgres: LocalPostgres) -> None:
    """Neither superuser nor owner of anything."""
    assert postgres.query(walls.APP_ROLE_HAS_POWERS).strip() == "f"


def test_every_model_with_encrypted_values_is_audited_and_belongs_to_a_practice() -> None:
    """Health information without a trace or without a wall is a breach."""
    with_phi = walls.models_with_health_information(mapper.class_ for mapper in Base.registry.mappers)
    assert with_phi
    assert walls.without_trace_or_wall(with_phi) == []


def test_every_reference_to_a_tenant_table_carries_the_practice() -> None:
    """Foreign keys look past row security, so they must name the practice as well."""
    assert walls.loose_references(Base.metadata) == []
