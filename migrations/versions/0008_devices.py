"""Devices: catalogue numbers, inventory, who held which when, history, last contact."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import app_role, enable_tenancy, grant

revision = "0008_devices"
down_revision = "0007_enrolment"
branch_labels = None
depends_on = None

TABLES = ("devices", "device_identifiers", "device_assignments", "device_events", "device_contacts")
_MOMENT = sa.DateTime(timezone=True)
_NOW = sa.text("now()")
_STATUSES = "'in_stock', 'shipped', 'delivered', 'active', 'lost', 'returned', 'retired'"


def upgrade() -> None:
    """Build the tables, their walls and the application's rights."""
    _create_devices()
    _create_identifiers()
    _create_assignments()
    _create_events()
    _create_contacts()
    for table in TABLES:
        enable_tenancy(table)
    grant("SELECT, INSERT, UPDATE", ["devices", "device_assignments", "device_contacts"])
    grant("SELECT, INSERT, DELETE", ["device_identifiers"])
    grant("SELECT, INSERT", ["device_events"])
    role = app_role()
    if role:  # what a merge of two records moves, and what a rotation of keys seals anew
        op.execute(f"GRANT UPDATE (patient_id, reason_enc) ON device_events TO {role}")


def downgrade() -> None:
    """Take the tables away."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _to_device(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id", "device_id"],
        ["devices.practice_id", "devices.id"],
        name=op.f(f"fk_{table}_practice_id_device_id"),
    )


def _to_patient(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id", "patient_id"],
        ["patients.practice_id", "patients.id"],
        name=op.f(f"fk_{table}_practice_id_patient_id"),
    )


def _create_devices() -> None:
    op.create_table(
        "devices",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=True),
        sa.Column("imei", sa.String(), nullable=True),
        sa.Column("vendor", sa.String(), nullable=True),
        sa.Column("vendor_device_id", sa.String(), nullable=True),
        sa.Column("gateway_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("num_nonnulls(serial, imei) > 0", name=op.f("ck_devices_identified")),
        sa.CheckConstraint("imei ~ '^[0-9]{15}$'", name=op.f("ck_devices_imei")),
        sa.CheckConstraint(f"status IN ({_STATUSES})", name=op.f("ck_devices_status")),
        sa.ForeignKeyConstraint(["practice_id"], ["practices.id"], name=op.f("fk_devices_practice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_devices_practice_id_id")),
        sa.UniqueConstraint("practice_id", "id", "number", name=op.f("uq_devices_number")),
    )
    op.create_index("ix_devices_listing", "devices", ["practice_id", "created_at", "id"])
    op.create_index("ix_devices_status", "devices", ["practice_id", "status", "created_at"])


def _create_identifiers() -> None:
    op.create_table(
        "device_identifiers",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("key <> ''", name=op.f("ck_device_identifiers_named")),
        _to_device("device_identifiers"),
        sa.PrimaryKeyConstraint("practice_id", "key", name=op.f("pk_device_identifiers")),
    )
    op.create_index("ix_device_identifiers_device", "device_identifiers", ["practice_id", "device_id"])


def _create_assignments() -> None:
    """One holder at a time: PostgreSQL's own range operators need no extension, a number is a range of one."""
    op.create_table(
        "device_assignments",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("device_number", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("assigned_by", sa.Integer(), nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("ended_at > started_at", name=op.f("ck_device_assignments_order")),
        sa.ForeignKeyConstraint(
            ["practice_id", "device_id", "device_number"],
            ["devices.practice_id", "devices.id", "devices.number"],
            name=op.f("fk_device_assignments_device"),
        ),
        _to_patient("device_assignments"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_assignments")),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(device_number, device_number, '[]')"), "&&"),
            (sa.text("tstzrange(started_at, ended_at, '[)')"), "&&"),
            using="gist",
            name=op.f("ex_device_assignments_one_holder"),
        ),
    )
    for name, column in (("device", "device_id"), ("patient", "patient_id")):
        columns = ["practice_id", column, sa.literal_column("started_at DESC")]
        op.create_index(f"ix_device_assignments_{name}", "device_assignments", columns)


def _create_events() -> None:
    op.create_table(
        "device_events",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("from_status", sa.String(), nullable=True),
        sa.Column("to_status", sa.String(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("recorded_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("reason_enc", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('registered', 'changed', 'moved', 'assigned', 'unassigned')", name=op.f("ck_device_events_kind")
        ),
        _to_device("device_events"),
        _to_patient("device_events"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_events")),
    )
    op.create_index(
        "ix_device_events_device",
        "device_events",
        ["practice_id", "device_id", sa.literal_column("recorded_at DESC"), sa.literal_column("id DESC")],
    )
    op.create_index(
        "ix_device_events_patient", "device_events", ["practice_id", "patient_id", sa.literal_column("at DESC")]
    )


def _create_contacts() -> None:
    op.create_table(
        "device_contacts",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("last_seen_at", _MOMENT, nullable=False),
        sa.Column("battery_percent", sa.SmallInteger(), nullable=True),
        sa.Column("signal_percent", sa.SmallInteger(), nullable=True),
        sa.CheckConstraint("battery_percent BETWEEN 0 AND 100", name=op.f("ck_device_contacts_battery")),
        sa.CheckConstraint("signal_percent BETWEEN 0 AND 100", name=op.f("ck_device_contacts_signal")),
        _to_device("device_contacts"),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_contacts")),
    )
