"""The demo's devices fit its readings."""

from sqlalchemy import func, select

from app.domain.roles import Role
from app.models import Device, DeviceAssignment
from app.services.demo.devices import cuff_serial, equip, fill_shelf
from app.services.transaction import transaction
from tests.builders import a_patient, a_reading, a_user, in_house


def test_a_demo_patient_holds_the_cuff_that_their_readings_name() -> None:
    """Else the demo's own readings would be refused."""
    nurse = a_user(role=Role.NURSE)
    patients = [a_patient(nurse.actor).id for _ in range(5)]
    with in_house(nurse.actor):
        equip(nurse.actor, patients, {3, 4})
    recorded = a_reading(nurse.actor, patients[0], device_id=cuff_serial(0))
    assert recorded.is_new
    with in_house(nurse.actor), transaction() as session:
        held = session.scalars(select(DeviceAssignment.patient_id).where(DeviceAssignment.ended_at.is_(None))).all()
    assert set(held) == {patients[0], patients[1], patients[2], patients[4]}


def test_the_shelf_shows_every_status_but_active() -> None:
    """So that every filter finds something."""
    nurse = a_user(role=Role.NURSE)
    patient = a_patient(nurse.actor)
    with in_house(nurse.actor):
        fill_shelf(nurse.actor, patient.id)
        with transaction() as session:
            counts = dict(session.execute(select(Device.status, func.count()).group_by(Device.status)).all())
    assert counts == {"in_stock": 5, "shipped": 1, "delivered": 1, "lost": 1, "retired": 1, "returned": 1}
