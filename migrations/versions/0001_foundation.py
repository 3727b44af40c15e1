"""The foundation: practices, people, patients, readings, triage, billing, audit, jobs, and the walls around them."""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import UserDefinedType

from migrations.walls import app_role, enable_tenancy, grant

revision = "0001_foundation"
down_revision = None
branch_labels = None
depends_on = None

TENANT_TABLES = (
    "alerts", "billing_entries", "console_sessions", "emr_connections", "idempotency_keys", "observations",
    "patient_search_tokens", "patients", "practice_keys", "practice_thresholds", "refresh_tokens", "token_families",
    "triage_summaries", "triage_transitions", "users",
)  # fmt: skip
SHARED_TABLES = ("practices", "system_keys", "login_attempts")
PURGED_TABLES = (
    "console_sessions", "idempotency_keys", "login_attempts", "patient_search_tokens", "refresh_tokens",
    "token_families",
)  # fmt: skip

# A login knows an e-mail address before it knows a practice: it may see the one account with that address.
LOGIN_POLICY = """
CREATE POLICY login ON users FOR SELECT
USING (email_index = (SELECT decode(nullif(current_setting('app.login_index', true), ''), 'hex')))
"""

# Every policy of the trail reads `practice_id IS NOT DISTINCT FROM`: events before a practice is known belong to none,
# can be written by anyone and are read by nobody but the owner.
AUDIT_POLICIES = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY reading ON {table} FOR SELECT
    USING (practice_id = (SELECT nullif(current_setting('app.practice_id', true), '')::uuid));
CREATE POLICY writing ON {table} FOR INSERT
    WITH CHECK (practice_id IS NULL
        OR practice_id = (SELECT nullif(current_setting('app.practice_id', true), '')::uuid));
