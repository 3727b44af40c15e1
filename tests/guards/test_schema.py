"""Guards for the database: one history, no drift, and no table of a practice without its wall."""

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import create_engine

from app.crypto.columns import Encrypted
from app.models import Base
from app.models.base import Audited, TenantScoped
from config import ROOT, Settings
from deploy.local_postgres import LocalPostgres

_NOT_OURS = ("procrastinate_", "audit_events_", "alembic_version")


def test_the_migrations_have_one_head() -> None:
    """Two heads would be two truths."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_models_and_migrations_do_not_drift(app: Flask, settings: Settings) -> None:
    """What the code believes is what the database has."""
    with create_engine(settings.migration_database_url).connect() as connection:
        options = {
            "compare_type": True,
            "include_object": lambda _o, name, kind, _r, _c: kind != "table" or not name.startswith(_NOT_OURS),
        }
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
    assert differences == []


def test_s32_every_table_with_a_practice_has_forced_row_security_and_a_policy(
    app: Flask, postgres: LocalPostgres
) -> None:
    """Partitions included."""
    unprotected = postgres.query(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'practice_id'"
        " WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT (c.relrowsecurity"
        " AND c.relforcerowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))"
    )
    assert unprotected.split() == []


def test_s32_the_application_role_owns_nothing_and_bypasses_nothing(app: Flask, postgres: LocalPostgres) -> None:
    """Neither superuser nor owner of anything."""
    powers = postgres.query(
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb"
        " OR EXISTS (SELECT FROM pg_class WHERE relowner = r.oid) FROM pg_roles r WHERE rolname = 'vantrexia_app'"
    )
    assert powers.strip() == "f"


def test_every_model_with_encrypted_values_is_audited_and_belongs_to_a_practice() -> None:
    """Health information without a trace or without a wall is a breach."""
    with_phi = [
        mapper.class_
        for mapper in Base.registry.mappers
        if any(isinstance(value, Encrypted) for value in vars(mapper.class_).values())
    ]
    assert with_phi
    assert all(issubclass(model, Audited) and issubclass(model, TenantScoped) for model in with_phi)


def test_every_reference_to_a_tenant_table_carries_the_practice() -> None:
    """Foreign keys look past row security, so they must name the practice as well."""
    loose = [
        f"{table.name}.{key.name}"
        for table in Base.metadata.tables.values()
        for key in table.foreign_key_constraints
        if "practice_id" in key.referred_table.columns and "practice_id" not in key.column_keys
    ]
    assert loose == []
