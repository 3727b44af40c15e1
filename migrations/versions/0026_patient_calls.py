"""Calls with patients, whose minutes flow into the time log; days with therapeutic data among the circumstances."""

import sqlalchemy as sa
from alembic import op

from migrations.walls import enable_tenancy, grant

revision = "0026_patient_calls"
down_revision = "0025_waiting_counts"
branch_labels = None
depends_on = None

_TABLE = "patient_calls"
_MOMENT = sa.DateTime(timezone=True)
_REFERS = (
    ("patient_id", "patients"), ("user_id", "users"), ("voided_by", "users"), ("corrects_id", "patient_calls"),
)  # fmt: skip
_CHECKS = {
    "mode": "mode IN ('phone', 'video')",
    "direction": "direction IN ('outbound', 'inbound')",
    "outcome": "outcome IN ('reached', 'no_answer', 'left_message')",
    "program": "program IN ('RPM', 'RTM', 'CCM', 'PCM', 'APCM')",
    "order": "ended_at >= started_at",
    "reached_takes_time": "outcome <> 'reached' OR ended_at > started_at",
    "voided_for_a_reason": "num_nonnulls(voided_at, voided_by, void_reason_enc) IN (0, 3)",
}
_KIND = "ck_billing_circumstances_kind"
_KINDS = "'setup_training', 'em_visit', 'global_period', 'other_practitioner', 'complex_care', 'qmb'"
_THERAPY = "'therapy_respiratory', 'therapy_musculoskeletal', 'therapy_behavioural'"


def upgrade() -> None:
    """Build the table, its wall and the application's rights; let circumstances be days with therapeutic data."""
    _let_kinds_be(f"{_KINDS}, {_THERAPY}")
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("program", sa.String(), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=False),
        sa.Column("note_enc", sa.LargeBinary(), nullable=True),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("voided_at", _MOMENT, nullable=True),
        sa.Column("voided_by", sa.Integer(), nullable=True),
        sa.Column("void_reason_enc", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{_TABLE}_{name}")) for name, rule in _CHECKS.items()),
        *(_refers(column, to) for column, to in _REFERS),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_TABLE}")),
        sa.UniqueConstraint("practice_id", "id", name=op.f(f"uq_{_TABLE}_practice_id_id")),
        sa.UniqueConstraint("practice_id", "corrects_id", name=op.f(f"uq_{_TABLE}_practice_id_corrects_id")),
    )
    latest = sa.literal_column("started_at DESC"), sa.literal_column("id DESC")
    op.create_index("ix_patient_calls_time", _TABLE, ["practice_id", "patient_id", *latest])
    enable_tenancy(_TABLE)
    grant("SELECT, INSERT, UPDATE", [_TABLE])


def downgrade() -> None:
    """Take the table away; therapeutic data that was reported stands in the way of that."""
    op.drop_table(_TABLE)
    _let_kinds_be(_KINDS)


def _let_kinds_be(kinds: str) -> None:
    op.drop_constraint(op.f(_KIND), "billing_circumstances", type_="check")
    op.create_check_constraint(op.f(_KIND), "billing_circumstances", f"kind IN ({kinds})")


def _refers(column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["practice_id", column], [f"{to}.practice_id", f"{to}.id"], name=op.f(f"fk_{_TABLE}_practice_id_{column}")
    )
