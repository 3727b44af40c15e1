"""Dropping a practice's old data key: only through a function that refuses while a value still needs the key."""

from alembic import op

from migrations.walls import app_role, grant

revision = "0004_keys"
down_revision = "0003_audit_seals"
branch_labels = None
depends_on = None

# Runs as the owner, because the application's role may not delete keys. Every column of sealed values is named `…_enc`
# (tests/guards/test_sealed_columns.py), and bytes 2 to 5 of an envelope tell the version of its key.
DROP_DATA_KEY = """
CREATE FUNCTION drop_data_key(practice uuid, old integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    place record;
    is_needed boolean;
BEGIN
    IF old >= (SELECT max(version) FROM practice_keys WHERE practice_id = practice AND purpose = 'data') THEN
        RAISE EXCEPTION 'the newest data key stays' USING ERRCODE = 'restrict_violation';
    END IF;
    FOR place IN
        SELECT c.relname, a.attname FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.atttypid = 'bytea'::regtype AND NOT a.attisdropped
        JOIN pg_attribute p ON p.attrelid = c.oid AND p.attname = 'practice_id'
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND a.attname LIKE '%\\_enc'
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE practice_id = $1 AND substr(%I, 2, 4) = $2)',
            place.relname, place.attname) INTO is_needed USING practice, int4send(old);
        IF is_needed THEN
            RAISE EXCEPTION 'data key % is still needed by %.%', old, place.relname, place.attname
                USING ERRCODE = 'restrict_violation';
        END IF;
    END LOOP;
    DELETE FROM practice_keys WHERE practice_id = practice AND purpose = 'data' AND version = old;
END $$;
"""


def upgrade() -> None:
    """Add the function."""
    op.execute(DROP_DATA_KEY)
    op.execute("REVOKE EXECUTE ON FUNCTION drop_data_key(uuid, integer) FROM PUBLIC")
    if app_role():
        grant("EXECUTE", ["drop_data_key(uuid, integer)"], "FUNCTION")


def downgrade() -> None:
    """Remove the function."""
    op.execute("DROP FUNCTION drop_data_key(uuid, integer)")
