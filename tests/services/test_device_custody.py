"""What the database itself refuses, and that the question inside the reading's statement is the domain's rule."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import func, select

from app.domain.devices.inventory import Handback, NewAssignment
from app.domain.errors import DeviceNotHeld, PatientArchived
from app.domain.vitals.reading import blood_pressure
from app.models import AuditEvent, DeviceAssignment, Observation
from app.services.devices.contacts import note_contact
from app.services.devices.custody import assign_device, free_devices, swap_device, unassign_device
from app.services.devices.holders import Holder, holder_of
from app.services.devices.inventory import read_device
from app.services.patients.records import archive_patient
from app.services.readings.intake import record_reading
from app.services.transaction import transaction
from deploy.local_postgres import LocalPostgres
from tests.builders import Person, a_device, a_patient, a_reading, a_user, in_house

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
INSERT = (
    "INSERT INTO device_assignments (id, practice_id, device_id, device_number, patient_id, started_at, ended_at,"
    " version) VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, %s, 1)"
)


@pytest.mark.parametrize(
    ("start", "end", "error"),
    [
        (-9, -1, psycopg.errors.ExclusionViolation), (-3, None, psycopg.errors.ExclusionViolation),
        (-9, -4, psycopg.errors.ExclusionViolation), (-9, -5, None), (-6, -6, psycopg.errors.CheckViolation),
    ],
)  # fmt: skip
def test_the_database_refuses_an_overlap_by_itself(
    postgres: LocalPostgres, start: int, end: int | None, error: type[Exception] | None
) -> None:
    """Written past all services, as the application's role: the device is held from five days ago on."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    device = a_device(doctor.actor, patient.id, NOW - 5 * DAY)
    ended_at = None if end is None else NOW + end * DAY
    row = (doctor.actor.practice_id, device.id, device.number, patient.id, NOW + start * DAY, ended_at)
    with psycopg.connect(postgres.app_url()) as connection:
        connection.execute("SELECT set_config('app.practice_id', %s, true)", [str(doctor.actor.practice_id)])
        if error is None:
            assert connection.execute(INSERT, row).rowcount == 1
            return
        with pytest.raises(error):
            connection.execute(INSERT, row)


def test_an_assignment_cannot_take_another_devices_number(postgres: LocalPostgres) -> None:
    """Which would slip past the constraint."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    device, other = a_device(doctor.actor, patient.id), a_device(doctor.actor)
    with psycopg.connect(postgres.app_url()) as connection:
        connection.execute("SELECT set_config('app.practice_id', %s, true)", [str(doctor.actor.practice_id)])
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.execute(INSERT, (doctor.actor.practice_id, device.id, other.number, patient.id, NOW - DAY, None))


def test_the_history_of_a_device_is_not_rewritten(postgres: LocalPostgres) -> None:
    """The application's role may add to it, no more."""
    with psycopg.connect(postgres.app_url()) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("UPDATE device_events SET kind = 'moved'")


