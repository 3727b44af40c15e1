"""The jobs that services leave behind: their arguments are ids only."""

from uuid import UUID

from procrastinate import JobContext, RetryStrategy

from app.jobs.queue import in_house, queue
from app.services.mail import DELIVER, deliver_mail

# Waits of about 5, 25, 125 and 625 seconds, then up to 22 hours: a mail server may be away for a night.
_MAX_TRIES = 7
_RETRY = RetryStrategy(max_attempts=_MAX_TRIES, exponential_wait=5)


@queue.task(name=DELIVER, retry=_RETRY, pass_context=True)
async def deliver(job: JobContext, practice_id: str, mail_id: str) -> None:
    """Send one mail."""
    is_last_try = job.job.attempts >= _MAX_TRIES
    await in_house(lambda: deliver_mail(UUID(practice_id), UUID(mail_id), is_last_try=is_last_try))
