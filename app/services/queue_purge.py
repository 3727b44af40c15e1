"""Forgetting jobs that are over, some at a time: a queue that keeps them all gets slow for those that wait."""

from datetime import datetime

from sqlalchemy import text

from app.services.transaction import transaction

_AT_ONCE = 500
# By the primary key from the oldest on, and the events by the index of their job: the rest does not make it slower.
_FORGET = text("""
WITH looked AS (
    SELECT id FROM procrastinate_jobs
    WHERE id > :after AND status IN ('succeeded', 'failed', 'cancelled', 'aborted')
    ORDER BY id LIMIT :at_once
), gone AS (
    DELETE FROM procrastinate_jobs AS job USING looked
    WHERE job.id = looked.id AND NOT EXISTS (
        SELECT FROM procrastinate_events AS event WHERE event.job_id = job.id AND event.at >= :before
    )
    RETURNING job.id
)
SELECT (SELECT max(id) FROM looked) AS last, (SELECT count(*) FROM gone) AS gone
""")


def purge_jobs(before: datetime) -> int:
    """Forget the jobs, and their events, that nothing has happened to since then; returns how many went.

    Ends at the first batch of which nothing goes: whatever follows was left later still. Jobs that wait or run stay.
    """
    total, after = 0, 0
    while True:
        with transaction() as session:
            done = session.execute(_FORGET, {"after": after, "at_once": _AT_ONCE, "before": before}).one()
        if not done.gone:
            return total
        total, after = total + done.gone, done.last
