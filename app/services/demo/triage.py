"""What the demo's people did with its alerts: most are seen, one patient needs help at once, somebody is on call."""

from collections.abc import Sequence
from datetime import time, timedelta
from uuid import UUID

from sqlalchemy import select

from app.domain.actor import Actor
from app.domain.triage.escalation import EscalationLevel, NewEscalation
from app.domain.triage.on_call import OnCallSlot
from app.domain.triage.reviews import NewReview
from app.models import Alert
from app.services.transaction import now, transaction
from app.services.triage.alert_actions import acknowledge_alerts
from app.services.triage.escalations import raise_escalation
from app.services.triage.on_call import replace_schedule
from app.services.triage.reviews import review_patient

_SEEN_AFTER = timedelta(hours=3)  # what waited longer has been acknowledged
_WEEKDAYS = range(5)


def play_triage(staff: dict[str, Actor], patients: Sequence[UUID]) -> None:
    """Acknowledge what is old, put people on call, review some patients, call for help with one."""
    nurse, doctor = staff["nurse"], staff["clinician"]
    with transaction() as session:
        old = select(Alert.id).where(Alert.practice_id == nurse.practice_id, Alert.waiting_since < now() - _SEEN_AFTER)
        waiting = list(session.scalars(old.where(Alert.acknowledged_at.is_(None))))
    acknowledge_alerts(nurse, waiting)
    days = [OnCallSlot(nurse.user_id, time(8), time(18), weekday=day) for day in _WEEKDAYS]
    nights = [OnCallSlot(doctor.user_id, time(18), time(8), weekday=day) for day in range(7)]
    weekends = [OnCallSlot(doctor.user_id, time(8), time(18), weekday=day) for day in (5, 6)]
    replace_schedule(staff["admin"], (*days, *nights, *weekends), None)
    for patient_id in patients[1:12:2]:
        review_patient(nurse, patient_id, NewReview(6, "Readings looked through; no change of the plan."))
    reason = "Dizzy since the morning, pressure far above the usual. Please call back."
    raise_escalation(nurse, NewEscalation(patients[7], EscalationLevel.STAT, reason))
