"""The trail's seals: a signed chain over what was recorded, the sealer's own doors, and a way for old months to go."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.walls import app_role, grant, sealer_role

revision = "0003_audit_seals"
down_revision = "0002_accounts"
branch_labels = None
depends_on = None

# What the sealer's functions may see and write, and nobody else: they run under this name, and where the host gives the
# owner a role of its own, no other role profits from taking it. (A setting of our own would need a superuser to be
# part of a function, and so to restore a dump.)
SEALING = "(SELECT current_setting('application_name')) = 'audit sealer'"
OWN_PRACTICE = "practice_id = (SELECT nullif(current_setting('app.practice_id', true), '')::uuid)"
POLICIES = f"""
CREATE POLICY sealing ON audit_events FOR SELECT TO CURRENT_USER USING ({SEALING});
ALTER TABLE audit_seal_roots ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_seal_roots FORCE ROW LEVEL SECURITY;
CREATE POLICY reading ON audit_seal_roots FOR SELECT USING ({OWN_PRACTICE});
CREATE POLICY sealing ON audit_seal_roots TO CURRENT_USER USING ({SEALING}) WITH CHECK ({SEALING});
"""

APPEND_ONLY = """
CREATE TRIGGER {table}_unchanged BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

# The one spelling of an event that is hashed, exported and verified: texts and whole numbers, in the order of
# `app.audit.verify.EVENT_FIELDS`.
LINES = """
CREATE VIEW audit_lines WITH (security_invoker = true) AS
SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, id, xid::text::bigint AS xid,
    generation::int AS generation, practice_id::text AS practice_id, user_id, session_id::text AS session_id, action,
    resource_type, resource_id, patient_id::text AS patient_id, subject_ids::text[] AS subject_ids, outcome,
    fields::text[] AS fields, host(ip) AS ip, request_id, reason, break_glass_id::text AS break_glass_id,
    xid AS raw_xid, practice_id AS raw_practice_id
FROM audit_events
"""

# Where the next seal begins and ends: from the end of the last one to the oldest transaction still running, at most
# about `most` events, never half a transaction. After a restore the rest of the old generation is sealed first.
WINDOW = """
CREATE FUNCTION audit_window(most integer, OUT generation integer, OUT low bigint, OUT high bigint,
    OUT at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET application_name = 'audit sealer' AS $$
DECLARE
    current_generation integer := (SELECT max(g.number) FROM audit_generations g);
    last record;
    bound bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('audit_seals')) THEN RETURN; END IF;
    SELECT s.generation, s.high_xid INTO last FROM audit_seals s ORDER BY s.number DESC LIMIT 1;
    generation := coalesce(last.generation, (SELECT min(g.number) FROM audit_generations g));
    low := coalesce(last.high_xid, 0);
    IF generation < current_generation THEN
        high := (SELECT max(e.xid::text::bigint) + 1 FROM audit_events e
            WHERE e.generation = audit_window.generation AND e.xid >= low::text::xid8);
        IF high IS NULL THEN
            generation := generation + 1;
            low := 0;
        END IF;
    END IF;
    IF generation = current_generation THEN
        high := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    END IF;
    high := coalesce(high, low);
    bound := (SELECT e.xid::text::bigint + 1 FROM audit_events e
        WHERE e.generation = audit_window.generation AND e.xid >= low::text::xid8 AND e.xid < high::text::xid8
        ORDER BY e.xid OFFSET most - 1 LIMIT 1);
    high := least(high, bound);
    at := clock_timestamp();
END $$;
"""

