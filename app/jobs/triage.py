"""The jobs that alerts and escalations leave behind: their arguments are ids only."""

from functools import partial
from uuid import UUID

from procrastinate import RetryStrategy

from app.jobs.queue import in_house, queue
from app.services.triage import notices
from app.services.triage.telling import TELL_OF_ALERT, TELL_OF_ESCALATION, TELL_OF_OVERDUE

_RETRY = RetryStrategy(max_attempts=5, exponential_wait=5)


@queue.task(name=TELL_OF_ALERT, retry=_RETRY)
async def tell_of_alert(practice_id: str, alert_id: str) -> None:
    """Tell of an alert."""
    await in_house(partial(notices.tell_of_alert, UUID(practice_id), UUID(alert_id)))


@queue.task(name=TELL_OF_OVERDUE, retry=_RETRY)
async def tell_of_overdue(practice_id: str, alert_id: str) -> None:
    """Tell of an alert that is overdue."""
    await in_house(partial(notices.tell_of_overdue, UUID(practice_id), UUID(alert_id)))


@queue.task(name=TELL_OF_ESCALATION, retry=_RETRY)
async def tell_of_escalation(practice_id: str, escalation_id: str) -> None:
    """Tell whoever an escalation waits for."""
    await in_house(partial(notices.tell_of_escalation, UUID(practice_id), UUID(escalation_id)))
