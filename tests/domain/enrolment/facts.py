"""Facts for the tests of coverage: days are counted from 1 March 2026, ids made up."""

from datetime import date, timedelta
from uuid import UUID, uuid4

from app.domain.enrolment.coverage import Consent, Enrolment, EnrolmentFacts, Order
from app.domain.enrolment.programs import Program

RPM = Program.RPM
EPISODE = UUID(int=7)


def day(number: int) -> date:
    """Return the n-th day of March 2026; 0 is the last of February."""
    return date(2026, 2, 28) + timedelta(days=number)


def consent(obtained: int, revoked: int | None = None, program: Program = RPM, *, notices: bool = True) -> Consent:
    """Consent given on a day, and perhaps revoked on another."""
    return Consent(uuid4(), program, day(obtained), None if revoked is None else day(revoked), notices)


def order(start: int, end: int | None = None, stopped: int | None = None, codes: str = "I10") -> Order:
    """Order RPM for a time."""
    ends, stops = (None if number is None else day(number) for number in (end, stopped))
    return Order(uuid4(), RPM, day(start), ends, stops, frozenset(codes.split()))


def enrolment(
    start: int, end: int | None = None, program: Program = RPM, codes: str = "", visit: int | None = 0
) -> Enrolment:
    """Enrol for a time, seen on the day before March by default."""
    ends, seen = (None if number is None else day(number) for number in (end, visit))
    return Enrolment(uuid4(), program, EPISODE, day(start), ends, frozenset(codes.split()), seen)


def facts(*rows: Consent | Order | Enrolment) -> EnrolmentFacts:
    """Put facts of all kinds together."""
    return EnrolmentFacts(
        tuple(row for row in rows if isinstance(row, Consent)),
        tuple(row for row in rows if isinstance(row, Order)),
        tuple(row for row in rows if isinstance(row, Enrolment)),
    )
