"""The jobs of notifications: one sends one delivery; its arguments are ids only.

Failures of providers are no failures of the job: the delivery keeps its own schedule. What the job's own retries are
for is the database being away.
"""

from functools import partial
from uuid import UUID

from procrastinate import RetryStrategy

from app.jobs.queue import in_house, queue
from app.services.notifications.delivering import deliver
from app.services.notifications.telling import DELIVER

_RETRY = RetryStrategy(max_attempts=5, exponential_wait=5)


@queue.task(name=DELIVER, retry=_RETRY)
async def deliver_notification(practice_id: str, delivery_id: str) -> None:
    """Send one delivery that is due."""
    await in_house(partial(deliver, UUID(practice_id), UUID(delivery_id)))
