"""Notifications: what people were told, the messages that go out, preferences, phones and providers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import enable_tenancy, grant

revision = "0015_notifications"
down_revision = "0014_thresholds"
branch_labels = None
depends_on = None

TABLES = (
    "notifications", "push_tokens", "notification_deliveries", "notification_preferences", "notification_providers",
)  # fmt: skip
_EVENTS = (
    "'critical_alert', 'warning_alert', 'alert_overdue', 'escalation_raised', 'escalation_assigned',"
    " 'escalation_timed_out', 'patient_silent', 'account_locked', 'emergency_access', 'delivery_failed', 'digest'"
)


def upgrade() -> None:
    """Build."""
    _create_notifications()
    _create_push_tokens()
    _create_deliveries()
    _create_preferences()
    _create_providers()
    for table in TABLES:
        enable_tenancy(table)
    grant("SELECT, INSERT, UPDATE, DELETE", TABLES)


def downgrade() -> None:
    """Take it back: what people were told and how they wanted it is lost; messages that wait are never sent."""
    for table in ("notification_providers", "notification_preferences", "notification_deliveries", "push_tokens",
                  "notifications"):  # fmt: skip
        op.drop_table(table)


def _create_notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("is_shown", sa.Boolean(), nullable=False),
        _created_at(),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        *_ids("notifications"),
        sa.ForeignKeyConstraint(
            ["practice_id", "patient_id"], ["patients.practice_id", "patients.id"],
            name=op.f("fk_notifications_practice_id_patient_id"),
        ),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_notifications_practice_id_id")),
        sa.UniqueConstraint(
            "practice_id", "user_id", "event", "key", name=op.f("uq_notifications_practice_id_user_id_event_key")
        ),
        sa.CheckConstraint(f"event IN ({_EVENTS})", name=op.f("ck_notifications_event")),
        sa.CheckConstraint("level IN ('critical', 'urgent', 'routine')", name=op.f("ck_notifications_level")),
    )  # fmt: skip
    op.create_index("ix_notifications_own", "notifications", ["practice_id", "user_id", "created_at", "id"])
    op.create_index("ix_notifications_patient", "notifications", ["practice_id", "patient_id"])
    op.create_index(
        "ix_notifications_unread", "notifications", ["practice_id", "user_id"],
        postgresql_where=sa.text("read_at IS NULL AND is_shown"),
    )  # fmt: skip


def _create_push_tokens() -> None:
    op.create_table(
        "push_tokens",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("token_enc", sa.LargeBinary(), nullable=False),
        sa.Column("token_index", sa.LargeBinary(), nullable=False),
        _created_at(),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        *_ids("push_tokens"),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_push_tokens_practice_id_id")),
        sa.UniqueConstraint("practice_id", "token_index", name=op.f("uq_push_tokens_practice_id_token_index")),
        sa.CheckConstraint("service IN ('fcm', 'expo')", name=op.f("ck_push_tokens_service")),
        sa.CheckConstraint("platform IN ('android', 'ios', 'web')", name=op.f("ck_push_tokens_platform")),
    )
    op.create_index("ix_push_tokens_user", "push_tokens", ["practice_id", "user_id"])


def _create_deliveries() -> None:
    op.create_table(
        "notification_deliveries",
        sa.Column("notification_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("push_token_id", sa.Uuid(), nullable=True),
        sa.Column("item_count", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("needs_receipt", sa.Boolean(), nullable=False),
        sa.Column("bundled_into", sa.Uuid(), nullable=True),
        _created_at(),
        *_ids("notification_deliveries"),
        _to("notification_deliveries", "notification_id", "notifications"),
        _to("notification_deliveries", "push_token_id", "push_tokens"),
        _to("notification_deliveries", "bundled_into", "notification_deliveries"),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_notification_deliveries_practice_id_id")),
        sa.CheckConstraint("channel IN ('email', 'sms', 'push')", name=op.f("ck_notification_deliveries_channel")),
        sa.CheckConstraint(
            "state IN ('waiting', 'held', 'bundled', 'sent', 'dead', 'cancelled')",
            name=op.f("ck_notification_deliveries_state"),
        ),
        sa.CheckConstraint(
            "channel = 'push' OR push_token_id IS NULL", name=op.f("ck_notification_deliveries_push_token")
        ),
    )
    _index_deliveries()


def _index_deliveries() -> None:
    table = "notification_deliveries"
    op.create_index(f"ix_{table}_list", table, ["practice_id", "state", "created_at", "id"])
    op.create_index(f"ix_{table}_notification", table, ["practice_id", "notification_id"])
    op.create_index(f"ix_{table}_bundle", table, ["practice_id", "bundled_into"])
    op.create_index(f"ix_{table}_token", table, ["practice_id", "push_token_id"])
    op.create_index(
        f"ix_{table}_due", table, ["practice_id", "due_at"],
        postgresql_where=sa.text("state IN ('waiting', 'held')"),
    )  # fmt: skip
    op.create_index(
        f"ix_{table}_receipts", table, ["practice_id", "sent_at"], postgresql_where=sa.text("needs_receipt")
    )


def _create_preferences() -> None:
    op.create_table(
        "notification_preferences",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("channels", postgresql.JSONB(), nullable=False),
        sa.Column("quiet_start", sa.Time(), nullable=True),
        sa.Column("quiet_end", sa.Time(), nullable=True),
        sa.Column("digest_hour", sa.Integer(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=True),
        sa.Column("phone_enc", sa.LargeBinary(), nullable=True),
        *_stamps(),
        sa.Column("version", sa.Integer(), nullable=False),
        *_ids("notification_preferences"),
        sa.UniqueConstraint("practice_id", "user_id", name=op.f("uq_notification_preferences_practice_id_user_id")),
        sa.CheckConstraint(
            "(quiet_start IS NULL) = (quiet_end IS NULL)", name=op.f("ck_notification_preferences_quiet_hours")
        ),
        sa.CheckConstraint(
            "digest_hour BETWEEN 0 AND 23", name=op.f("ck_notification_preferences_digest_hour")
        ),
    )  # fmt: skip


def _create_providers() -> None:
    op.create_table(
        "notification_providers",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("base_url", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("sender", sa.String(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("secret_enc", sa.LargeBinary(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        *_stamps(),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_notification_providers_practice_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_providers")),
        sa.UniqueConstraint("practice_id", "slot", name=op.f("uq_notification_providers_practice_id_slot")),
        sa.CheckConstraint("slot IN ('sms', 'fcm', 'expo')", name=op.f("ck_notification_providers_slot")),
        sa.CheckConstraint(
            "carrier IN ('twilio', 'http_json', 'fcm', 'expo')", name=op.f("ck_notification_providers_carrier")
        ),
    )  # fmt: skip


def _ids(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "user_id"],
            ["users.practice_id", "users.id"],
            name=op.f(f"fk_{table}_practice_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id", column],
        [f"{target}.practice_id", f"{target}.id"],
        name=op.f(f"fk_{table}_practice_id_{column}"),
    )


def _created_at() -> sa.Column[object]:
    return sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _stamps() -> tuple[sa.Column[object], ...]:
    updated = sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
    return _created_at(), updated