"""

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_events_unchanged BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_events_not_emptied BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

# Runs as the owner, for the housekeeping job: makes the partition of one month, walls included. Idempotent.
PARTITIONS = """
CREATE FUNCTION ensure_audit_partition(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first date := date_trunc('month', day)::date;
    partition text := 'audit_events_' || to_char(day, 'YYYYMM');
BEGIN
    IF to_regclass(partition) IS NOT NULL THEN RETURN; END IF;
    PERFORM pg_advisory_xact_lock(hashtext('ensure_audit_partition'));
    IF to_regclass(partition) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF audit_events FOR VALUES FROM (%L) TO (%L)',
        partition, first, (first + interval '1 month')::date);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', partition);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', partition);
    EXECUTE format('CREATE POLICY closed ON %I USING (false) WITH CHECK (false)', partition);
    EXECUTE format('CREATE TRIGGER not_emptied BEFORE TRUNCATE ON %I
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', partition);
END $$;
"""


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Name the type in DDL."""
        return "xid8"


def upgrade() -> None:
    """Build."""
    op.execute("CREATE SEQUENCE audit_events_id_seq")
    _create_tables()
    for table in TENANT_TABLES:
        enable_tenancy(table)
    op.execute(LOGIN_POLICY)
    _build_audit_trail()
    _create_queue()
    _grant()


def downgrade() -> None:
    """There is nothing before the foundation: drop the database instead."""
    raise NotImplementedError("Drop the database instead: the audit trail is never taken back.")


def _build_audit_trail() -> None:
    op.execute(AUDIT_POLICIES.format(table="audit_events"))
    op.execute(APPEND_ONLY)
    op.execute(PARTITIONS)
    op.execute("CREATE TABLE audit_events_default PARTITION OF audit_events DEFAULT")
    op.execute("ALTER TABLE audit_events_default ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE audit_events_default FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY closed ON audit_events_default USING (false) WITH CHECK (false)")
    for ahead in range(3):
        op.execute(f"SELECT ensure_audit_partition((now() + make_interval(months => {ahead}))::date)")


def _create_queue() -> None:
    """Create procrastinate's tables and functions from the pinned package."""
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(SchemaManager.get_schema())


def _grant() -> None:
    """Let the application read and write, delete only what expires, and never touch the trail's past."""
    if app_role() is None:
        return
    grant("USAGE", ["public"], "SCHEMA")
    grant("SELECT, INSERT, UPDATE", [*TENANT_TABLES, *SHARED_TABLES])
    grant("DELETE", PURGED_TABLES)
    grant("SELECT, INSERT", ["audit_events"])
    grant("SELECT", ["alembic_version"])
    grant("USAGE, SELECT", ["public"], "ALL SEQUENCES IN SCHEMA")
    op.execute("REVOKE EXECUTE ON FUNCTION ensure_audit_partition(date) FROM PUBLIC")
    grant("EXECUTE", ["ensure_audit_partition(date)"], "FUNCTION")
    queue_tables = [name for name in sa.inspect(op.get_bind()).get_table_names() if name.startswith("procrastinate_")]
    grant("SELECT, INSERT, UPDATE, DELETE", queue_tables)


def _create_tables() -> None:
    op.create_table(
        "audit_events",
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("id", sa.BigInteger(), server_default=sa.text("nextval('audit_events_id_seq')"), nullable=False),
        sa.Column("xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("resource_type", sa.String(), nullable=False),
        sa.Column("resource_id", sa.String(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("subject_ids", postgresql.ARRAY(sa.Uuid()), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("ip", postgresql.INET(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("at", "id", name=op.f("pk_audit_events")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_audit_events_patient_time", "audit_events", ["practice_id", "patient_id", "at"], unique=False)
    op.create_index("ix_audit_events_practice_time", "audit_events", ["practice_id", "at"], unique=False)
    op.create_table(
        "idempotency_keys",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("body_enc", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("practice_id", "user_id", "endpoint", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "login_attempts",
        sa.Column("account_key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("account_key", name=op.f("pk_login_attempts")),
    )
    op.create_table(
        "practices",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("last_mrn", sa.Integer(), server_default="0", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practices")),
    )
    op.create_table(
        "system_keys",
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("purpose", "version", name=op.f("pk_system_keys")),
    )
    op.create_table(
        "emr_connections",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("base_url", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["practice_id"], ["practices.id"], name=op.f("fk_emr_connections_practice_id")),
        sa.PrimaryKeyConstraint("practice_id", name=op.f("pk_emr_connections")),
    )
    op.create_table(
        "patients",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("first_name_enc", sa.LargeBinary(), nullable=False),
        sa.Column("last_name_enc", sa.LargeBinary(), nullable=False),
        sa.Column("date_of_birth_enc", sa.LargeBinary(), nullable=False),
        sa.Column("mrn_enc", sa.LargeBinary(), nullable=False),
        sa.Column("mrn_index", sa.LargeBinary(), nullable=False),
        sa.Column("phone_enc", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("email_enc", sa.LargeBinary(), nullable=True),
        sa.Column("email_index", sa.LargeBinary(), nullable=True),
        sa.Column("address_enc", sa.LargeBinary(), nullable=True),
        sa.Column("address_state", sa.String(), nullable=True),
        sa.Column("gender", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("gender IN ('male', 'female', 'other', 'unknown')", name=op.f("ck_patients_gender")),
        sa.CheckConstraint("is_active = (archived_at IS NULL)", name=op.f("ck_patients_archived")),
        sa.ForeignKeyConstraint(["practice_id"], ["practices.id"], name=op.f("fk_patients_practice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patients")),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_patients_practice_id_id")),
        sa.UniqueConstraint("practice_id", "mrn_index", name=op.f("uq_patients_practice_id_mrn_index")),
    )
    op.create_index("ix_patients_email", "patients", ["practice_id", "email_index"], unique=False)
    op.create_index("ix_patients_listing", "patients", ["practice_id", "is_active", "created_at", "id"], unique=False)
    op.create_index("ix_patients_phone", "patients", ["practice_id", "phone_index"], unique=False)
    op.create_table(
        "practice_keys",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["practice_id"], ["practices.id"], name=op.f("fk_practice_keys_practice_id")),
        sa.PrimaryKeyConstraint("practice_id", "purpose", "version", name=op.f("pk_practice_keys")),
    )
    op.create_table(
        "practice_thresholds",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("limits", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["practice_id"], ["practices.id"], name=op.f("fk_practice_thresholds_practice_id")),
        sa.PrimaryKeyConstraint("practice_id", name=op.f("pk_practice_thresholds")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("row_key", sa.Uuid(), nullable=False),
        sa.Column("email_enc", sa.LargeBinary(), nullable=False),
        sa.Column("email_index", sa.LargeBinary(), nullable=False),
        sa.Column("first_name_enc", sa.LargeBinary(), nullable=False),
        sa.Column("last_name_enc", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("security_version", sa.Integer(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(role = 'patient') = (patient_id IS NOT NULL)", name=op.f("ck_users_patient_link")),
        sa.CheckConstraint(
            "role IN ('admin', 'clinical_manager', 'provider', 'nurse', 'ma', 'data_monitor',"
            " 'billing_manager', 'patient')",
            name=op.f("ck_users_role"),
        ),
        sa.ForeignKeyConstraint(["practice_id"], ["practices.id"], name=op.f("fk_users_practice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email_index", name=op.f("uq_users_email_index")),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_users_practice_id_id")),
    )
    op.create_table(
        "billing_entries",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("cpt_code", sa.String(), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("payer", sa.String(), nullable=True),
        sa.Column("icd10_codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("notes_enc", sa.LargeBinary(), nullable=False),
        sa.Column("auto_generated", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'submitted', 'paid', 'denied', 'appealed')",
            name=op.f("ck_billing_entries_status"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_billing_entries_amount")),
        sa.ForeignKeyConstraint(
            ["practice_id", "patient_id"],
            ["patients.practice_id", "patients.id"],
            name=op.f("fk_billing_entries_practice_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_entries")),
    )
    op.create_index(
        "ix_billing_entries_date",
        "billing_entries",
        ["practice_id", sa.literal_column("service_date DESC"), "id"],
        unique=False,
    )
    op.create_index(
        "ix_billing_entries_patient",
        "billing_entries",
        ["practice_id", "patient_id", "service_date"],
        unique=False,
    )
    op.create_table(
        "console_sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("security_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "user_id"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_console_sessions_practice_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_console_sessions")),
    )
    op.create_index("ix_console_sessions_user", "console_sessions", ["practice_id", "user_id"], unique=False)
    op.create_table(
        "observations",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("observation_type", sa.String(), nullable=False),
        sa.Column("systolic", sa.Numeric(), nullable=True),
        sa.Column("diastolic", sa.Numeric(), nullable=True),
        sa.Column("pulse", sa.Numeric(), nullable=True),
        sa.Column("systolic_absent_reason", sa.String(), nullable=True),
        sa.Column("diastolic_absent_reason", sa.String(), nullable=True),
        sa.Column("device_id", sa.String(), nullable=True),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("natural_key", sa.LargeBinary(), nullable=False),
        sa.Column("fhir_status", sa.String(), nullable=False),
        sa.Column("alert_level", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "fhir_status IN ('pending', 'sent', 'failed', 'not_configured')",
            name=op.f("ck_observations_fhir_status"),
        ),
        sa.CheckConstraint("diastolic BETWEEN 30 AND 200", name=op.f("ck_observations_diastolic_range")),
        sa.CheckConstraint(
            "num_nonnulls(diastolic, diastolic_absent_reason) = 1",
            name=op.f("ck_observations_diastolic_or_reason"),
        ),
        sa.CheckConstraint("num_nonnulls(systolic, diastolic) > 0", name=op.f("ck_observations_not_empty")),
        sa.CheckConstraint(
            "num_nonnulls(systolic, systolic_absent_reason) = 1",
            name=op.f("ck_observations_systolic_or_reason"),
        ),
        sa.CheckConstraint("pulse BETWEEN 30 AND 250", name=op.f("ck_observations_pulse_range")),
        sa.CheckConstraint("systolic BETWEEN 60 AND 300", name=op.f("ck_observations_systolic_range")),
        sa.ForeignKeyConstraint(
            ["practice_id", "patient_id"],
            ["patients.practice_id", "patients.id"],
            name=op.f("fk_observations_practice_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observations")),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_observations_practice_id_id")),
        sa.UniqueConstraint("practice_id", "natural_key", name=op.f("uq_observations_practice_id_natural_key")),
    )
    op.create_index(
        "ix_observations_patient_time",
        "observations",
        ["practice_id", "patient_id", sa.literal_column("measured_at DESC")],
        unique=False,
    )
    op.create_table(
        "patient_search_tokens",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "patient_id"],
            ["patients.practice_id", "patients.id"],
            name=op.f("fk_patient_search_tokens_practice_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "token", "patient_id", name=op.f("pk_patient_search_tokens")),
    )
    op.create_index(
        "ix_patient_search_tokens_patient",
        "patient_search_tokens",
        ["practice_id", "patient_id"],
        unique=False,
    )
    op.create_table(
        "token_families",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_reason", sa.String(), nullable=True),
        sa.Column("newest_token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "user_id"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_token_families_practice_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token_families")),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_token_families_practice_id_id")),
    )
    op.create_index("ix_token_families_user", "token_families", ["practice_id", "user_id"], unique=False)
    op.create_table(
        "triage_summaries",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("risk_score", sa.SmallInteger(), nullable=False),
        sa.Column("risk_level", sa.String(), nullable=False),
        sa.Column("formula_version", sa.String(), nullable=False),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("latest_vitals", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("first_reading_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_reading_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unacknowledged_alerts", sa.Integer(), nullable=False),
        sa.Column("active_escalations", sa.Integer(), nullable=False),
        sa.Column("last_reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_reviewed_by", sa.Integer(), nullable=True),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(risk_level = 'no_data') = (risk_score = 0)", name=op.f("ck_triage_summaries_no_data")),
        sa.CheckConstraint(
            "risk_level IN ('critical', 'warning', 'normal', 'no_data')",
            name=op.f("ck_triage_summaries_risk_level"),
        ),
        sa.CheckConstraint("risk_score BETWEEN 0 AND 100", name=op.f("ck_triage_summaries_risk_score")),
        sa.ForeignKeyConstraint(
            ["practice_id", "patient_id"],
            ["patients.practice_id", "patients.id"],
            name=op.f("fk_triage_summaries_practice_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("pk_triage_summaries")),
    )
    op.create_index(
        "ix_triage_summaries_last_reading",
        "triage_summaries",
        ["practice_id", "is_active", sa.literal_column("last_reading_at DESC NULLS LAST"), "patient_id"],
        unique=False,
    )
    op.create_index(
        "ix_triage_summaries_level",
        "triage_summaries",
        ["practice_id", "is_active", "risk_level", sa.literal_column("risk_score DESC"), "patient_id"],
        unique=False,
    )
    op.create_index(
        "ix_triage_summaries_score",
        "triage_summaries",
        ["practice_id", "is_active", sa.literal_column("risk_score DESC"), "patient_id"],
        unique=False,
    )
    op.create_index(
        "ix_triage_summaries_unacknowledged",
        "triage_summaries",
        ["practice_id", "is_active", sa.literal_column("risk_score DESC"), "patient_id"],
        unique=False,
        postgresql_where=sa.text("unacknowledged_alerts > 0"),
    )
    op.create_table(
        "triage_transitions",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("from_level", sa.String(), nullable=True),
        sa.Column("to_level", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "patient_id"],
            ["patients.practice_id", "patients.id"],
            name=op.f("fk_triage_transitions_practice_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triage_transitions")),
    )
    op.create_index("ix_triage_transitions_time", "triage_transitions", ["practice_id", "at"], unique=False)
    op.create_table(
        "alerts",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("observation_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=False),
        sa.Column("threshold", sa.Numeric(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Integer(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("level IN ('warning', 'critical')", name=op.f("ck_alerts_level")),
        sa.ForeignKeyConstraint(
            ["practice_id", "acknowledged_by"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_alerts_practice_id_acknowledged_by"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "observation_id"],
            ["observations.practice_id", "observations.id"],
            name=op.f("fk_alerts_practice_id_observation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "patient_id"],
            ["patients.practice_id", "patients.id"],
            name=op.f("fk_alerts_practice_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("practice_id", "observation_id", name=op.f("uq_alerts_practice_id_observation_id")),
    )
    op.create_index("ix_alerts_patient_time", "alerts", ["practice_id", "patient_id", "raised_at"], unique=False)
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("parent_hash", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "family_id"],
            ["token_families.practice_id", "token_families.id"],
            name=op.f("fk_refresh_tokens_practice_id_family_id"),
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_tokens")),
    )
    op.create_index("ix_refresh_tokens_family", "refresh_tokens", ["practice_id", "family_id"], unique=False)
