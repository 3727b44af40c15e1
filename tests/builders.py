"""What tests are made of: practices, people, readings. Every call makes new ones, so tests never share."""

import itertools
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient

from app.audit import context
from app.domain.actor import Actor
from app.domain.devices.inventory import NewAssignment, NewDevice
from app.domain.patients import NewPatient
from app.domain.roles import Role
from app.domain.users import NewUser
from app.domain.vitals.reading import blood_pressure
from app.models import Device, Patient, TriageSummary
from app.services.accounts.users import create_user
from app.services.devices.custody import assign_device
from app.services.devices.inventory import register_device
from app.services.patients.records import create_patient
from app.services.practices import create_practice
from app.services.readings.intake import RecordedReading, record_reading
from app.services.transaction import transaction

PASSWORD = "correct horse battery"
_numbers = itertools.count(1)
# Small: thousands of readings of one run must all lie in the past.
_APART = timedelta(milliseconds=50)
_house: dict[str, Flask] = {}
Builder = TypeVar("Builder", bound=Callable[..., Any])


def build_in(app: Flask) -> None:
    """Say which application the builders build in."""
    _house["app"] = app


@contextmanager
def in_house(actor: Actor | None = None) -> Iterator[None]:
    """Be inside the application, as a job would be, acting for somebody."""
    with _house["app"].app_context():
        context.start(context.AuditContext())
        if actor:
            acting_as(actor)
        yield


def inside(builder: Builder) -> Builder:
    """Run a builder in an application context of its own, so that nothing is shared with requests."""

    @wraps(builder)
    def run(*args: Any, **kwargs: Any) -> Any:
        with in_house():
            return builder(*args, **kwargs)

    return run  # type: ignore[return-value]


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in, and what they sign in with."""

    actor: Actor
    email: str
    password: str = PASSWORD


@inside
def a_practice(name: str = "Test Practice", require_2fa_for: Collection[Role] = ()) -> UUID:
    """Found a practice that asks a second factor of nobody, unless told otherwise."""
    return create_practice(name, require_2fa_for=require_2fa_for)


@inside
def a_user(practice_id: UUID | None = None, role: Role = Role.PROVIDER, patient_id: UUID | None = None) -> Person:
    """Create a user, of a new practice when none is given."""
    practice_id = practice_id or a_practice()
    email = f"person{next(_numbers)}@test.example"
    user = create_user(practice_id, NewUser(email, "Pat", "Tester", role, PASSWORD, patient_id))
    return Person(Actor(user.id, practice_id, role, None, patient_id, email), email)


def acting_as(actor: Actor) -> None:
    """Act for this person from here on, as a request of theirs would."""
    context.bind(practice_id=actor.practice_id, user_id=actor.user_id)


@inside
def a_patient(actor: Actor, **fields: Any) -> Patient:
    """Create a patient of the actor's practice."""
    acting_as(actor)
    basics = {
        "first_name": "Ann",
        "last_name": "Example",
        "date_of_birth": date(1960, 5, 4),
        "gender": "female",
        "allow_duplicate": True,
    }
    return create_patient(actor, NewPatient(**{**basics, **fields}))


@inside
def a_reading(actor: Actor, patient_id: UUID, systolic: int = 120, **fields: Any) -> RecordedReading:
    """Take in a blood pressure; each is measured after the one before."""
    acting_as(actor)
    moment = datetime.now(UTC) - timedelta(hours=2) + next(_numbers) * _APART
    values = {
        "measured_at": moment,
        "systolic": Decimal(systolic),
        "diastolic": Decimal(75),
        "pulse": Decimal(70),
    }
    return record_reading(actor, patient_id, blood_pressure(**{**values, **fields}))


def become_silent(actor: Actor, patient_id: UUID, days: int = 31) -> None:
    """Have the summary say that the last pressure, and the last look at it, were so many days ago."""
    long_ago = datetime.now(UTC) - timedelta(days=days)
    with in_house(actor), transaction() as session:
        line = session.get_one(TriageSummary, patient_id)
        latest = {**line.latest_vitals["blood_pressure"], "measured_at": long_ago.isoformat()}
        line.latest_vitals, line.last_reading_at = {"blood_pressure": latest}, long_ago
        line.rule_state, line.refreshed_at = {**line.rule_state, "seen_at": long_ago.isoformat()}, long_ago


@inside
def a_device(actor: Actor, patient_id: UUID | None = None, since: datetime | None = None, **fields: Any) -> Device:
    """Register a cuff, and assign it when a patient is named."""
    acting_as(actor)
    values = {"model_id": "and-ua-651ble", "serial": f"SN-{next(_numbers):06d}"}
    device = register_device(actor, NewDevice(**{**values, **fields})).device
    if patient_id:
        assign_device(actor, device.id, NewAssignment(patient_id, since))
    return device


def signed_in(client: FlaskClient, person: Person) -> dict[str, str]:
    """Sign in over HTTP and return the header that says so."""
    body = {"email": person.email, "password": person.password}
    answer = client.post("/api/v1/auth/login/", json=body)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json['access']}"}


def a_body(patient_id: object, /, **fields: Any) -> dict[str, Any]:
    """Return the body of a blood pressure that alerts nobody, an hour ago and after all those returned before."""
    moment = datetime.now(UTC) - timedelta(hours=1) + next(_numbers) * _APART
    basics = {"patient_id": str(patient_id), "systolic": 122, "diastolic": 78, "pulse": 70}
    return {**basics, "measured_at": moment.isoformat(), **fields}
