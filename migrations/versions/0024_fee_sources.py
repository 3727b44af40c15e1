"""Each fee says where it is from; the shipped ones are told so here, what practices entered says nothing yet."""

import sqlalchemy as sa
from alembic import op

revision = "0024_fee_sources"
down_revision = "0023_triage_counts"
branch_labels = None
depends_on = None

_OF_2025 = {
    "99453": "the 2025 rates in use before, an exact RVU times the factor of 2025",
    "99454": "the 2025 rates in use before, an exact RVU times the factor of 2025",
    "99457": "the 2025 rates in use before, an exact RVU times the factor of 2025",
    "99458": "the 2025 rates in use before, an exact RVU times the factor of 2025",
    "G0556": "avantirmg.com",
    "G0557": "avantirmg.com",
    "G0558": "avantirmg.com",
}
_OF_2026 = {
    "99453": "prescribefit.com, ccnhealth.com, immedicaresolutions.com, cptcodecalculator.com",
    "99445": "prescribefit.com, avantirmg.com; others print 47.43",
    "99454": "prescribefit.com, avantirmg.com, immedicaresolutions.com, imstx.net; others print about 47 or 49.10",
    "99457": "prescribefit.com, immedicaresolutions.com, avantirmg.com",
    "99458": "prescribefit.com, rvudoc.com",
    "99470": "prescribefit.com; about 26 everywhere",
    "99091": "payerready.com (RVUs by part); healthsnap.io prints 37",
    "99490": "a copied page of the fee schedule, seen once",
    "99487": "a copied page of the fee schedule, seen once",
    "99489": "a copied page of the fee schedule, seen once",
    "G0556": "avantirmg.com prints the amount of 2025; thoroughcare.net says about 16",
    "G0557": "avantirmg.com prints the amount of 2025",
    "G0558": "avantirmg.com prints the amount of 2025",
}
_SHIPPED = {"cms-2025": _OF_2025, "cms-2026-apm": _OF_2026, "cms-2026-non-apm": _OF_2026}
_TELL = sa.text(
    """
    UPDATE billing_fees f SET source = :source FROM billing_fee_schedules s
    WHERE s.practice_id = f.practice_id AND s.id = f.schedule_id AND s.key = :key AND f.code = :code
        AND f.confidence <> 'entered'
    """
)
_TABLES = ("billing_fees", "billing_fee_schedules")


def upgrade() -> None:
    """Add the column and fill it for what was shipped, of every practice."""
    op.add_column("billing_fees", sa.Column("source", sa.String(), nullable=True))
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for key, sources in _SHIPPED.items():
        for code, source in sources.items():
            op.execute(_TELL.bindparams(key=key, code=code, source=source))
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Forget where fees are from."""
    op.drop_column("billing_fees", "source")
