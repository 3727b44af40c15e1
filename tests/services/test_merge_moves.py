"""Moving the rows of any table, one that nobody has thought of yet included."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Column, Integer, MetaData, Table, Uuid

from app.services.merge_moves import Merging, move
from app.services.merge_plan import Reference
from app.services.transaction import transaction
from deploy.local_postgres import LocalPostgres
from tests.builders import a_patient, a_user, in_house

TABLE = Table(
    "visits_to_come", MetaData(),
    Column("id", Integer, primary_key=True), Column("practice_id", Uuid), Column("patient_id", Uuid),
    Column("day", Integer), Column("version", Integer),
)  # fmt: skip


@pytest.fixture
def visits(app: Flask, postgres: LocalPostgres) -> Iterator[Table]:
    """A table with one row a patient and day."""
    postgres.query(
        "CREATE TABLE visits_to_come (id int PRIMARY KEY, practice_id uuid, patient_id uuid, day int, version int,"
        " UNIQUE (patient_id, day)); GRANT SELECT, UPDATE ON visits_to_come TO vantrexia_app"
    )
    yield TABLE
    postgres.query("DROP TABLE visits_to_come")


def test_rows_that_the_survivor_has_stay_and_the_others_go(visits: Table, postgres: LocalPostgres) -> None:
    """One clash does not hold the rest back; what is moved has a new version."""
    doctor = a_user().actor
    kept, gone = a_patient(doctor), a_patient(doctor)
    rows = [(1, kept.id, 1), (2, gone.id, 1), (3, gone.id, 2), (4, gone.id, 3)]
    for row_id, patient_id, day in rows:
        values = f"({row_id}, '{doctor.practice_id}', '{patient_id}', {day}, 1)"
        postgres.query(f"INSERT INTO visits_to_come VALUES {values}")
    with in_house(doctor), transaction() as session:
        merging = Merging(doctor.practice_id, kept.id, gone.id)
        assert move(session, merging, Reference(visits, visits.c.patient_id)) == (["3", "4"], ["2"])
    assert postgres.query("SELECT version FROM visits_to_come ORDER BY id").split() == ["1", "1", "2", "2"]
