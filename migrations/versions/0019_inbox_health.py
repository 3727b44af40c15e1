"""Notices that wait are found at once; probes may count what row-level security hides from the server's role."""

import sqlalchemy as sa
from alembic import op

from migrations.walls import grant

revision = "0019_inbox_health"
down_revision = "0017_readings"
branch_labels = None
depends_on = None

# Two doors for probes, under a name that only the owner's functions take (as the sealer's, see 0003): what is waiting
# in the inbox, and what lies outside every month. They return a count and an age; no practice, no id, no value.
_PROBING = "(SELECT current_setting('application_name')) = 'health probe'"
_COUNTED = {
    "webhook_deliveries": "state IN ('received', 'parsed', 'failed')",
    "observations_default": "true",
}
_HEAD = "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET application_name = 'health probe'"
_BACKLOG = f"""
CREATE FUNCTION inbox_backlog(OUT waiting bigint, OUT oldest_seconds double precision) {_HEAD} AS $$
    SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(received_at)), 0)::double precision
    FROM webhook_deliveries WHERE {_COUNTED["webhook_deliveries"]}
$$
"""
_ASTRAY = f"""
CREATE FUNCTION observations_astray() RETURNS bigint {_HEAD} AS $$ SELECT count(*) FROM observations_default $$
"""
_FUNCTIONS = ("inbox_backlog()", "observations_astray()")


def upgrade() -> None:
    """Build."""
    op.create_index(
        "ix_inbox_items_waiting", "inbox_items", ["practice_id", "created_at"],
        postgresql_where=sa.text("state = 'waiting'"),
    )  # fmt: skip
    for table, counted in _COUNTED.items():
        op.execute(f"CREATE POLICY probing ON {table} FOR SELECT TO CURRENT_USER USING ({_PROBING} AND {counted})")
    for function in (_BACKLOG, _ASTRAY):
        op.execute(function)
    for function in _FUNCTIONS:
        op.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
    grant("EXECUTE", _FUNCTIONS, "FUNCTION")


def downgrade() -> None:
    """Take it back."""
    for function in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    for table in _COUNTED:
        op.execute(f"DROP POLICY probing ON {table}")
    op.drop_index("ix_inbox_items_waiting", "inbox_items")
