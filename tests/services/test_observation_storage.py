"""Readings by month: each in its own partition, found by its id alone, and never altered."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from app.models import Observation
from app.models.observation import measured_around, new_reading_id
from app.services.housekeeping import ensure_observation_partitions
from app.services.transaction import transaction
from deploy.local_postgres import LocalPostgres
from tests.builders import Person, a_patient, a_reading, a_user, in_house


def _partition(postgres: LocalPostgres, reading_id: UUID) -> str:
    return postgres.query(f"SELECT tableoid::regclass FROM observations WHERE id = '{reading_id}'").strip()


@pytest.mark.parametrize("months_ago", [0, 1, 23])
def test_a_reading_lies_in_the_partition_of_its_month(postgres: LocalPostgres, app: Flask, months_ago: int) -> None:
    """By the instant of measurement in UTC."""
    at = datetime.now(UTC) - timedelta(days=30 * months_ago, hours=1)
    doctor = a_user()
    stored = a_reading(doctor.actor, a_patient(doctor.actor).id, measured_at=at).observation
    assert _partition(postgres, stored.id) == f"observations_{at:%Y%m}"


def test_a_reading_of_long_ago_is_kept_too(postgres: LocalPostgres, app: Flask) -> None:
    """In the partition of all other months."""
    doctor = a_user()
    old = datetime(1999, 5, 1, tzinfo=UTC)
    stored = a_reading(doctor.actor, a_patient(doctor.actor).id, measured_at=old).observation
    assert _partition(postgres, stored.id) == "observations_default"


def test_an_id_carries_the_millisecond_of_measurement() -> None:
    """So that one partition is asked, not all."""
    at = datetime(2026, 11, 20, 12, 0, 0, 123_456, tzinfo=UTC)
    since, until = measured_around(new_reading_id(at))
    assert since <= at < until
    assert until - since == timedelta(milliseconds=1)
    assert (new_reading_id(at).version, new_reading_id(datetime(1950, 1, 1, tzinfo=UTC)).version) == (7, 7)


def test_an_id_that_is_not_ours_names_some_moment_too() -> None:
    """Also one beyond the calendar's end."""
    since, until = measured_around(UUID("f0973dec-32c0-2640-91e0-9d5c5f78b7e7"))
    assert since < until


def test_partitions_are_made_a_year_ahead(postgres: LocalPostgres, app: Flask) -> None:
    """Twice does no harm."""
    with app.app_context():
        ensure_observation_partitions()
    ahead = datetime.now(UTC) + timedelta(days=330)
    assert postgres.query(f"SELECT to_regclass('observations_{ahead:%Y%m}')").strip() == f"observations_{ahead:%Y%m}"


@pytest.fixture
def doctor(app: Flask) -> Person:
    """Somebody with readings."""
    return a_user()


@pytest.mark.parametrize("change", [{"systolic": 99}, {"source": "auto"}, {"device_id": "other"}])
def test_what_was_measured_cannot_be_altered(doctor: Person, change: dict[str, object]) -> None:
    """Not even by the application's own role."""
    stored = a_reading(doctor.actor, a_patient(doctor.actor).id).observation
    statement = update(Observation).where(Observation.id == stored.id).values(change)
    with pytest.raises(DBAPIError, match="stays as it was measured"), in_house(doctor.actor), transaction() as session:
        session.execute(statement, execution_options={"recorded": True})


def test_a_partition_shows_nothing_by_itself(doctor: Person) -> None:
    """Practices are told apart by the parent's policy; the way around it is closed."""
    a_reading(doctor.actor, a_patient(doctor.actor).id)
    with pytest.raises(DBAPIError, match="permission denied"), in_house(doctor.actor), transaction() as session:
        session.execute(text(f"SELECT count(*) FROM observations_{datetime.now(UTC):%Y%m}"))
