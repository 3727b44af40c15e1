"""On how many days patients measured lately: one question for all of a batch whose rules expect some."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Date, cast, func, select
from sqlalchemy.orm import Session

from app.domain.triage.adherence import DAYS_LOOKED_AT, has_begun, reading_days
from app.models import Patient
from app.services.triage.history import READINGS
from app.services.triage.rules import Rules

_SPARE = timedelta(days=2)  # seven local days lie within nine, wherever one lives


def find_reading_days(
    session: Session, practice_id: UUID, rules: Mapping[UUID, Rules], at: datetime
) -> dict[UUID, int]:
    """Return, of the patients whose rules expect days with readings and who have begun, how many of seven had one."""
    expecting = [patient_id for patient_id, one in rules.items() if one.book.adherence is not None]
    if not expecting:
        return {}
    found = {}
    for row in session.execute(_asked(practice_id, expecting, at)):
        today = at.astimezone(ZoneInfo(row.timezone)).date()
        if row.first_measured_at is not None and has_begun(_local(row.first_measured_at, row.timezone), today):
            found[row.id] = reading_days(row.days or (), today)
    return found


def _local(moment: datetime, timezone: str) -> date:
    return moment.astimezone(ZoneInfo(timezone)).date()


def _asked(practice_id: UUID, patient_ids: list[UUID], at: datetime) -> Any:
    of = (
        READINGS.c.practice_id == practice_id,
        READINGS.c.patient_id == Patient.id,
        READINGS.c.status == "final",
        READINGS.c.measured_at <= at,
    )
    day = cast(func.timezone(Patient.timezone, READINGS.c.measured_at), Date)
    lately = READINGS.c.measured_at > at - DAYS_LOOKED_AT - _SPARE
    return select(
        Patient.id,
        Patient.timezone,
        select(func.min(READINGS.c.measured_at)).where(*of).scalar_subquery().label("first_measured_at"),
        select(func.array_agg(day.distinct())).where(*of, lately).scalar_subquery().label("days"),
    ).where(Patient.practice_id == practice_id, Patient.id.in_(patient_ids))
