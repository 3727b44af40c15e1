"""The periodic tasks. Each may be stopped anywhere and run again."""

import logging

from procrastinate import JobContext
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from app.jobs.queue import in_application, queue
from app.services.audit.sealing import seal_events
from app.services.billing.run import generate_everywhere, generate_far_back
from app.services.housekeeping import ensure_audit_partitions, ensure_observation_partitions, purge_expired
from app.services.notifications.digests import send_due
from app.services.notifications.receipts import check_receipts
from app.services.triage.board import refresh_due_scores
from app.services.triage.counts import count_moves
from app.services.triage.overdue import keep_reaction_times

STALLED_AFTER = 15.0  # seconds without a sign of life from a job's worker
MAX_TRIES = 12  # more than any task asks for: it kills whoever takes it up
_log = logging.getLogger(__name__)


def _every(cron: str, service, name: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - a service without arguments
    task = queue.task(name=name, queueing_lock=name, lock=name)(in_application(service))
    queue.periodic(cron=cron)(task)


_every("*/5 * * * *", refresh_due_scores, "refresh_due_scores")
_every("* * * * *", seal_events, "seal_events")
_every("* * * * *", keep_reaction_times, "keep_reaction_times")
_every("* * * * *", count_moves, "count_moves")
_every("* * * * *", send_due, "send_due_notifications")
_every("*/15 * * * *", check_receipts, "check_push_receipts")
_every("17 * * * *", purge_expired, "purge_expired")
_every("0 */4 * * *", generate_everywhere, "generate_billing")
_every("41 7 * * *", generate_far_back, "generate_billing_far_back")
_every("23 * * * *", ensure_audit_partitions, "ensure_audit_partitions")
_every("29 * * * *", ensure_observation_partitions, "ensure_observation_partitions")


@queue.periodic(cron="* * * * * */15")
@queue.task(name="retry_stalled", queueing_lock="retry_stalled", pass_context=True)
async def retry_stalled(context: JobContext, timestamp: int) -> None:
    """Give the jobs of a worker that died to another one, unless they have killed too many.

    Of those that may wait only once, another one may wait already: it does what this one left, and the rest must not
    go without help for it.
    """
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        if job.attempts >= MAX_TRIES:
            _log.error("given up: job %s (%s) ended with its worker at every try", job.id, job.task_name)
            await manager.finish_job(job, Status.FAILED, delete_job=False)
            continue
        try:
            await manager.retry_job(job)
        except UniqueViolation:
            await manager.finish_job(job, Status.FAILED, delete_job=False)
