"""The jobs of the inbox: reading what vendors sent, fetching what they gave notice of, replaying. Arguments are ids."""

from functools import partial
from uuid import UUID

from procrastinate import JobContext, RetryDecision, RetryStrategy
from procrastinate.jobs import Job

from app.domain.inbox import MAX_TRIES
from app.jobs.queue import in_application, in_house, queue
from app.services.gateways.applying import apply_delivery
from app.services.gateways.fetching import fetch_from_vendor, give_up_fetching
from app.services.gateways.items import FETCH_FROM_VENDOR
from app.services.gateways.receiving import APPLY_DELIVERY
from app.services.gateways.replaying import REPLAY_INBOX, run_replay
from app.services.gateways.sweeping import sweep_inbox

_RETRY = RetryStrategy(max_attempts=MAX_TRIES, exponential_wait=2)  # 2, 4, 8 … 128 seconds
_MAX_FETCHES = 6


class _ApartFromOthers(RetryStrategy):
    """Tries again under a lock of the job's own: until then an integration's other fetches must not wait for it."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return when and how a failed job is tried again; None for never."""
        decision = super().get_retry_decision(exception=exception, job=job)
        if decision is not None:
            decision.lock = f"fetch|again|{job.id}"
        return decision


_FETCH_RETRY = _ApartFromOthers(max_attempts=_MAX_FETCHES, exponential_wait=5)  # 5 seconds … 50 minutes


@queue.task(name=APPLY_DELIVERY, retry=_RETRY)
async def apply_one(practice_id: str, delivery_id: str) -> None:
    """Read one delivery and apply it, or go on with it."""
    await in_house(partial(apply_delivery, UUID(practice_id), UUID(delivery_id)))


@queue.task(name=FETCH_FROM_VENDOR, retry=_FETCH_RETRY, pass_context=True)
async def fetch(job: JobContext, practice_id: str, item_id: str) -> None:
    """Fetch what one notice ordered."""
    which = UUID(practice_id), UUID(item_id)
    is_done = False
    try:
        if job.job.attempts <= _MAX_FETCHES:  # more, when it killed its worker even the last time
            await in_house(partial(fetch_from_vendor, *which))
            is_done = True
    finally:
        if not is_done and job.job.attempts >= _MAX_FETCHES:
            await in_house(partial(give_up_fetching, *which))


@queue.task(name=REPLAY_INBOX, retry=_RETRY)
async def replay(practice_id: str, replay_id: str) -> None:
    """Replay many deliveries, or go on with that."""
    await in_house(partial(run_replay, UUID(practice_id), UUID(replay_id)))


_SWEEP = queue.task(name="sweep_inbox", queueing_lock="sweep_inbox", lock="sweep_inbox")(in_application(sweep_inbox))
queue.periodic(cron="*/2 * * * *")(_SWEEP)
