"""A migration that has to count or fill in something finds rows of the version before, and is right at once."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from app import create_app, jobs
from app.audit import context
from app.domain.triage.score import RiskLevel
from app.models.base import new_id
from app.services.transaction import transaction
from app.services.triage import counts
from config import Settings
from deploy.local_postgres import LocalPostgres

_numbers = itertools.count(1)
NOW = datetime.now(UTC)
A_DAY, AN_HOUR = timedelta(days=1), timedelta(hours=1)
SCORES = {"critical": 90, "warning": 60, "normal": 20, "no_data": 0}


class OldHouse:
    """A database of its own at an older revision, and the superuser's hand in it: foreign keys do not bind it."""

    def __init__(self, postgres: LocalPostgres, settings: Settings) -> None:
        name = f"older_{next(_numbers)}"
        postgres.ensure_database(name)
        self._dsn = postgres.superuser_dsn(name)
        urls = {"database_url": postgres.app_url(name), "migration_database_url": postgres.owner_url(name)}
        self.app: Flask = create_app(replace(settings, **urls))

    def move_to(self, revision: str) -> None:
        """Migrate up to a revision."""
        with self.app.app_context():
            upgrade(revision=revision)

    def move_back_to(self, revision: str) -> None:
        """Migrate down to a revision."""
        with self.app.app_context():
            downgrade(revision=revision)

    def write(self, statement: str, *rows: dict[str, object]) -> None:
        """Write rows past everything that would ask for their company."""
        with psycopg.connect(self._dsn) as connection, connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.executemany(statement, rows)

    def practice(self) -> UUID:
        """Found a practice."""
        practice_id = new_id()
        self.write("INSERT INTO practices (id, name, timezone) VALUES (%(id)s, 'Old', 'UTC')", {"id": practice_id})
        return practice_id

    def line(self, practice_id: UUID, level: str, waiting: int = 0, *, is_active: bool = True) -> UUID:
        """Put somebody on the board."""
        row = {"practice": practice_id, "patient": new_id(), "level": level, "score": SCORES[level]}
        self.write(
            "INSERT INTO triage_summaries (practice_id, patient_id, is_active, risk_score, risk_level, formula_version,"
            " parts, latest_vitals, unacknowledged_alerts, active_escalations)"
            " VALUES (%(practice)s, %(patient)s, %(active)s, %(score)s, %(level)s, '1', '[]', '{}', %(waiting)s, 0)",
            {**row, "active": is_active, "waiting": waiting},
        )
        return UUID(str(row["patient"]))

    def move(self, practice_id: UUID, patient_id: UUID, came: str | None, went: str | None, at: datetime) -> None:
        """Note a move of theirs."""
        self.write(
            "INSERT INTO triage_transitions (id, practice_id, patient_id, from_level, to_level, at)"
            " VALUES (%(id)s, %(practice)s, %(patient)s, %(came)s, %(went)s, %(at)s)",
            {"id": new_id(), "practice": practice_id, "patient": patient_id, "came": came, "went": went, "at": at},
        )

    def standing(self, practice_id: UUID, then: datetime) -> tuple[counts.Counts, counts.Standing]:
        """Return what the application of today says of the levels then, and of now."""
        with self.app.app_context():
            context.start(context.AuditContext())
            context.bind(practice_id=practice_id)
            with transaction() as session:
                before, _ = counts.counts_then_and_now(session, practice_id, then)
                return before, counts.current_standing(session, practice_id)

    def add_up(self, practice_id: UUID) -> None:
        """Let the job count the moves."""
        with self.app.app_context():
            context.start(context.AuditContext())
            context.bind(practice_id=practice_id)
            counts.count_moves_of(practice_id)


@pytest.fixture
def old(postgres: LocalPostgres, settings: Settings, app: Flask) -> Iterator[OldHouse]:
    """A database before its first migration; afterwards jobs are again those of the suite's own application."""
    yield OldHouse(postgres, settings)
    jobs.init_app(app, settings.database_url)


def _at(**levels: int) -> counts.Counts:
    return {level: levels.get(level.value, 0) for level in RiskLevel}


