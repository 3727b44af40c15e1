"""Shown scores are kept once a statement, not once a row: half of what a batch of readings costs on the board."""

from alembic import op

revision = "0022_scores_by_statement"
down_revision = "0020_practice_decisions"
branch_labels = None
depends_on = None

_BY_STATEMENT = """
DROP TRIGGER score_shown ON triage_summaries;
DROP TRIGGER score_changed ON triage_summaries;
DROP FUNCTION keep_shown_score();

CREATE FUNCTION keep_first_scores() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO triage_scores (id, practice_id, patient_id, at, risk_score, risk_level, formula_version, parts, inputs)
    SELECT gen_random_uuid(), practice_id, patient_id, clock_timestamp(), risk_score, risk_level, formula_version,
           parts, score_inputs
    FROM shown;
    RETURN NULL;
END $$;
CREATE TRIGGER score_shown AFTER INSERT ON triage_summaries
    REFERENCING NEW TABLE AS shown
    FOR EACH STATEMENT EXECUTE FUNCTION keep_first_scores();

CREATE FUNCTION keep_changed_scores() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO triage_scores (id, practice_id, patient_id, at, risk_score, risk_level, formula_version, parts, inputs)
    SELECT gen_random_uuid(), shown.practice_id, shown.patient_id, clock_timestamp(), shown.risk_score,
           shown.risk_level, shown.formula_version, shown.parts, shown.score_inputs
    FROM shown JOIN before ON before.patient_id = shown.patient_id
    WHERE before.risk_score <> shown.risk_score OR before.parts <> shown.parts
       OR before.formula_version <> shown.formula_version;
    RETURN NULL;
END $$;
CREATE TRIGGER score_changed AFTER UPDATE ON triage_summaries
    REFERENCING OLD TABLE AS before NEW TABLE AS shown
    FOR EACH STATEMENT EXECUTE FUNCTION keep_changed_scores();
"""

_BY_ROW = """
DROP TRIGGER score_shown ON triage_summaries;
DROP TRIGGER score_changed ON triage_summaries;
DROP FUNCTION keep_first_scores();
DROP FUNCTION keep_changed_scores();

CREATE FUNCTION keep_shown_score() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO triage_scores (id, practice_id, patient_id, at, risk_score, risk_level, formula_version, parts, inputs)
    VALUES (gen_random_uuid(), NEW.practice_id, NEW.patient_id, clock_timestamp(), NEW.risk_score, NEW.risk_level,
            NEW.formula_version, NEW.parts, NEW.score_inputs);
    RETURN NULL;
END $$;
CREATE TRIGGER score_shown AFTER INSERT ON triage_summaries
    FOR EACH ROW EXECUTE FUNCTION keep_shown_score();
CREATE TRIGGER score_changed AFTER UPDATE ON triage_summaries
    FOR EACH ROW WHEN (OLD.risk_score <> NEW.risk_score OR OLD.parts <> NEW.parts
                       OR OLD.formula_version <> NEW.formula_version)
    EXECUTE FUNCTION keep_shown_score();
"""


def upgrade() -> None:
    """Build."""
    op.execute(_BY_STATEMENT)


def downgrade() -> None:
    """Take it back."""
    op.execute(_BY_ROW)
