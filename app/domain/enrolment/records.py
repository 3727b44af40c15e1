"""What comes in: consents, orders and enrolments as they are entered, and the questions about them."""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from app.domain.enrolment.documents import DocumentType
from app.domain.enrolment.programs import ConsentMethod, DischargeOutcome, DischargeReason, Program
from app.domain.paging import PageRequest


@dataclass(frozen=True, slots=True)
class NewConsent:
    """A consent as it was given; `obtained_by` is the account of who asked for it, the caller's when absent."""

    program: Program
    method: ConsentMethod
    obtained_on: date
    cost_share_explained: bool
    one_practitioner_explained: bool
    obtained_by: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class OrderingProvider:
    """Who orders: an account of the practice, or a practitioner elsewhere by name and NPI."""

    user_id: int | None = None
    name: str | None = None
    npi: str | None = None


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as it was given. Start and end are inclusive local dates; no end means until stopped."""

    program: Program
    provider: OrderingProvider
    ordered_on: date
    starts_on: date
    ends_on: date | None = None
    renewal_due_on: date | None = None
    parameters: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderRenewal:
    """What is new in an order that follows another; the rest is taken over from that one."""

    ordered_on: date
    provider: OrderingProvider | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    renewal_due_on: date | None = None
    parameters: tuple[str, ...] | None = None
    diagnoses: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class NewEnrollment:
    """An enrolment as it is entered. It names an order on record, or brings one along, or (CCM) has none."""

    program: Program
    starts_on: date
    ends_on: date | None = None
    order_id: UUID | None = None
    provider: OrderingProvider | None = None
    ordered_on: date | None = None
    parameters: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()
    initiating_visit_on: date | None = None
    starts_new_episode: bool | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """Something ends on a day, for a reason: a consent is revoked, an order stopped. No day means today."""

    reason: str
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Discharge:
    """The end of an enrolment; its day, today when absent, is the last that counts."""

    reason: DischargeReason
    outcome: DischargeOutcome
    discharged_on: date | None = None
    note: str = ""


EnrollmentOrdering = Literal["starts_on", "-starts_on", "renewal_due_on", "-renewal_due_on"]
ENROLLMENT_ORDERINGS: tuple[EnrollmentOrdering, ...] = (
    "starts_on",
    "-starts_on",
    "renewal_due_on",
    "-renewal_due_on",
)


@dataclass(frozen=True, slots=True)
class EnrollmentQuery:
    """Which enrolments of the practice are wanted; `renewal_due_before` is exclusive."""

    paging: PageRequest
    program: Program | None = None
    active: bool | None = None
    renewal_due_before: date | None = None
    missing_consent: bool | None = None
    ordering: EnrollmentOrdering = "-starts_on"


@dataclass(frozen=True, slots=True)
class Upload:
    """A document as it came in: what it is said to be, and its bytes."""

    declared: DocumentType
    content: bytes
