"""Retention: nothing young goes, nothing unsealed goes, and what went is signed for."""

from datetime import date
from uuid import uuid4

import psycopg
import pytest

from app.audit.seal import SealRefused
from app.audit.verify import Broken
from app.services.audit.retention import oldest_kept, purge_events
from app.services.audit.sealing import sealer
from config import SettingError, Settings
from tests.audit.conftest import Trail

TODAY = date(2026, 11, 20)


@pytest.fixture
def old(trail: Trail) -> Trail:
    """A trail that began eight years ago: a month that may go, one that may not, and a seal over both and today."""
    for month in ("2018-03-01", "2018-04-01", "2021-06-01"):
        trail.superuser(f"SELECT ensure_audit_partition('{month}')")
    practice = uuid4()
    trail.write(5, practice, at="2018-03-07T10:00:00Z")
    trail.seal()
    for at in ("2018-04-30T23:00:00Z", "2021-06-02T00:00:00Z", None):
        trail.write(3, practice, at)
    trail.seal()
    return trail


@pytest.mark.parametrize("before", [date(2020, 12, 1), date(2019, 11, 2), date(2026, 1, 1)])
def test_s53_younger_than_the_retention_is_refused(old: Trail, before: date) -> None:
    """Seven years by default; whole months only."""
    with pytest.raises(SealRefused):
        purge_events(before, TODAY)
    assert old.value("SELECT count(*) FROM audit_events") == 14


def test_s53_older_goes_leaves_a_tombstone_and_the_rest_still_verifies(old: Trail) -> None:
    """The seal over old and new events included."""
    purged = purge_events(date(2019, 11, 1), TODAY)
    assert (purged.months, old.value("SELECT count(*) FROM audit_events")) == (2, 6)
    old.write()
    old.seal()
    assert (old.verify().events, old.verify().notes) == (7, [])


def test_s53_what_a_purge_left_is_still_sealed(old: Trail) -> None:
    """An event that shared its seal with purged ones cannot be changed."""
    purge_events(date(2019, 11, 1), TODAY)
    old.superuser("UPDATE audit_events SET user_id = 9 WHERE at >= '2021-06-01' AND at < '2021-07-01' AND user_id = 1")
    with pytest.raises(Broken, match="seal 2"):
        old.verify()


def test_s53_a_second_purge_follows_the_first(old: Trail) -> None:
    """Two years later."""
    purge_events(date(2018, 4, 1), TODAY)
    assert purge_events(date(2019, 11, 1), TODAY).months == 1
    assert old.verify().events == 6


def test_s53_removing_old_months_without_a_tombstone_is_found(old: Trail) -> None:
    """By whoever drops the partition."""
    old.superuser("DROP TABLE audit_events_201803")
    with pytest.raises(Broken, match="seal 1: covers 5 events and 0 are there"):
        old.verify()


def test_s53_a_trail_that_does_not_hold_is_not_purged(old: Trail) -> None:
    """A purge would hide the change."""
    old.superuser("UPDATE audit_events SET user_id = 9 WHERE at < '2018-05-01' AND at > '2018-04-01' AND user_id = 1")
    with pytest.raises(SealRefused, match="does not hold"):
        purge_events(date(2019, 11, 1), TODAY)


@pytest.mark.parametrize("before", ["2024-01-01", "2019-11-02", "2018-04-01"])
def test_s53_the_database_itself_refuses_too(old: Trail, before: str) -> None:
    """Six years, whole months, a tombstone first: whatever the application says."""
    with sealer.connection() as connection, pytest.raises(psycopg.Error, match=r"six years|whole months|tombstone"):
        connection.execute("SELECT drop_audit_months(%s)", [before])


@pytest.mark.parametrize(("years", "kept"), [(7, date(2019, 11, 1)), (6, date(2020, 11, 1)), (1, date(2020, 11, 1))])
def test_the_oldest_month_that_is_kept(years: int, kept: date) -> None:
    """Never fewer than six years."""
    assert oldest_kept(TODAY, years) == kept


def test_a_retention_below_six_years_does_not_start() -> None:
    """The law's minimum."""
    with pytest.raises(SettingError, match="AUDIT_RETENTION_YEARS"):
        Settings.from_environment({"APP_ENV": "development", "AUDIT_RETENTION_YEARS": "5"})
