"""All vitals: readings by month of measurement, what became of each, and who took it down."""

import sqlalchemy as sa
from alembic import op

from migrations.walls import app_role, enable_tenancy, grant

revision = "0010_vitals"
down_revision = "0009_imports"
branch_labels = None
depends_on = None

MONTHS_BACK, MONTHS_AHEAD = 24, 12

TABLE = """
CREATE TABLE observations_by_month (
    practice_id uuid NOT NULL,
    id uuid NOT NULL,
    measured_at timestamptz NOT NULL,
    patient_id uuid NOT NULL,
    observation_type varchar NOT NULL,
    systolic numeric, diastolic numeric, pulse numeric, weight_kg numeric, glucose_mg_dl numeric, spo2 numeric,
    temperature_c numeric, respiratory_rate numeric, peak_flow numeric, height_cm numeric,
    posted_value numeric,
    posted_unit varchar,
    systolic_absent_reason varchar,
    diastolic_absent_reason varchar,
    meal varchar,
    irregular_heartbeat boolean,
    device_id varchar,
    source varchar NOT NULL,
    is_stored_memory boolean NOT NULL,
    is_estimated_time boolean NOT NULL,
    zone_offset_minutes integer,
    offset_origin varchar,
    inbox_id uuid,
    natural_key bytea NOT NULL,
    fhir_status varchar NOT NULL,
    alert_level varchar,
    status varchar NOT NULL,
    quarantine_reason varchar,
    corrects_id uuid,
    decided_at timestamptz,
    decided_by integer,
    decision_reason_enc bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by integer
) PARTITION BY RANGE (measured_at)
"""

# Runs as the owner, for the housekeeping job: makes the partition of one month, walls included. Idempotent. Readings
# that came before their month's partition stay in the one for all other months, where every query finds them too.
PARTITIONS = """
CREATE FUNCTION ensure_observation_partition(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first timestamptz := date_trunc('month', day::timestamp) AT TIME ZONE 'UTC';
    beyond timestamptz := (date_trunc('month', day::timestamp) + interval '1 month') AT TIME ZONE 'UTC';
    partition text := 'observations_' || to_char(day, 'YYYYMM');
BEGIN
    IF to_regclass(partition) IS NOT NULL THEN RETURN; END IF;
    PERFORM pg_advisory_xact_lock(hashtext('ensure_observation_partition'));
    IF to_regclass(partition) IS NOT NULL THEN RETURN; END IF;
    BEGIN
        EXECUTE format('CREATE TABLE %I PARTITION OF observations FOR VALUES FROM (%L) TO (%L)',
            partition, first, beyond);
    EXCEPTION WHEN check_violation THEN
        RAISE WARNING 'readings of % stay in the partition of all other months', to_char(day, 'YYYY-MM');
        RETURN;
    END;
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', partition);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', partition);
    EXECUTE format('CREATE POLICY closed ON %I USING (false) WITH CHECK (false)', partition);
END $$;
"""

# What was measured is evidence: it is corrected by another reading, never in place. Who owns it, what became of it
# and whether it was sent on may change.
UNCHANGED = """
CREATE FUNCTION keep_reading_as_it_came() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.observation_type, NEW.systolic, NEW.diastolic, NEW.pulse, NEW.weight_kg, NEW.glucose_mg_dl, NEW.spo2,
        NEW.temperature_c, NEW.respiratory_rate, NEW.peak_flow, NEW.height_cm, NEW.posted_value, NEW.posted_unit,
        NEW.meal, NEW.device_id, NEW.source, NEW.measured_at, NEW.created_at)
        IS DISTINCT FROM
       (OLD.observation_type, OLD.systolic, OLD.diastolic, OLD.pulse, OLD.weight_kg, OLD.glucose_mg_dl, OLD.spo2,
        OLD.temperature_c, OLD.respiratory_rate, OLD.peak_flow, OLD.height_cm, OLD.posted_value, OLD.posted_unit,
        OLD.meal, OLD.device_id, OLD.source, OLD.measured_at, OLD.created_at)
    THEN
        RAISE EXCEPTION 'a reading stays as it was measured' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER observations_unchanged BEFORE UPDATE ON observations
    FOR EACH ROW EXECUTE FUNCTION keep_reading_as_it_came();
"""

