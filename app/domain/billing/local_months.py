"""Calendar months as billing counts them: from local midnight to local midnight where the patient lives."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Self
from zoneinfo import ZoneInfo

from app.domain.days import local_day

_DECEMBER = 12


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """One calendar month, months count from 1."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the month in which a day lies."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the month that `YYYY-MM` names; raises ValueError for anything else."""
        return cls.of(date.fromisoformat(f"{text}-01"))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def first_day(self) -> date:
        """The month's first day."""
        return date(self.year, self.number, 1)

    @property
    def next(self) -> "Month":
        """The month after this one."""
        return Month(self.year + 1, 1) if self.number == _DECEMBER else Month(self.year, self.number + 1)

    def starts_at(self, timezone: str) -> datetime:
        """Return the month's first moment in an IANA zone, in UTC; the month ends when the next one starts."""
        return datetime.combine(self.first_day, time(), ZoneInfo(timezone)).astimezone(UTC)


def month_of(moment: datetime, timezone: str) -> Month:
    """Return the local month in which an aware moment lies."""
    return Month.of(local_day(moment, timezone))
