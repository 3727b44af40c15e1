"""The demo: two practices of made-up people with a history worth looking at. The same on every machine."""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from app.crypto.blind_index import login_index
from app.domain.actor import Actor
from app.domain.billing.entries import NewBillingEntry
from app.domain.patients import Address, Gender, NewPatient
from app.domain.roles import Role
from app.domain.users import NewUser
from app.domain.vitals.reading import Reading, blood_pressure
from app.models import User
from app.services.accounts.users import create_user
from app.services.billing.entries import create_entry
from app.services.demo.billing import play_billing
from app.services.demo.devices import cuff_serial, equip, fill_shelf
from app.services.demo.enrolment import enrol_demo_patients
from app.services.demo.people import particulars
from app.services.demo.triage import play_triage
from app.services.patients.records import create_patient
from app.services.practices import create_practice
from app.services.readings.intake import record_reading
from app.services.transaction import now, transaction

PASSWORD = "SecureP@ss123"  # noqa: S105 - published: the demo exists on a developer's loopback address only
DEMO_PATIENTS = 87
OTHER_PATIENTS = 3
_HISTORY_DAYS = 45

_FIRST_NAMES: dict[Gender, tuple[str, ...]] = {
    "female": ("Maria", "Linda", "Ruth", "Grace", "Helen", "Rosa", "Alice", "Nora", "Irene", "Ada", "Clara", "Edith"),
    "male": ("James", "Robert", "Carlos", "David", "Henry", "Omar", "Victor", "Paul", "Samuel", "Leo", "Hugo", "Otto"),
}  # fmt: skip
_LAST_NAMES = (
    "Alvarez", "Bennett", "Castillo", "Dawson", "Ellison", "Foster", "Grant", "Hughes", "Ibarra", "Jensen", "Keller",
    "Lopez", "Morgan", "Nguyen", "Osborne", "Porter", "Quinn", "Rivera", "Schmidt", "Tanaka", "Underwood", "Vargas",
    "Walsh", "Young", "Zimmerman",
)  # fmt: skip
_CITIES = (("Springfield", "IL", "62701"), ("Dayton", "OH", "45402"), ("Albany", "NY", "12207"))


@dataclass(frozen=True, slots=True)
class _Course:
    """How a patient's pressure runs: mean systolic, spread, drift over the history, chance of a missed day."""

    systolic: int
    spread: int
    drift: int
    missed: float


_COURSES = (
    _Course(122, 7, 0, 0.1), _Course(128, 8, 2, 0.2), _Course(133, 8, -6, 0.15), _Course(138, 9, 6, 0.2),
    _Course(126, 6, 0, 0.3), _Course(147, 10, 8, 0.1), _Course(118, 6, 0, 0.4), _Course(165, 12, 14, 0.1),
)  # fmt: skip


def seed_demo() -> bool:
    """Create the demo; False when it is there already."""
    if _find_user("clinician@practice.com"):
        return False
    dice = random.Random(1958)  # noqa: S311 - not a secret: the demo is the same everywhere
    staff = _found("Demo Family Practice", "@practice.com", _DEMO_STAFF)
    patients = [_jane(staff), _john(staff)]
    patients += [_somebody(staff, number, dice) for number in range(len(patients), DEMO_PATIENTS)]
    equip(staff["nurse"], patients, {number for number in range(DEMO_PATIENTS) if _is_silent(number)})
    fill_shelf(staff["nurse"], patients[0])
    for number, patient_id in enumerate(patients):
        _measure(staff["nurse"], patient_id, number, dice)
    play_triage(staff, patients)
    _bill(staff["billing"], patients[:6])
    enrol_demo_patients(staff["clinician"], patients)
    play_billing(staff, patients)
    other = _found("Other Family Practice", "@otherpractice.com", _DEMO_STAFF[:1])
    others = [_somebody(other, number, dice) for number in range(OTHER_PATIENTS)]
    equip(other["clinician"], others, set())
    for number, patient_id in enumerate(others):
        _measure(other["clinician"], patient_id, number, dice)
    return True


_DEMO_STAFF = (
    ("clinician", "Sarah", "Johnson", Role.PROVIDER),
    ("admin", "Alex", "Turner", Role.ADMIN),
    ("nurse", "Nina", "Brooks", Role.NURSE),
    ("billing", "Ben", "Carter", Role.BILLING_MANAGER),
    ("monitor", "Mona", "Reed", Role.DATA_MONITOR),
)


