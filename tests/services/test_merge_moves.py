"""Moving the rows of any table, one that nobody has thought of yet included."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Column, ForeignKeyConstraint, Integer, MetaData, Table, Uuid, text

from app.services.patients.merge_moves import Merging, left_behind, move, pull_back
from app.services.patients.merge_plan import Reference, ties
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
        of = Reference(visits, visits.c.patient_id)
        assert (move(session, merging, of), left_behind(session, merging, of)) == ({"3", "4"}, {"2"})
    assert postgres.query("SELECT version FROM visits_to_come ORDER BY id").split() == ["1", "1", "2", "2"]


ORDERED = MetaData()
ORDERS = Table(
    "orders_to_come", ORDERED,
    Column("id", Integer, primary_key=True), Column("practice_id", Uuid), Column("patient_id", Uuid),
)  # fmt: skip
STAYS = Table(
    "stays_to_come", ORDERED,
    Column("id", Integer, primary_key=True), Column("practice_id", Uuid), Column("patient_id", Uuid),
    Column("order_id", Integer), Column("day", Integer),
    ForeignKeyConstraint(["practice_id", "patient_id", "order_id"],
        ["orders_to_come.practice_id", "orders_to_come.patient_id", "orders_to_come.id"], name="fk_stays_to_come"),
)  # fmt: skip


@pytest.fixture
def orders(app: Flask, postgres: LocalPostgres) -> Iterator[None]:
    """Two tables, of which the second names the patient in its reference to the first."""
    postgres.query(
        "CREATE TABLE orders_to_come (id int PRIMARY KEY, practice_id uuid, patient_id uuid,"
        " UNIQUE (practice_id, patient_id, id));"
        "CREATE TABLE stays_to_come (id int PRIMARY KEY, practice_id uuid, patient_id uuid, order_id int, day int,"
        " UNIQUE (patient_id, day), CONSTRAINT fk_stays_to_come FOREIGN KEY (practice_id, patient_id, order_id)"
        " REFERENCES orders_to_come (practice_id, patient_id, id) DEFERRABLE);"
        "GRANT SELECT, UPDATE ON orders_to_come, stays_to_come TO vantrexia_app"
    )
    yield
    postgres.query("DROP TABLE stays_to_come, orders_to_come")


def test_what_is_tied_to_a_row_that_stays_stays_with_it(orders: None, postgres: LocalPostgres) -> None:
    """Order 2 has a stay on a day the survivor has one, so it and its other stay do not go; order 3 and its stay do."""
    doctor = a_user().actor
    kept, gone = a_patient(doctor), a_patient(doctor)
    of_kept, of_gone = (f"'{doctor.practice_id}', '{patient.id}'" for patient in (kept, gone))
    postgres.query(
        f"INSERT INTO orders_to_come VALUES (1, {of_kept}), (2, {of_gone}), (3, {of_gone});"
        f"INSERT INTO stays_to_come VALUES (1, {of_kept}, 1, 1), (2, {of_gone}, 2, 1), (3, {of_gone}, 2, 2),"
        f" (4, {of_gone}, 3, 3)"
    )
    merging = Merging(doctor.practice_id, kept.id, gone.id)
    of_orders, of_stays = (Reference(table, table.c.patient_id) for table in (ORDERS, STAYS))
    with in_house(doctor), transaction() as session:
        session.execute(text("SET CONSTRAINTS fk_stays_to_come DEFERRED"))
        for of in (of_orders, of_stays):
            move(session, merging, of)
        pull_back(session, merging, ties(ORDERED))
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        assert left_behind(session, merging, of_orders) == {"2"}
        assert left_behind(session, merging, of_stays) == {"2", "3"}
