"""What is asked of forecasts, the worklist and the reports."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from app.domain.billing.entries import EntryStatus
from app.domain.billing.local_months import Month
from app.domain.billing.simulate import Scenario
from app.domain.enrolment.programs import Program
from app.domain.paging import PageRequest

OutlookOrdering = Literal["-at_stake", "at_stake", "act_by"]
OUTLOOK_ORDERINGS: tuple[OutlookOrdering, ...] = ("-at_stake", "at_stake", "act_by")


@dataclass(frozen=True, slots=True)
class OutlookQuery:
    """Which windows are wanted, as of which moment; now when none is given. Without a program those of all."""

    paging: PageRequest
    as_of: datetime | None = None
    patient_id: UUID | None = None
    clock: str | None = None
    ordering: OutlookOrdering = "-at_stake"
    program: Program | None = None

    @property
    def programs(self) -> tuple[Program, ...]:
        """The programs that are looked at."""
        return (self.program,) if self.program else tuple(Program)


class RevenueGroup(StrEnum):
    """By what revenue is summed."""

    MONTH = "month"
    CODE = "code"
    PAYER = "payer"
    PROVIDER = "provider"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class RevenueQuery:
    """Which lines are summed, and by what; dates are inclusive service dates. Void lines are asked for by status."""

    group_by: tuple[RevenueGroup, ...] = (RevenueGroup.MONTH, RevenueGroup.CODE)
    date_from: date | None = None
    date_to: date | None = None
    status: EntryStatus | None = None


@dataclass(frozen=True, slots=True)
class MonthReportQuery:
    """Which local month, the present one when none is given, and which page of it. Without a program all of them."""

    paging: PageRequest
    month: Month | None = None
    program: Program | None = None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What the simulator is asked: a month, the present one when none is given, and what is different in it."""

    scenario: Scenario
    month: Month | None = None
    as_of: datetime | None = None
    fee_schedule_id: UUID | None = None