def test_a_swap_in_the_middle_of_a_month_keeps_the_days() -> None:
    """Twenty days of readings, ten by each cuff: twenty days, all of one patient."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    old, new = a_device(doctor.actor, patient.id, NOW - 21 * DAY), a_device(doctor.actor)
    with in_house(doctor.actor):
        swap_device(doctor.actor, old.id, new.id, Handback("cuff torn", NOW - 10 * DAY - timedelta(hours=1)))
    for days in range(20, 0, -1):
        serial = old.serial if days > 10 else new.serial
        a_reading(doctor.actor, patient.id, measured_at=NOW - days * DAY, device_id=serial)
    with in_house(doctor.actor), transaction() as session:
        days_with_data = select(func.count(func.distinct(func.date_trunc("day", Observation.measured_at, "UTC"))))
        assert session.scalar(days_with_data.where(Observation.patient_id == patient.id)) == 20
    with pytest.raises(DeviceNotHeld):
        a_reading(doctor.actor, patient.id, measured_at=NOW - 5 * DAY, device_id=old.serial)


@pytest.mark.parametrize("offset", [-TICK, timedelta(0), TICK])
@pytest.mark.parametrize("edge", [5, 3, 2])
def test_the_question_inside_the_readings_statement_is_the_domains_rule(edge: int, offset: timedelta) -> None:
    """On both sides of a start, of an end and of a start after a gap."""
    doctor = a_user()
    first, second = a_patient(doctor.actor), a_patient(doctor.actor)
    device = a_device(doctor.actor, second.id, NOW - 2 * DAY)
    measured_at = NOW - edge * DAY + offset
    with in_house(doctor.actor):
        assign_device(doctor.actor, device.id, NewAssignment(first.id, NOW - 5 * DAY, NOW - 3 * DAY))
        with transaction() as session:
            holder = holder_of(session, doctor.actor.practice_id, str(device.serial), measured_at)
    assert holder is not None
    accepted = {patient.id for patient in (first, second) if _is_taken(doctor, patient.id, device.serial, measured_at)}
    assert accepted == ({holder.patient_id} - {None})


def _is_taken(doctor: Person, patient_id: UUID, serial: str | None, measured_at: datetime) -> bool:
    reading = blood_pressure(measured_at, Decimal(120), Decimal(80), device_id=serial)
    with in_house(doctor.actor):
        try:
            return record_reading(doctor.actor, patient_id, reading).is_new
        except DeviceNotHeld:
            return False


def test_an_unknown_device_has_no_holder_and_a_known_one_may_have_none() -> None:
    """Two different answers, for two different inboxes."""
    doctor = a_user()
    device, foreign = a_device(doctor.actor), a_device(a_user().actor)
    with in_house(doctor.actor), transaction() as session:
        asked = [holder_of(session, doctor.actor.practice_id, str(one.serial), NOW) for one in (device, foreign)]
    assert asked == [Holder(device.id, None), None]


def test_freeing_ends_every_device_of_a_patient_and_of_nobody_else() -> None:
    """Even one that was assigned later than the discharge that is entered now."""
    doctor = a_user()
    patient, other = a_patient(doctor.actor), a_patient(doctor.actor)
    held = [a_device(doctor.actor, patient.id, NOW - days * DAY) for days in (9, 1)]
    kept = a_device(doctor.actor, other.id)
    with in_house(doctor.actor), transaction() as session:
        assert free_devices(session, patient.id, NOW - 5 * DAY, "discharged") == 2
        session.flush()
        mine = DeviceAssignment.patient_id == patient.id
        ends = session.scalars(select(DeviceAssignment.ended_at).where(mine).order_by(DeviceAssignment.started_at))
        assert [end > NOW - 2 * DAY for end in ends if end] == [False, True]
        assert [read_device(doctor.actor, one.id).patient_id for one in (*held, kept)] == [None, None, other.id]


def test_an_archived_patient_never_keeps_a_device_that_was_assigned_meanwhile() -> None:
    """Archiving and assigning at once, twelve times: whoever comes first, nobody dead-locks and nothing stays held."""
    doctor = a_user()
    pairs = [(a_patient(doctor.actor).id, a_device(doctor.actor).id) for _ in range(12)]

    def work(job: tuple[bool, UUID, UUID]) -> None:
        archives, patient_id, device_id = job
        with in_house(doctor.actor), suppress(PatientArchived):
            if archives:
                archive_patient(doctor.actor, patient_id, "moved away", None)
            else:
                assign_device(doctor.actor, device_id, NewAssignment(patient_id))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, [(archives, *pair) for pair in pairs for archives in (False, True)]))
    with in_house(doctor.actor), transaction() as session:
        assert session.scalars(select(DeviceAssignment.id).where(DeviceAssignment.ended_at.is_(None))).all() == []


def test_an_assignment_leaves_a_trace_with_its_patient() -> None:
    """Giving and taking back."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    device = a_device(doctor.actor, patient.id, NOW - DAY)
    with in_house(doctor.actor):
        unassign_device(doctor.actor, device.id, Handback("goal reached"))
    with in_house(doctor.actor), transaction() as session:
        actions = session.scalars(
            select(AuditEvent.action).where(
                AuditEvent.patient_id == patient.id, AuditEvent.resource_type == "device_assignment"
            )
        ).all()
    assert sorted(actions) == ["device_assignment:create", "device_assignment:update"]


def test_an_older_message_that_comes_late_changes_nothing() -> None:
    """And one without a battery keeps the last word on it."""
    doctor = a_user()
    device = a_device(doctor.actor)
    with in_house(doctor.actor), transaction() as session:
        for seen_at, battery in ((NOW - DAY, 60), (NOW, None), (NOW - 2 * DAY, 99)):
            note_contact(session, doctor.actor.practice_id, device.id, seen_at, battery)
    with in_house(doctor.actor):
        line = read_device(doctor.actor, device.id)
    assert (line.last_seen_at, line.battery_percent) == (NOW, 60)
