"""The one door to the people who must hear of something: word goes out with the transaction that made it.

What is left in the transaction is a job with ids; who is told, and how, is found when it runs, so that a reading does
not wait for it.
"""

from collections.abc import Callable

from sqlalchemy.orm import Session

from app.domain.triage.events import AlertOverdue, AlertRaised, TriageEvent
from app.services.outbox import leave_job

TELL_OF_ALERT, TELL_OF_OVERDUE, TELL_OF_ESCALATION = "tell_of_alert", "tell_of_overdue", "tell_of_escalation"
Listener = Callable[[Session, TriageEvent], None]


def leave_word(session: Session, event: TriageEvent) -> None:
    """Have people told once the transaction has committed."""
    if isinstance(event, AlertRaised):
        leave_job(session, TELL_OF_ALERT, practice_id=event.practice_id, alert_id=event.alert_id)
    elif isinstance(event, AlertOverdue):
        leave_job(session, TELL_OF_OVERDUE, practice_id=event.practice_id, alert_id=event.alert_id)
    else:
        leave_job(session, TELL_OF_ESCALATION, practice_id=event.practice_id, escalation_id=event.escalation_id)


LISTENERS: list[Listener] = [leave_word]  # each is called within the transaction, in order


def tell(session: Session, event: TriageEvent) -> None:
    """Hand an event to whoever listens; what they store commits or rolls back with the caller's work."""
    for listener in LISTENERS:
        listener(session, event)
