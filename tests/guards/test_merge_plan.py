"""Guards for merging records: no table that names a patient is forgotten, and each can be moved."""

from flask import Flask

from app.models import Base
from app.services.patients.merge_plan import KEPT, parents, patient_columns, references, ties
from deploy.local_postgres import LocalPostgres


def test_every_column_that_could_name_a_patient_is_moved_or_kept_for_a_reason() -> None:
    """By foreign key or by name; a table that was dropped is no longer on the list."""
    planned = {(found.name, found.column.name) for found in patient_columns()}
    named = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name == "patient_id" or column.name.endswith("_patient_id")
    }
    assert named <= planned
    assert KEPT.keys() <= {name for name, _ in planned}


def test_a_reference_that_carries_the_patient_is_deferrable(app: Flask, postgres: LocalPostgres) -> None:
    """A key of (practice, patient, parent) must wait until parent and child have both moved: DEFERRABLE."""
    fixed = [
        tie.name
        for tie in ties()
        if postgres.query(f"SELECT condeferrable FROM pg_constraint WHERE conname = '{tie.name}'").strip() != "t"
    ]
    assert fixed == []


def test_every_moved_table_that_others_hang_on_has_an_id() -> None:
    """By which they are told from those that stay."""
    assert [parent.name for found in references() for parent, _ in parents(found) if "id" not in parent.table.c] == []


def test_the_application_may_move_what_a_merge_moves(app: Flask, postgres: LocalPostgres) -> None:
    """A table that is never changed lets at least this one column be changed."""
    refused = [
        found.name
        for found in references()
        if postgres.query(
            f"SELECT has_column_privilege('vantrexia_app', '{found.name}', '{found.column.name}', 'UPDATE')"
        ).strip()
        != "t"
    ]
    assert refused == []