def _found(name: str, domain: str, staff: tuple[tuple[str, str, str, Role], ...]) -> dict[str, Actor]:
    practice_id = create_practice(name, require_2fa_for=())  # the published accounts sign in by password alone
    actors = {}
    for mailbox, first, last, role in staff:
        user = create_user(practice_id, NewUser(f"{mailbox}{domain}", first, last, role, PASSWORD))
        actors[mailbox] = Actor(user.id, practice_id, role, None, email=user.email)
    return actors


def _find_user(email: str) -> bool:
    from_index = select(User.id).where(User.email_index == login_index(email))
    with transaction() as session:
        return session.scalar(from_index) is not None


def _jane(staff: dict[str, Actor]) -> UUID:
    address = Address("12 Maple Street", "", "Springfield", "IL", "62701")
    jane = NewPatient(
        "Jane", "Doe", date(1958, 3, 15), "female",
        phone="+12175550101", email="jane.doe@example.com", address=address, **particulars(1, "Doe", staff),
    )  # fmt: skip
    return create_patient(staff["clinician"], jane).id


def _john(staff: dict[str, Actor]) -> UUID:
    john = NewPatient(
        "John", "Smith", date(1951, 11, 2), "male", phone="+12175550102", **particulars(2, "Smith", staff)
    )
    return create_patient(staff["clinician"], john).id


def _somebody(staff: dict[str, Actor], number: int, dice: random.Random) -> UUID:
    gender = dice.choice(tuple(_FIRST_NAMES))
    city, state, zip_code = dice.choice(_CITIES)
    born = date(1935, 1, 1) + timedelta(days=dice.randrange(14_000))
    first_name, last_name = dice.choice(_FIRST_NAMES[gender]), dice.choice(_LAST_NAMES)
    person = NewPatient(
        first_name=first_name,
        last_name=last_name,
        date_of_birth=born,
        gender=gender,
        phone=f"+1217555{dice.randrange(200, 10_000):04d}",
        address=Address(f"{dice.randrange(1, 400)} Oak Avenue", "", city, state, zip_code),
        allow_duplicate=True,  # the dice may give two of them one phone
        **particulars(number, last_name, staff),
    )
    return create_patient(staff["clinician"], person).id


def _is_silent(number: int) -> bool:
    return number % 9 == 4  # noqa: PLR2004


def _measure(actor: Actor, patient_id: UUID, number: int, dice: random.Random) -> None:
    """Give a patient their course of daily readings; every ninth sends nothing at all."""
    if _is_silent(number):
        return
    course = _Course(134, 8, 14, 0.05) if number == 0 else _COURSES[number % len(_COURSES)]
    days = _HISTORY_DAYS if number < 12 else 8  # noqa: PLR2004 - a long history for the first page
    morning = now().replace(minute=0, second=0, microsecond=0)
    for day in range(days, -1, -1):
        if day and dice.random() < course.missed:
            continue
        at = morning - timedelta(days=day, minutes=dice.randrange(1, 55))
        reading = _reading(course, 1 - day / days, at, cuff_serial(number), dice)
        record_reading(actor, patient_id, reading, received_at=at + timedelta(seconds=20))


def _reading(course: _Course, progress: float, at: datetime, device: str, dice: random.Random) -> Reading:
    systolic = round(dice.gauss(course.systolic + course.drift * progress, course.spread / 2))
    diastolic = round(systolic * 0.6 + dice.gauss(2, 3))
    return blood_pressure(
        measured_at=at,
        systolic=Decimal(min(max(systolic, 80), 220)),
        diastolic=Decimal(min(max(diastolic, 45), 130)),
        pulse=Decimal(round(dice.gauss(74, 6))),
        device_id=device,
    )


def _bill(actor: Actor, patients: list[UUID]) -> None:
    """Enter the set-up of the first patients: 99453 at its 2026 national amount of $21.71."""
    for patient_id in patients:
        day = now().date() - timedelta(days=_HISTORY_DAYS)
        create_entry(
            actor,
            NewBillingEntry(patient_id, "99453", day, Decimal("21.71"), payer="Medicare", icd10_codes=("I10",)),
        )