ROWS = """
CREATE FUNCTION audit_rows(wanted integer, low bigint, high bigint, since timestamptz)
RETURNS SETOF audit_lines
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET application_name = 'audit sealer' AS $$
    SELECT * FROM audit_lines
    WHERE generation = wanted AND raw_xid >= low::text::xid8 AND raw_xid < high::text::xid8
        AND (since IS NULL OR at >= to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    ORDER BY raw_practice_id NULLS FIRST, raw_xid, id
$$;
CREATE FUNCTION audit_count() RETURNS TABLE (generation integer, low bigint, count bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET application_name = 'audit sealer' AS $$
    SELECT e.generation::int, min(e.xid::text::bigint), count(*) FROM audit_events e GROUP BY e.generation
$$;
CREATE FUNCTION audit_unsealed(of_generation integer, since bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET application_name = 'audit sealer' AS $$
    SELECT count(*) FROM audit_events e WHERE e.generation = of_generation AND e.xid >= since::text::xid8
$$;
CREATE FUNCTION audit_roots(seal_number bigint) RETURNS SETOF audit_seal_roots
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET application_name = 'audit sealer' AS $$
    SELECT * FROM audit_seal_roots r WHERE r.seal = seal_number ORDER BY r.position
$$;
CREATE FUNCTION audit_last_seals(practices uuid[]) RETURNS TABLE (practice_id uuid, seal bigint, total bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET application_name = 'audit sealer' AS $$
    SELECT known.id, last.seal, last.total FROM unnest(practices) known(id) CROSS JOIN LATERAL (
        SELECT r.seal, r.total FROM audit_seal_roots r WHERE r.practice_id = known.id
        ORDER BY r.seal DESC LIMIT 1) last
    UNION ALL (SELECT NULL, r.seal, r.total FROM audit_seal_roots r WHERE r.practice_id IS NULL
        ORDER BY r.seal DESC LIMIT 1)
$$;
"""

# Appends one seal with its roots: only as the next of the chain.
APPEND = """
CREATE FUNCTION append_audit_seal(sealed jsonb, roots jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET application_name = 'audit sealer' AS $$
DECLARE
    last record;
    fresh audit_seals := jsonb_populate_record(NULL::audit_seals, sealed);
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('audit_seals'));
    SELECT s.number, s.hash INTO last FROM audit_seals s ORDER BY s.number DESC LIMIT 1;
    IF fresh.previous IS DISTINCT FROM last.hash OR fresh.number <= coalesce(last.number, 0) THEN
        RAISE EXCEPTION 'not the next seal of the chain' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    INSERT INTO audit_seals SELECT fresh.*;
    INSERT INTO audit_seal_roots
    SELECT root.* FROM jsonb_populate_recordset(NULL::audit_seal_roots, roots) root;
END $$;
"""

# What health and console may know: the head of the chain and how old the oldest event is that no seal covers yet.
STATE = """
CREATE FUNCTION audit_state(OUT number bigint, OUT hash text, OUT sealed_at timestamptz, OUT unsealed_at timestamptz,
    OUT now timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET application_name = 'audit sealer' AS $$
DECLARE
    last record;
BEGIN
    SELECT s.* INTO last FROM audit_seals s ORDER BY s.number DESC LIMIT 1;
    number := last.number;
    hash := last.hash;
    sealed_at := last.sealed_at;
    unsealed_at := (SELECT e.at FROM audit_events e
        WHERE e.xid >= coalesce(last.high_xid, 0)::text::xid8
            AND e.generation >= coalesce(last.generation, 0) ORDER BY e.xid LIMIT 1);
    now := clock_timestamp();
END $$;
"""

# A logical restore into a new cluster starts transaction ids anew: from here on events carry the next number.
GENERATIONS = """
CREATE FUNCTION start_audit_generation(why text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    fresh integer := (SELECT max(number) + 1 FROM audit_generations);
BEGIN
    EXECUTE format('ALTER TABLE audit_events ALTER COLUMN generation SET DEFAULT %s', fresh);
    INSERT INTO audit_generations (number, reason) VALUES (fresh, why);
    RETURN fresh;
END $$;
"""

