"""Is the service fit to work: each part with its state and how long it took to answer."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.domain.fhir.observation import BloodPressureFacts, blood_pressure_observation
from app.extensions import db
from app.services.audit.sealing import LATE_AFTER_SECONDS
from app.services.keys.integrity import damaged_places

State = Literal["healthy", "degraded", "down"]
_MIN_FREE_SHARE = 0.05
LATE_MESSAGE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Part:
    """One checked part."""

    name: str
    state: State
    latency_ms: float
    is_required: bool = True
    count: int | None = None
    oldest_seconds: float | None = None


def check_database(expected_revision: str) -> list[Part]:
    """Ask the database whether it answers within half a second and has the schema this code was written for."""
    return [
        _timed("database", lambda: _query("SELECT 1") == 1),
        _timed("migrations", lambda: _query("SELECT version_num FROM alembic_version") == expected_revision),
    ]


def check_jobs() -> Part:
    """Ask the queue whether jobs wait that should have been done ten minutes ago."""
    late = (
        "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"
        " AND coalesce(scheduled_at, now()) < now() - interval '10 minutes'"
    )
    return _timed("jobs", lambda: _query(late) == 0, required=False)


def check_inbox() -> Part:
    """Ask how many vendors' messages wait to be applied, and for how long the oldest has: a minute is too long."""
    return _counted("inbox", "SELECT waiting, oldest_seconds FROM inbox_backlog()", LATE_MESSAGE_SECONDS)


def check_partitions() -> Part:
    """Ask how many readings lie outside every month: they are kept, but slow, until their month is made."""
    return _counted("partitions", "SELECT observations_astray(), 0", 0.0, may_have=False)


def check_audit() -> Part:
    """Ask whether audit events wait for their seal longer than two intervals; without a seal all of them wait."""
    late = f"SELECT coalesce(now - unsealed_at > interval '{LATE_AFTER_SECONDS} seconds', false) FROM audit_state()"  # noqa: S608
    return _timed("audit", lambda: _query(late) is False, required=False)


def check_fhir() -> Part:
    """Write a made-up reading as FHIR, as the pages of our data do: wrong code tables would show here."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    facts = BloodPressureFacts(
        id=UUID(int=1), version=1, last_updated=at, patient_id=UUID(int=2), patient_display=None, measured_at=at,
        status="final", systolic=120, systolic_absent_reason=None, diastolic=80, diastolic_absent_reason=None,
        pulse=None, device_display=None,
    )  # fmt: skip
    return _timed("fhir", lambda: blood_pressure_observation(facts)["resourceType"] == "Observation", required=False)


def check_disk(directory: Path) -> Part:
    """Look whether more than a twentieth of the disk is free."""
    usage = shutil.disk_usage(directory)
    return _timed("disk", lambda: usage.free / usage.total > _MIN_FREE_SHARE)


def check_integrity() -> Part:
    """Tell in how many places this process has met a value that was moved or altered; one is one too many."""
    count = damaged_places()
    return Part("integrity", "degraded" if count else "healthy", 0.0, is_required=False, count=count)


def overall(parts: list[Part]) -> State:
    """Return down when a required part is down, degraded when another one is not healthy."""
    if any(part.state == "down" and part.is_required for part in parts):
        return "down"
    return "degraded" if any(part.state != "healthy" for part in parts) else "healthy"


def _timed(name: str, probe: Callable[[], bool], *, required: bool = True) -> Part:
    started = time.perf_counter()
    try:
        state: State = "healthy" if probe() else "down"
    except SQLAlchemyError:
        state = "down"
    return Part(name, state, round((time.perf_counter() - started) * 1000, 1), required)


def _counted(name: str, sql: str, oldest_seconds: float, *, may_have: bool = True) -> Part:
    """Ask for a count and the age of the oldest; degraded when it is too old, or when there must be none."""
    started = time.perf_counter()
    try:
        count, age = _row(sql)[:2]
        state: State = "healthy" if age <= oldest_seconds and (may_have or not count) else "degraded"
    except SQLAlchemyError:
        count, age, state = None, None, "down"
    latency = round((time.perf_counter() - started) * 1000, 1)
    oldest = round(age, 1) if may_have and age is not None else None
    return Part(name, state, latency, is_required=False, count=count, oldest_seconds=oldest)


def _query(sql: str) -> object:
    return _row(sql)[0]


def _row(sql: str) -> Sequence[Any]:
    with db.engine.connect() as connection:
        connection.execute(text("SET LOCAL statement_timeout = '500ms'"))
        return connection.execute(text(sql)).one()
