"""What else must happen when a patient is discharged from a program, in the same transaction. Other rooms add to it."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.enrolment.programs import Program
from app.models import Enrollment
from app.services.devices.custody import free_devices
from app.services.transaction import now

DischargeDuty = Callable[[Session, Actor, Enrollment], None]
_MONITORED = (Program.RPM.value, Program.RTM.value)
_WHY = "Discharged from the program"


def take_devices_back(session: Session, actor: Actor, enrollment: Enrollment) -> None:
    """Free the devices of a patient whom no program monitors any more. The caller has locked the patient's row."""
    if enrollment.program not in _MONITORED:
        return
    others = select(Enrollment.id).where(
        Enrollment.practice_id == actor.practice_id,
        Enrollment.patient_id == enrollment.patient_id,
        Enrollment.id != enrollment.id,
        Enrollment.program.in_(_MONITORED),
        Enrollment.discharged_at.is_(None),
    )
    if session.scalar(others.limit(1)) is None:
        free_devices(session, enrollment.patient_id, now(), _WHY)


# Called in order with the discharged enrolment, whose `ends_on` is the last day that counts.
DISCHARGE_DUTIES: tuple[DischargeDuty, ...] = (take_devices_back,)


def do_discharge_duties(session: Session, actor: Actor, enrollment: Enrollment) -> None:
    """Do all that a discharge brings with it."""
    for duty in DISCHARGE_DUTIES:
        duty(session, actor, enrollment)
