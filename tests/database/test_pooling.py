"""Where a pooler lends connections for one transaction, nothing is left on them, and all limits hold."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from app import create_app
from app.extensions import db
from config import SettingError, Settings
from tests.builders import a_patient, a_reading, a_user, build_in, in_house


@pytest.fixture
def pooled(app: Flask, settings: Settings) -> Iterator[Flask]:
    """The application as it is behind a pooler; its connections are its own here, so that one can look at them."""
    values = {name: getattr(settings, name) for name in settings.__slots__}
    pooled = create_app(Settings(**{**values, "is_pooled": True}))
    build_in(pooled)
    yield pooled
    build_in(app)
    create_app(settings)


def test_each_transaction_begins_with_the_limits(pooled: Flask) -> None:
    """As long as it lasts, and the zone with them."""
    limits = text(
        "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), current_setting('TimeZone')"
    )
    with in_house(a_user().actor):
        assert tuple(db.session.execute(limits).one()) == ("10s", "2s", "UTC")


def test_nothing_is_prepared_on_a_lent_connection(pooled: Flask) -> None:
    """A reading and its alert go in, and the connection knows no statement afterwards."""
    doctor = a_user()
    a_reading(doctor.actor, a_patient(doctor.actor).id, 190)
    with in_house(doctor.actor):
        assert db.session.scalar(text("SELECT count(*) FROM pg_prepared_statements")) == 0


def test_an_unknown_pooler_stops_the_start(settings: Settings) -> None:
    """Session mode needs no setting."""
    with pytest.raises(SettingError, match="DATABASE_POOLER must be none or transaction"):
        Settings.from_environment({"APP_ENV": "development", "VAR_DIR": str(settings.var_dir), "DATABASE_POOLER": "x"})
