"""The jobs that services leave behind: their arguments are ids only."""

from functools import partial
from uuid import UUID

from procrastinate import JobContext, RetryStrategy

from app.jobs.queue import in_house, queue
from app.services.accounts.attempts import TELL_OF_LOCKOUT
from app.services.accounts.break_glass import TELL_OF_BREAK_GLASS
from app.services.accounts.notices import tell_of_break_glass, tell_of_lockout
from app.services.accounts.password_changes import SEND_PASSWORD_RESET, send_reset
from app.services.mail import DELIVER, deliver_mail

# Waits of about 5, 25, 125 and 625 seconds, then up to 22 hours: a mail server may be away for a night.
_MAX_TRIES = 7
_RETRY = RetryStrategy(max_attempts=_MAX_TRIES, exponential_wait=5)


@queue.task(name=DELIVER, retry=_RETRY, pass_context=True)
async def deliver(job: JobContext, practice_id: str, mail_id: str) -> None:
    """Send one mail."""
    is_last_try = job.job.attempts >= _MAX_TRIES
    await in_house(partial(deliver_mail, UUID(practice_id), UUID(mail_id), is_last_try=is_last_try))


@queue.task(name=SEND_PASSWORD_RESET, retry=_RETRY)
async def send_reset_link(practice_id: str | None, user_id: int | None) -> None:
    """Mail a link that sets a password; nothing for an address that nobody has."""
    if practice_id is not None and user_id is not None:
        await in_house(partial(send_reset, UUID(practice_id), user_id))


@queue.task(name=TELL_OF_LOCKOUT, retry=_RETRY)
async def tell_administrators(practice_id: str | None, user_id: int | None) -> None:
    """Tell a practice's administrators of a locked account; nobody of an address that nobody has."""
    if practice_id is not None and user_id is not None:
        await in_house(partial(tell_of_lockout, UUID(practice_id), user_id))


@queue.task(name=TELL_OF_BREAK_GLASS, retry=_RETRY)
async def tell_of_emergency_access(practice_id: str, episode_id: str) -> None:
    """Tell a practice's administrators that somebody took emergency access."""
    await in_house(partial(tell_of_break_glass, UUID(practice_id), UUID(episode_id)))
