"""The walls every migration builds with: row-level security, grants to the application's role, append-only tables."""

from collections.abc import Iterable
from typing import Any

from alembic import context, op

_PRACTICE = "(SELECT nullif(current_setting('app.practice_id', true), '')::uuid)"


_NOT_OURS = ("procrastinate_", "audit_events_", "observations_", "alembic_version")


def is_ours(thing: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    """Leave the queue's own tables and the monthly partitions, and keys that lead to these, out of comparisons."""
    if kind == "foreign_key_constraint" and thing.elements:
        name, kind = thing.elements[0].target_fullname, "table"
    return kind != "table" or not str(name).startswith(_NOT_OURS)


def app_role() -> str | None:
    """Return the application's role in quotes; None when the host gives one role only, which then owns everything."""
    role = context.get_context().opts.get("app_role")
    owner = op.get_bind().exec_driver_sql("SELECT current_user").scalar()
    return None if role in (None, owner) else f'"{role}"'


def sealer_role() -> str | None:
    """Return the sealer's role in quotes; None when it is the owner's too. One for all the host gives is the app's."""
    role = context.get_context().opts.get("sealer_role")
    owner = op.get_bind().exec_driver_sql("SELECT current_user").scalar()
    return None if role in (None, owner) else f'"{role}"'


def enable_tenancy(table: str) -> None:
    """Show a table's rows to their own practice only, to its owner as well."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY tenancy ON {table} USING (practice_id = {_PRACTICE}) WITH CHECK (practice_id = {_PRACTICE})"
    )


def grant(rights: str, objects: Iterable[str], kind: str = "TABLE") -> None:
    """Give the application's role rights, where there is such a role."""
    role = app_role()
    if role:
        op.execute(f"GRANT {rights} ON {kind} {', '.join(objects)} TO {role}")
