"""Enrolment: consents with their documents, orders, and enrolments of which a patient has one at a time."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import enable_tenancy, grant

revision = "0007_enrolment"
down_revision = "0006_patient_record"
branch_labels = None
depends_on = None

TABLES = ("consents", "consent_documents", "consent_document_chunks", "care_orders", "enrollments")

# GiST compares ranges without an extension, but not single ids: a range of one id stands for the patient in the
# exclusion constraints of enrollments.
PATIENT_RANGE = "CREATE TYPE patient_range AS RANGE (subtype = uuid)"

EITHER = (("monitoring", "'RPM', 'RTM'"), ("ccm", "'CCM'"), ("pcm", "'PCM'"), ("apcm", "'APCM'"))


def upgrade() -> None:
    """Build."""
    op.execute(PATIENT_RANGE)
    _create_consents()
    _create_consent_documents()
    _create_consent_document_chunks()
    _create_care_orders()
    _create_enrollments()
    for table in TABLES:
        enable_tenancy(table)
    grant("SELECT, INSERT, UPDATE", TABLES)


def downgrade() -> None:
    """Take the tables away again."""
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("DROP TYPE patient_range")


def _create_consents() -> None:
    op.create_table(
        "consents",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("program", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("obtained_on", sa.Date(), nullable=False),
        sa.Column("obtained_by", sa.Integer(), nullable=False),
        sa.Column("cost_share_explained", sa.Boolean(), nullable=False),
        sa.Column("one_practitioner_explained", sa.Boolean(), nullable=False),
        sa.Column("note_enc", sa.LargeBinary(), nullable=False),
        sa.Column("revoked_on", sa.Date(), nullable=True),
        sa.Column("revoked_by", sa.Integer(), nullable=True),
        sa.Column("revoke_reason_enc", sa.LargeBinary(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("method IN ('verbal', 'written', 'electronic')", name=op.f("ck_consents_method")),
        sa.CheckConstraint("program IN ('RPM', 'RTM', 'CCM', 'PCM', 'APCM')", name=op.f("ck_consents_program")),
        sa.CheckConstraint(
            "(revoked_on IS NULL) = (revoke_reason_enc IS NULL)", name=op.f("ck_consents_revoked_for_a_reason")
        ),
        sa.CheckConstraint("revoked_on >= obtained_on", name=op.f("ck_consents_revoked_after_obtained")),
        sa.ForeignKeyConstraint(
            ["practice_id", "obtained_by"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_consents_practice_id_obtained_by"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "patient_id"],
            ["patients.practice_id", "patients.id"],
            name=op.f("fk_consents_practice_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "revoked_by"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_consents_practice_id_revoked_by"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sa.UniqueConstraint("practice_id", "patient_id", "id", name=op.f("uq_consents_practice_id_patient_id_id")),
    )
    op.create_index(
        "ix_consents_patient", "consents", ["practice_id", "patient_id", "program", "obtained_on"], unique=False
    )


def _create_consent_documents() -> None:
    op.create_table(
        "consent_documents",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("uploaded_by", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "content_type IN ('application/pdf', 'image/png')", name=op.f("ck_consent_documents_content_type")
        ),
        sa.CheckConstraint("size_bytes BETWEEN 1 AND 10485760", name=op.f("ck_consent_documents_size")),
        sa.ForeignKeyConstraint(
            ["practice_id", "patient_id", "consent_id"],
            ["consents.practice_id", "consents.patient_id", "consents.id"],
            name=op.f("fk_consent_documents_practice_id_patient_id_consent_id"),
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "uploaded_by"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_consent_documents_practice_id_uploaded_by"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_documents")),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_consent_documents_practice_id_id")),
    )
    op.create_index(
        "ix_consent_documents_consent", "consent_documents", ["practice_id", "consent_id", "uploaded_at"], unique=False
    )


def _create_consent_document_chunks() -> None:
    op.create_table(
        "consent_document_chunks",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("of_chunks", sa.SmallInteger(), nullable=False),
        sa.Column("content_enc", sa.LargeBinary(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("number BETWEEN 1 AND of_chunks", name=op.f("ck_consent_document_chunks_number")),
        sa.ForeignKeyConstraint(
            ["practice_id", "document_id"],
            ["consent_documents.practice_id", "consent_documents.id"],
            name=op.f("fk_consent_document_chunks_practice_id_document_id"),
        ),
        sa.PrimaryKeyConstraint("document_id", "number", name=op.f("pk_consent_document_chunks")),
    )


def _create_care_orders() -> None:
    op.create_table(
        "care_orders",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("program", sa.String(), nullable=False),
        sa.Column("follows_id", sa.Uuid(), nullable=True),
        sa.Column("ordering_user_id", sa.Integer(), nullable=True),
        sa.Column("practitioner_name_enc", sa.LargeBinary(), nullable=True),
        sa.Column("practitioner_npi", sa.String(), nullable=True),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("renewal_due_on", sa.Date(), nullable=True),
        sa.Column("parameters", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("diagnoses", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("stopped_on", sa.Date(), nullable=True),
        sa.Column("stopped_by", sa.Integer(), nullable=True),
        sa.Column("stop_reason_enc", sa.LargeBinary(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("practitioner_npi ~ '^[12][0-9]{9}$'", name=op.f("ck_care_orders_npi")),
        sa.CheckConstraint("program IN ('RPM', 'RTM', 'CCM', 'PCM', 'APCM')", name=op.f("ck_care_orders_program")),
        sa.CheckConstraint(
            "(stopped_on IS NULL) = (stop_reason_enc IS NULL)", name=op.f("ck_care_orders_stopped_for_a_reason")
        ),
        sa.CheckConstraint(
            "ends_on >= starts_on AND stopped_on >= starts_on", name=op.f("ck_care_orders_ends_after_start")
        ),
        sa.CheckConstraint(
            "num_nonnulls(ordering_user_id, practitioner_name_enc) = 1", name=op.f("ck_care_orders_one_provider")
        ),
        sa.CheckConstraint(
            "practitioner_name_enc IS NULL OR practitioner_npi IS NOT NULL",
            name=op.f("ck_care_orders_outside_practitioner_has_npi"),
        ),
        sa.CheckConstraint(
            "renewal_due_on >= starts_on AND (ends_on IS NULL OR renewal_due_on <= ends_on)",
            name=op.f("ck_care_orders_renewal_within"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "ordering_user_id"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_care_orders_practice_id_ordering_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "patient_id", "follows_id"],
            ["care_orders.practice_id", "care_orders.patient_id", "care_orders.id"],
            name=op.f("fk_care_orders_practice_id_patient_id_follows_id"),
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "patient_id"],
            ["patients.practice_id", "patients.id"],
            name=op.f("fk_care_orders_practice_id_patient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "stopped_by"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_care_orders_practice_id_stopped_by"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_orders")),
        sa.UniqueConstraint("practice_id", "follows_id", name=op.f("uq_care_orders_practice_id_follows_id")),
        sa.UniqueConstraint("practice_id", "patient_id", "id", name=op.f("uq_care_orders_practice_id_patient_id_id")),
    )
    op.create_index(
        "ix_care_orders_patient", "care_orders", ["practice_id", "patient_id", "program", "starts_on"], unique=False
    )


def _create_enrollments() -> None:
    op.create_table(
        "enrollments",
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("program", sa.String(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("diagnoses", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("initiating_visit_on", sa.Date(), nullable=True),
        sa.Column("discharged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("discharged_by", sa.Integer(), nullable=True),
        sa.Column("discharge_reason", sa.String(), nullable=True),
        sa.Column("discharge_outcome", sa.String(), nullable=True),
        sa.Column("discharge_note_enc", sa.LargeBinary(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *(_one_at_a_time(*either) for either in EITHER),
        sa.CheckConstraint(
            "discharge_outcome IN ('improved', 'stable', 'worsened', 'unknown')",
            name=op.f("ck_enrollments_discharge_outcome"),
        ),
        sa.CheckConstraint(
            "discharge_reason IN ('goals_met', 'patient_request', 'not_adherent', 'transferred', 'moved_away',"
            " 'not_covered', 'deceased', 'entered_in_error', 'other')",
            name=op.f("ck_enrollments_discharge_reason"),
        ),
        sa.CheckConstraint("program IN ('RPM', 'RTM', 'CCM', 'PCM', 'APCM')", name=op.f("ck_enrollments_program")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_enrollments_ends_after_start")),
        sa.CheckConstraint(
            "num_nonnulls(discharged_at, discharged_by, discharge_reason, discharge_outcome) IN (0, 4)"
            " AND (discharged_at IS NULL OR ends_on IS NOT NULL)",
            name=op.f("ck_enrollments_discharged_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "discharged_by"],
            ["users.practice_id", "users.id"],
            name=op.f("fk_enrollments_practice_id_discharged_by"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "patient_id", "order_id"],
            ["care_orders.practice_id", "care_orders.patient_id", "care_orders.id"],
            name=op.f("fk_enrollments_practice_id_patient_id_order_id"),
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "patient_id"],
            ["patients.practice_id", "patients.id"],
            name=op.f("fk_enrollments_practice_id_patient_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollments")),
        sa.UniqueConstraint("practice_id", "patient_id", "id", name=op.f("uq_enrollments_practice_id_patient_id_id")),
    )
    op.create_index(
        "ix_enrollments_listing",
        "enrollments",
        ["practice_id", "program", sa.literal_column("starts_on DESC"), "id"],
        unique=False,
    )
    op.create_index(
        "ix_enrollments_patient", "enrollments", ["practice_id", "patient_id", "program", "starts_on"], unique=False
    )


def _one_at_a_time(name: str, programs: str) -> postgresql.ExcludeConstraint:
    return postgresql.ExcludeConstraint(
        (sa.text("patient_range(patient_id, patient_id, '[]')"), "&&"),
        (sa.text("daterange(starts_on, ends_on, '[]')"), "&&"),
        where=sa.text(f"program IN ({programs}) AND discharge_reason IS DISTINCT FROM 'entered_in_error'"),
        using="gist",
        name=f"ex_enrollments_{name}",
    )