_MEASURES = (
    ("systolic", 60, 300), ("diastolic", 30, 200), ("pulse", 30, 250), ("weight_kg", 2, 450),
    ("glucose_mg_dl", 10, 1000), ("spo2", 30, 100), ("temperature_c", 25, 45), ("respiratory_rate", 3, 80),
    ("peak_flow", 30, 1000), ("height_cm", 40, 260),
)  # fmt: skip
_PRESSURES = (
    "num_nonnulls(systolic, diastolic) > 0 AND num_nonnulls(systolic, systolic_absent_reason) = 1"
    " AND num_nonnulls(diastolic, diastolic_absent_reason) = 1"
)
_KINDS = {
    "blood_pressure": _PRESSURES, "weight": "num_nonnulls(weight_kg) = 1", "glucose": "num_nonnulls(glucose_mg_dl) = 1",
    "pulse_oximetry": "num_nonnulls(spo2) = 1", "heart_rate": "num_nonnulls(pulse) = 1",
    "temperature": "num_nonnulls(temperature_c) = 1", "respiratory_rate": "num_nonnulls(respiratory_rate) = 1",
    "peak_flow": "num_nonnulls(peak_flow) = 1", "height": "num_nonnulls(height_cm) = 1",
}  # fmt: skip
_CHECKS = {
    **{f"{name}_range": f"{name} BETWEEN {low} AND {high}" for name, low, high in _MEASURES},
    "observation_type": "observation_type IN ({})".format(", ".join(f"'{kind}'" for kind in _KINDS)),
    "shape": "CASE observation_type " + " ".join(f"WHEN '{kind}' THEN {has}" for kind, has in _KINDS.items()) + " END",
    "fhir_status": "fhir_status IN ('pending', 'sent', 'failed', 'not_configured')",
    "status": "status IN ('final', 'quarantined', 'rejected', 'void')",
    "source": "source IN ('auto', 'manual')",
    "meal": "meal IN ('pre', 'post', 'fasting', 'random')",
    "posted": "num_nonnulls(posted_value, posted_unit) IN (0, 2)",
    "quarantine": "(status = 'quarantined') <= (quarantine_reason IS NOT NULL)",
}
_OLD = (
    "practice_id, id, measured_at, patient_id, observation_type, systolic, diastolic, pulse, systolic_absent_reason,"
    " diastolic_absent_reason, device_id, natural_key, fhir_status, alert_level, created_at, created_by"
)


def upgrade() -> None:
    """Build the new table beside the old one, move the readings, tie the alerts to it."""
    op.execute(TABLE)
    _move_readings()
    op.execute("ALTER TABLE observations_by_month RENAME TO observations")
    for name, condition in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_observations_{name}"), "observations", condition)
    op.execute(PARTITIONS)
    op.execute("CREATE TABLE observations_default PARTITION OF observations DEFAULT")
    for policy in ("ENABLE ROW LEVEL SECURITY", "FORCE ROW LEVEL SECURITY"):
        op.execute(f"ALTER TABLE observations_default {policy}")
    op.execute("CREATE POLICY closed ON observations_default USING (false) WITH CHECK (false)")
    for month in range(-MONTHS_BACK, MONTHS_AHEAD + 1):
        op.execute(f"SELECT ensure_observation_partition((now() + make_interval(months => {month}))::date)")
    op.execute("INSERT INTO observations SELECT * FROM observations_moved")
    op.execute("DROP TABLE observations_moved")
    _constrain()
    _tie_alerts()
    enable_tenancy("observations")
    op.execute(UNCHANGED)
    grant("SELECT, INSERT, UPDATE", ["observations"])
    op.execute("REVOKE EXECUTE ON FUNCTION ensure_observation_partition(date) FROM PUBLIC")
    if app_role():
        grant("EXECUTE", ["ensure_observation_partition(date)"], "FUNCTION")


def downgrade() -> None:
    """Other vitals have no place in the former table: restore a backup instead."""
    raise NotImplementedError("Restore a backup: readings are never thrown away by a migration.")


def _move_readings() -> None:
    """Set the readings aside with what is known of them now: a registered device that was held sent it by itself."""
    op.execute("ALTER TABLE observations NO FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE alerts NO FORCE ROW LEVEL SECURITY")
    op.execute("CREATE TEMPORARY TABLE observations_moved (LIKE observations_by_month)")
    op.execute(
        f"INSERT INTO observations_moved ({_OLD}, source, is_stored_memory, is_estimated_time, status) "
        f"SELECT {_OLD}, CASE WHEN device_id IS NULL THEN 'manual' ELSE 'auto' END, false, false, 'final' "
        "FROM observations"
    )
    op.add_column("alerts", sa.Column("measured_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE alerts SET measured_at = o.measured_at FROM observations o WHERE o.id = alerts.observation_id")
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no change is left waiting, so that the table may be altered
    op.alter_column("alerts", "measured_at", nullable=False)
    op.drop_constraint("fk_alerts_practice_id_observation_id", "alerts")
    op.execute("DROP TABLE observations")
    op.execute("ALTER TABLE alerts FORCE ROW LEVEL SECURITY")


def _constrain() -> None:
    op.create_primary_key(op.f("pk_observations"), "observations", ["practice_id", "id", "measured_at"])
    op.create_unique_constraint(
        op.f("uq_observations_practice_id_natural_key_measured_at"), "observations",
        ["practice_id", "natural_key", "measured_at"],
    )  # fmt: skip
    op.create_foreign_key(
        op.f("fk_observations_practice_id_patient_id"), "observations", "patients",
        ["practice_id", "patient_id"], ["practice_id", "id"],
    )  # fmt: skip
    op.create_index(
        "ix_observations_patient_time", "observations",
        ["practice_id", "patient_id", sa.literal_column("measured_at DESC")],
    )  # fmt: skip
    op.create_index(
        "ix_observations_received", "observations", ["practice_id", sa.literal_column("created_at DESC"), "id"]
    )
    op.create_index(
        "ix_observations_quarantined", "observations", ["practice_id", "created_at"],
        postgresql_where=sa.text("status = 'quarantined'"),
    )  # fmt: skip


def _tie_alerts() -> None:
    op.create_foreign_key(
        op.f("fk_alerts_practice_id_observation_id_measured_at"), "alerts", "observations",
        ["practice_id", "observation_id", "measured_at"], ["practice_id", "id", "measured_at"],
    )  # fmt: skip
