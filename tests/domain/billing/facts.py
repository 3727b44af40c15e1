"""Facts for tests of the billing engine: a patient in RPM since 1 September 2026 in New York, on paper in order."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from app.domain.billing.answers import Answer
from app.domain.billing.clocks import Window, period_from
from app.domain.billing.codes import Reason
from app.domain.billing.days import Reading
from app.domain.billing.engine import evaluate, period_id
from app.domain.billing.facts import (
    Book,
    Circumstance,
    CircumstanceKind,
    Horizon,
    PatientFacts,
    Period,
    PriorEntry,
    TimeEntry,
)
from app.domain.billing.fees import FeeBook, national_schedules
from app.domain.billing.policy import Policy, PolicyBook, PolicySettings
from app.domain.billing.rules import rule_book
from app.domain.enrolment.coverage import Consent, Enrolment, EnrolmentFacts, Order
from app.domain.enrolment.programs import Program

SPACE = UUID("0192f000-0000-7000-8000-000000000000")
PATIENT = uuid5(SPACE, "patient")
ZONE = "America/New_York"
START = date(2026, 9, 1)  # of consent, order, enrolment
OCTOBER = Window(date(2026, 10, 1), date(2026, 10, 31))
DECEMBER = datetime(2026, 12, 1, 12, tzinfo=UTC)


def an_id(name: object) -> UUID:
    """Return the id of a thing by its name."""
    return uuid5(SPACE, str(name))


def a_book(**settings: Any) -> Book:
    """Return the rules and fees as shipped, with settings of everybody's policy."""
    policies = (Policy(date(2020, 1, 1), PolicySettings(**settings)),)
    return Book(rule_book(), FeeBook(national_schedules()), PolicyBook(policies))


def paper(program: Program = Program.RPM, start: date = START, **fields: Any) -> EnrolmentFacts:
    """Return consent, order and enrolment of a program from a day on; `diagnoses`, `ends_on`, `order_ends_on` vary."""
    diagnoses = frozenset(fields.get("diagnoses", {"I10", "E11.9"}))
    ends = fields.get("ends_on")
    return EnrolmentFacts(
        (Consent(an_id(f"consent {program}"), program, fields.get("consented_on", start)),),
        (Order(an_id(f"order {program}"), program, start, fields.get("order_ends_on"), None, diagnoses),),
        (
            Enrolment(
                an_id(f"enrolment {program}"), program, an_id(f"episode {program}"), start, ends, diagnoses,
                fields.get("initiating_visit_on", date(2026, 8, 1)),
            ),
        ),
    )  # fmt: skip


def joined(*papers: EnrolmentFacts) -> EnrolmentFacts:
    """Return papers of several programs as one."""
    return EnrolmentFacts(
        tuple(one for paper_ in papers for one in paper_.consents),
        tuple(one for paper_ in papers for one in paper_.orders),
        tuple(one for paper_ in papers for one in paper_.enrolments),
    )


def a_reading(day: date, timezone: str = ZONE, hour: int = 9, **fields: Any) -> Reading:
    """Return a reading that came by itself from a device that the patient holds."""
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(timezone)).astimezone(UTC)
    basics = {"id": an_id(f"reading {day} {hour} {fields}"), "measured_at": moment, "day": day, "device_id": "SN-1"}
    return Reading(**{**basics, "assignment_id": an_id("assignment"), **fields})


def readings(count: int, first: date = date(2026, 10, 1), **fields: Any) -> tuple[Reading, ...]:
    """Return readings of so many days in a row."""
    return tuple(a_reading(first + timedelta(days=number), **fields) for number in range(count))


def minutes(length: float, day: date = date(2026, 10, 5), hour: int = 10, **fields: Any) -> TimeEntry:
    """Return a call of so many minutes (seconds as fractions) that begins at a local hour."""
    start = datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(fields.pop("timezone", ZONE)))
    basics = {
        "id": an_id(f"time {day} {hour} {length} {sorted(fields.items(), key=str)}"), "program": Program.RPM,
        "started_at": start, "ended_at": start + timedelta(minutes=length), "mode": "phone", "is_interactive": True,
        "user_id": 1,
    }  # fmt: skip
    return TimeEntry(**{**basics, **fields})


def seconds(count: int, **fields: Any) -> TimeEntry:
    """Return a call of so many seconds."""
    return minutes(count / 60, **fields)


def a_circumstance(kind: CircumstanceKind, starts_on: date, ends_on: date | None = None, **fields: Any) -> Circumstance:
    """Note something of the patient."""
    return Circumstance(an_id(f"{kind} {starts_on}"), kind, starts_on, ends_on, **fields)


def a_training(day: date = START) -> Circumstance:
    """Document set-up and training."""
    return a_circumstance(CircumstanceKind.SETUP_TRAINING, day, day)


def a_period(start: date, program: Program = Program.RPM) -> Period:
    """Return a stored period."""
    window = period_from(start)
    return Period(period_id(PATIENT, program, window), program, window)


def a_line(code: str, day: date, **fields: Any) -> PriorEntry:
    """Return a line that was entered by hand."""
    basics = {"id": an_id(f"line {code} {day}"), "status": "pending", "is_auto": False}
    return PriorEntry(code=code, service_date=day, **{**basics, **fields})


def patient(**fields: Any) -> PatientFacts:
    """Return a patient with all papers; readings, time and the rest as given."""
    basics: dict[str, Any] = {"patient_id": PATIENT, "timezone": ZONE, "enrolment": paper(), "practitioner_id": 1}
    return PatientFacts(**{**basics, **fields})


def answers(
    facts: PatientFacts, window: Window = OCTOBER, as_of: datetime = DECEMBER, **settings: Any
) -> dict[str, Answer]:
    """Return the answers by code and window's first day, such as `99457:2026-10`; episodes by code alone.

    Every case is asked twice: what a run asks for, which spares itself the reasons, must be billed to the same lines.
    """
    book, horizon = a_book(**settings), Horizon(window, as_of)
    judged, spared = evaluate(facts, book, horizon), evaluate(facts, book, horizon, lines=frozenset())
    assert spared.billable() == judged.billable()
    assert {one.line_key for one in spared.answers} == {one.line_key for one in judged.answers}
    found = judged.answers
    return {one.line_key if one.clock.value != "episode" else one.code: one for one in found}


def billable(facts: PatientFacts, window: Window = OCTOBER, as_of: datetime = DECEMBER, **settings: Any) -> list[str]:
    """Return the keys of the lines that may be billed."""
    return sorted(key for key, one in answers(facts, window, as_of, **settings).items() if one.is_billable)


def reasons(
    facts: PatientFacts, key: str, window: Window = OCTOBER, as_of: datetime = DECEMBER, **settings: Any
) -> set[Reason]:
    """Return why a line may not be billed."""
    return set(answers(facts, window, as_of, **settings)[key].reasons)


def changed(facts: PatientFacts, **fields: Any) -> PatientFacts:
    """Return the facts with some of them changed."""
    return replace(facts, **fields)


def ids(things: Iterable[Any]) -> tuple[UUID, ...]:
    """Return the ids of things."""
    return tuple(thing.id for thing in things)