# Six years are the law's; the setting may ask for more, never for less. Only whole months, only sealed ones.
PURGE = """
CREATE FUNCTION audit_months_before(cutoff date) RETURNS TABLE (month date, partition text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT found.month, found.partition FROM (
        SELECT to_date(right(c.relname, 6), 'YYYYMM') AS month, c.relname::text AS partition
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'audit_events'::regclass AND c.relname ~ '^audit_events_[0-9]{6}$') found
    WHERE found.month + interval '1 month' <= cutoff ORDER BY 1
$$;
CREATE FUNCTION drop_audit_months(cutoff date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET application_name = 'audit sealer' AS $$
DECLARE
    old record;
    dropped integer := 0;
BEGIN
    IF cutoff > (now() - interval '6 years')::date THEN
        RAISE EXCEPTION 'audit events are kept for at least six years' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF cutoff <> date_trunc('month', cutoff)::date THEN
        RAISE EXCEPTION 'only whole months go' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT EXISTS (SELECT FROM audit_seals s WHERE s.kind = 'tombstone' AND s.details ->> 'before' = cutoff::text
        AND s.number = (SELECT max(l.number) FROM audit_seals l)) THEN
        RAISE EXCEPTION 'a tombstone seal comes first' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF EXISTS (SELECT FROM audit_events e WHERE e.at < cutoff AND e.xid >= (
        SELECT s.high_xid::text::xid8 FROM audit_seals s ORDER BY s.number DESC LIMIT 1)) THEN
        RAISE EXCEPTION 'not all of these events are sealed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF EXISTS (SELECT FROM audit_events e WHERE e.at < cutoff
        AND e.tableoid = 'audit_events_default'::regclass) THEN
        RAISE EXCEPTION 'old events lie outside the monthly partitions'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    FOR old IN SELECT * FROM audit_months_before(cutoff) LOOP
        EXECUTE format('DROP TABLE %I', old.partition);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END $$;
"""

SEALERS_FUNCTIONS = (
    "audit_window(integer)",
    "audit_rows(integer, bigint, bigint, timestamptz)",
    "audit_count()",
    "audit_unsealed(integer, bigint)",
    "audit_roots(bigint)",
    "audit_last_seals(uuid[])",
    "append_audit_seal(jsonb, jsonb)",
    "start_audit_generation(text)",
    "audit_months_before(date)",
    "drop_audit_months(date)",
)


def upgrade() -> None:
    """Build."""
    op.add_column("audit_events", sa.Column("break_glass_id", sa.Uuid(), nullable=True))
    op.add_column("audit_events", sa.Column("generation", sa.SmallInteger(), server_default="1", nullable=False))
    op.create_index("ix_audit_events_xid", "audit_events", ["xid"])
    _create_tables()
    op.execute("INSERT INTO audit_generations (number, reason) VALUES (1, 'the first')")
    op.execute(POLICIES)
    for table in ("audit_seals", "audit_seal_roots", "audit_generations"):
        op.execute(APPEND_ONLY.format(table=table))
    for statement in (LINES, WINDOW, ROWS, APPEND, STATE, GENERATIONS, PURGE):
        op.execute(statement)
    _grant()


def downgrade() -> None:
    """A trail once sealed stays sealed."""
    raise NotImplementedError("Drop the database instead: the audit trail is never taken back.")


def _create_tables() -> None:
    op.create_table(
        "audit_generations",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_generations")),
    )
    op.create_table(
        "audit_seals",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("generation", sa.SmallInteger(), nullable=False),
        sa.Column("low_xid", sa.BigInteger(), nullable=False),
        sa.Column("high_xid", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("practices", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=True),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('seal', 'tombstone', 'generation')", name=op.f("ck_audit_seals_kind")),
        sa.CheckConstraint("low_xid <= high_xid", name=op.f("ck_audit_seals_window")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_seals")),
    )
    op.create_table(
        "audit_seal_roots",
        sa.Column("seal", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("previous", sa.BigInteger(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("path", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["seal"], ["audit_seals.number"], name=op.f("fk_audit_seal_roots_seal")),
        sa.PrimaryKeyConstraint("seal", "position", name=op.f("pk_audit_seal_roots")),
    )
    op.create_index("ix_audit_seal_roots_practice", "audit_seal_roots", ["practice_id", "seal"])


def _grant() -> None:
    """Everybody may read the chain; only the sealer's role may make it longer."""
    grant("SELECT", ["audit_seals", "audit_seal_roots", "audit_generations", "audit_lines"])
    for function in SEALERS_FUNCTIONS:
        op.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
    op.execute("REVOKE EXECUTE ON FUNCTION audit_state() FROM PUBLIC")
    grant("EXECUTE", ["audit_state()"], "FUNCTION")
    role = sealer_role()
    if role is None:
        return
    if role != app_role():
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        op.execute(f"GRANT SELECT ON audit_seals, audit_generations TO {role}")
        op.execute(f"GRANT EXECUTE ON FUNCTION audit_state() TO {role}")
    op.execute(f"GRANT EXECUTE ON FUNCTION {', '.join(SEALERS_FUNCTIONS)} TO {role}")
