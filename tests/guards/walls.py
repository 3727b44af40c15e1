"""What the guards look for in the database and its models: tables without a wall, roles with a key to it."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import MetaData

from app.crypto.columns import Encrypted
from app.models.base import Audited, TenantScoped

UNPROTECTED_TABLES = (
    "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'practice_id'"
    " WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT (c.relrowsecurity"
    " AND c.relforcerowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))"
)
UNSAFE_VIEWS = (
    "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace"
    " AND NOT coalesce('security_invoker=true' = ANY(reloptions), false)"
)
APP_ROLE_HAS_POWERS = (
    "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb"
    " OR EXISTS (SELECT FROM pg_class WHERE relowner = r.oid) FROM pg_roles r WHERE rolname = 'vantrexia_app'"
)


def models_with_health_information(models: Iterable[type]) -> list[type]:
    """Return the models that hold encrypted values."""
    return [model for model in models if any(isinstance(value, Encrypted) for value in vars(model).values())]


def without_trace_or_wall(models: Iterable[type]) -> list[type]:
    """Return those that are not audited or belong to no practice."""
    return [model for model in models if not (issubclass(model, Audited) and issubclass(model, TenantScoped))]


def loose_references(metadata: MetaData) -> list[Any]:
    """Return foreign keys to a table of practices that do not carry the practice: they look past row security."""
    return [
        f"{table.name}.{key.name}"
        for table in metadata.tables.values()
        for key in table.foreign_key_constraints
        if "practice_id" in key.referred_table.columns and "practice_id" not in key.column_keys
    ]
