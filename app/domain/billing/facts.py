"""What the engine is told of one patient: plain facts, from whatever table they come.

Local days are the patient's own. Instants are aware. Voided time entries, lines and circumstances are not among the
facts; readings that do not count may be, and say why they do not.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from app.domain.billing.clocks import DAY, PERIOD_DAYS, Clock, Window, month_of
from app.domain.billing.days import Reading
from app.domain.billing.fees import FeeBook
from app.domain.billing.policy import PolicyBook
from app.domain.billing.rules import RuleBook
from app.domain.enrolment.coverage import EnrolmentFacts
from app.domain.enrolment.programs import Program


@dataclass(frozen=True, slots=True)
class TimeEntry:
    """A stretch of work for a patient: start inclusive, end exclusive. Each minute is of one program."""

    id: UUID
    program: Program
    started_at: datetime
    ended_at: datetime
    mode: str = "none"  # phone, video, in_person, message, none
    is_interactive: bool = False
    credential: str = "clinical"  # physician, qhp, clinical, non_clinical
    user_id: int | None = None
    activity: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """A 30-day period of a program; its id follows from patient, program and start, so that runs agree on it."""

    id: UUID
    program: Program
    window: Window


class CircumstanceKind(StrEnum):
    """What billing must know of a patient and no other table tells."""

    SETUP_TRAINING = "setup_training"  # the device was set up and its use taught
    EM_VISIT = "em_visit"  # an evaluation and management visit on that day
    GLOBAL_PERIOD = "global_period"  # days paid by a surgical package
    OTHER_PRACTITIONER = "other_practitioner"  # somebody elsewhere bills the patient's remote monitoring
    COMPLEX_CARE = "complex_care"  # complex decision making is documented
    QMB = "qmb"  # Qualified Medicare Beneficiary
    THERAPY_RESPIRATORY = "therapy_respiratory"  # therapeutic data was there on those days
    THERAPY_MUSCULOSKELETAL = "therapy_musculoskeletal"
    THERAPY_BEHAVIOURAL = "therapy_behavioural"


@dataclass(frozen=True, slots=True)
class Circumstance:
    """One of them and its days, both ends inclusive; without an end it lasts."""

    id: UUID
    kind: CircumstanceKind
    starts_on: date
    ends_on: date | None = None
    practitioner_id: int | None = None
    program: Program | None = None

    def touches(self, window: Window) -> bool:
        """Say whether it holds on a day of the window."""
        return self.starts_on <= window.ends_on and (self.ends_on is None or window.starts_on <= self.ends_on)


@dataclass(frozen=True, slots=True)
class NewCircumstance:
    """A circumstance as somebody writes it down; one of a single day ends on it by itself."""

    kind: CircumstanceKind
    starts_on: date
    ends_on: date | None = None
    program: Program | None = None
    practitioner_id: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class PriorEntry:
    """A line of the ledger that stands (not void). The engine's own pending lines are `is_auto` and `pending`."""

    id: UUID
    code: str
    service_date: date
    status: str
    is_auto: bool
    line_key: str | None = None
    window: Window | None = None
    episode_id: UUID | None = None
    units: int = 1
    amount: Decimal = Decimal(0)

    @property
    def is_fixed(self) -> bool:
        """Say whether it stays as it is whatever the facts become: entered by hand, or no longer pending."""
        return not self.is_auto or self.status != "pending"

    def time_of(self, clock: Clock) -> Window:
        """Return the time it was billed for; a device line without a period is taken to end on its service date."""
        if self.window is not None:
            return self.window
        if clock is Clock.MONTH:
            return month_of(self.service_date)
        days = PERIOD_DAYS - 1 if clock is Clock.PERIOD else 0
        return Window(self.service_date - DAY * days, self.service_date)


@dataclass(frozen=True, slots=True)
class PayerSpan:
    """Who pays first, on days from the first to the last, both inclusive where there are bounds."""

    payer: str
    starts_on: date | None = None
    ends_on: date | None = None

    def holds_on(self, day: date) -> bool:
        """Say whether the payer covers the day."""
        return (self.starts_on is None or self.starts_on <= day) and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """Everything of one patient; `payers` in the order in which they pay."""

    patient_id: UUID
    timezone: str
    enrolment: EnrolmentFacts = field(default_factory=EnrolmentFacts)
    readings: tuple[Reading, ...] = ()
    time_entries: tuple[TimeEntry, ...] = ()
    periods: tuple[Period, ...] = ()
    prior: tuple[PriorEntry, ...] = ()
    circumstances: tuple[Circumstance, ...] = ()
    payers: tuple[PayerSpan, ...] = ()
    conditions: frozenset[str] = frozenset()
    practitioner_id: int | None = None

    def payer_on(self, day: date) -> str | None:
        """Return who pays first on a day."""
        return next((span.payer for span in self.payers if span.holds_on(day)), None)


@dataclass(frozen=True, slots=True)
class Book:
    """What is in force for a practice: rules, fees and payers' policies, each by service date."""

    rules: RuleBook
    fees: FeeBook
    policies: PolicyBook = field(default_factory=PolicyBook)


@dataclass(frozen=True, slots=True)
class Horizon:
    """Which time is judged: months that touch the window, and periods that end in it or lie open. `as_of` is now."""

    window: Window
    as_of: datetime

    @property
    def facts_from(self) -> date:
        """The first local day of which facts are needed: a period that ends in the window may begin before it."""
        return self.window.starts_on - timedelta(days=PERIOD_DAYS)