def test_counts_begin_with_the_board_as_it_stands_and_know_the_day_before(old: OldHouse) -> None:
    """Migration 23: three practices, one with moves of the last day, one without any, one without a patient."""
    old.move_to("0022_scores_by_statement")
    moved, still, empty = old.practice(), old.practice(), old.practice()
    for came, went in (("normal", "critical"), ("normal", "warning"), ("no_data", "warning")):
        patient = old.line(moved, went)
        old.move(moved, patient, None, "no_data", NOW - 9 * A_DAY)
        old.move(moved, patient, "no_data", came, NOW - 8 * A_DAY)
        old.move(moved, patient, came, went, NOW - 2 * AN_HOUR)
    gone = old.line(moved, "critical", is_active=False)
    old.move(moved, gone, "critical", None, NOW - 3 * AN_HOUR)
    for level in ("normal", "normal", "no_data"):
        old.line(still, level)
    old.move_to("head")
    for _ in range(2):  # whether the job has run or not
        before, current = old.standing(moved, NOW - A_DAY)
        assert (before, current.all) == (_at(critical=1, normal=2, no_data=1), _at(critical=1, warning=2))
        before, current = old.standing(still, NOW - A_DAY)
        assert (before, current.all) == (_at(normal=2, no_data=1),) * 2
        assert old.standing(empty, NOW - A_DAY)[1].all == _at()
        for practice_id in (moved, still, empty):
            old.add_up(practice_id)


def test_whose_alerts_wait_is_counted_from_the_first_moment(old: OldHouse) -> None:
    """Migration 25: with totals, with moves that nobody has counted yet, and with neither."""
    old.move_to("0024_fee_sources")
    counted, uncounted = old.practice(), old.practice()
    for level, waiting in (("critical", 2), ("critical", 0), ("warning", 1), ("no_data", 0)):
        old.line(counted, level, waiting)
        patient = old.line(uncounted, level, waiting)
        old.move(uncounted, patient, None, level, NOW - AN_HOUR)
    old.line(counted, "critical", 3, is_active=False)
    old.write(
        "INSERT INTO triage_counts (practice_id, at, critical, warning, normal, no_data)"
        " VALUES (%(practice)s, %(at)s, %(critical)s, 1, 0, 1)",
        {"practice": counted, "at": NOW - 2 * A_DAY, "critical": 1}, {"practice": counted, "at": NOW, "critical": 2},
    )  # fmt: skip
    old.move_to("head")
    levels, waiting = _at(critical=2, warning=1, no_data=1), _at(critical=1, warning=1)
    assert old.standing(counted, NOW - A_DAY) == (
        _at(critical=1, warning=1, no_data=1),
        counts.Standing(levels, waiting),
    )
    for _ in range(2):
        assert old.standing(uncounted, NOW)[1] == counts.Standing(levels, waiting)
        old.add_up(uncounted)
    old.move_back_to("0024_fee_sources")
    old.move_to("head")
    for practice_id in (counted, uncounted):
        assert old.standing(practice_id, NOW)[1] == counts.Standing(levels, waiting)
    with pytest.raises(psycopg.errors.CheckViolation):
        old.write("UPDATE triage_summaries SET unacknowledged_alerts = 0 WHERE practice_id = %(of)s", {"of": counted})


def test_shipped_fees_are_told_their_source_and_entered_ones_are_not(old: OldHouse) -> None:
    """Migration 24: by schedule and code, in every practice."""
    old.move_to("0023_triage_counts")
    first, second = old.practice(), old.practice()
    for practice_id, key in ((first, "cms-2025"), (second, "cms-2026-apm"), (second, None)):
        schedule = {"id": new_id(), "practice": practice_id, "key": key}
        old.write(
            "INSERT INTO billing_fee_schedules (id, practice_id, key, name, effective_from, conversion_factor,"
            " gpci_work, gpci_practice, gpci_malpractice, in_use, version)"
            " VALUES (%(id)s, %(practice)s, %(key)s, 'A list', '2025-01-01', 32, 1, 1, 1, true, 1)",
            schedule,
        )
        old.write(
            "INSERT INTO billing_fees (practice_id, schedule_id, code, amount, confidence)"
            " VALUES (%(practice)s, %(id)s, %(code)s, 40, %(confidence)s)",
            {**schedule, "code": "99454", "confidence": "published"},
            {**schedule, "code": "99457", "confidence": "entered"},
        )
    old.move_to("0024_fee_sources")
    assert _sources(old, first) == {
        ("cms-2025", "99454"): "the 2025 rates in use before, an exact RVU times the factor of 2025",
        ("cms-2025", "99457"): None,
    }
    found = _sources(old, second)
    assert found.pop(("cms-2026-apm", "99454"), "").startswith("prescribefit.com, avantirmg.com")
    assert set(found.values()) == {None}


def _sources(old: OldHouse, practice_id: UUID) -> dict[tuple[str | None, str], str | None]:
    asked = text(
        "SELECT s.key, f.code, f.source FROM billing_fees f JOIN billing_fee_schedules s ON s.id = f.schedule_id"
    )
    with old.app.app_context():
        context.start(context.AuditContext())
        context.bind(practice_id=practice_id)
        with transaction() as session:
            return {(row.key, row.code): row.source for row in session.execute(asked)}
