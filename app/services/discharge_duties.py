"""What else must happen when a patient is discharged from a program, in the same transaction. Other rooms add to it."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.models import Enrollment

DischargeDuty = Callable[[Session, Actor, Enrollment], None]

# Called in order with the discharged enrolment, whose `ends_on` is the last day that counts. Freeing the devices of a
# patient who leaves RPM or RTM belongs here.
DISCHARGE_DUTIES: tuple[DischargeDuty, ...] = ()


def do_discharge_duties(session: Session, actor: Actor, enrollment: Enrollment) -> None:
    """Do all that a discharge brings with it."""
    for duty in DISCHARGE_DUTIES:
        duty(session, actor, enrollment)
