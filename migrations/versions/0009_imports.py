"""Imports of patients from files, and how a practice's medical record system is signed in to."""

import sqlalchemy as sa
from alembic import op

from migrations.walls import enable_tenancy, grant

revision = "0009_imports"
down_revision = "0008_devices"
branch_labels = None
depends_on = None

TABLES = ("patient_imports", "patient_import_pieces", "patient_import_errors")


def upgrade() -> None:
    """Build."""
    op.create_index("ix_patients_external_id", "patients", ["practice_id", "external_id"])
    op.add_column("emr_connections", sa.Column("auth", sa.String(), server_default="none", nullable=False))
    op.add_column("emr_connections", sa.Column("username", sa.String(), nullable=True))
    op.add_column("emr_connections", sa.Column("secret_enc", sa.LargeBinary(), nullable=True))
    op.create_check_constraint(
        op.f("ck_emr_connections_auth"), "emr_connections", "auth IN ('none', 'bearer', 'basic')"
    )
    _create_imports()
    _create_parts()
    for table in TABLES:
        enable_tenancy(table)
    grant("SELECT, INSERT, UPDATE", TABLES)
    grant("DELETE", ("patient_import_pieces", "patient_import_errors"))


def downgrade() -> None:
    """Take it back: imports that are not done and the connections' secrets are lost, patients stay."""
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_constraint(op.f("ck_emr_connections_auth"), "emr_connections")
    for column in ("secret_enc", "username", "auth"):
        op.drop_column("emr_connections", column)
    op.drop_index("ix_patients_external_id", "patients")


def _create_imports() -> None:
    counts = ("rows_total", "rows_done", "created", "updated", "unchanged", "skipped", "failed")
    op.create_table(
        "patient_imports",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("on_error", sa.String(), nullable=False),
        sa.Column("on_existing", sa.String(), nullable=False),
        sa.Column("described_enc", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('checked', 'queued', 'running', 'done', 'failed', 'cancelled')",
            name=op.f("ck_patient_imports_state"),
        ),
        sa.CheckConstraint("on_error IN ('skip', 'abort')", name=op.f("ck_patient_imports_on_error")),
        sa.CheckConstraint(
            "on_existing IN ('error', 'skip', 'update')", name=op.f("ck_patient_imports_on_existing")
        ),
        sa.CheckConstraint("rows_done <= rows_total", name=op.f("ck_patient_imports_rows_done")),
        sa.ForeignKeyConstraint(["practice_id"], ["practices.id"], name=op.f("fk_patient_imports_practice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_imports")),
        sa.UniqueConstraint("practice_id", "id", name=op.f("uq_patient_imports_practice_id_id")),
    )  # fmt: skip
    op.create_index("ix_patient_imports_listing", "patient_imports", ["practice_id", "created_at", "id"])


def _create_parts() -> None:
    op.create_table(
        "patient_import_pieces",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content_enc", sa.LargeBinary(), nullable=False),
        *_ends("patient_import_pieces"),
        sa.UniqueConstraint(
            "practice_id", "import_id", "number", name=op.f("uq_patient_import_pieces_practice_id_import_id_number")
        ),
    )
    op.create_table(
        "patient_import_errors",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("column", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=False),
        *_ends("patient_import_errors"),
    )
    op.create_index(
        "ix_patient_import_errors_import", "patient_import_errors", ["practice_id", "import_id", "row", "id"]
    )


def _ends(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "import_id"],
            ["patient_imports.practice_id", "patient_imports.id"],
            name=op.f(f"fk_{table}_practice_id_import_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
