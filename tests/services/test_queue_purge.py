"""Jobs that are over go after a week, in batches; what waits, runs or ended lately stays."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.services import queue_purge
from app.services.housekeeping import purge_expired
from app.services.transaction import now, transaction
from tests.builders import inside

_JOB = text(
    "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, status, attempts)"
    " VALUES ('default', 'purge_test', 0, '{}', CAST(:status AS procrastinate_job_status), 1) RETURNING id"
)
_EVENT = text("INSERT INTO procrastinate_events (job_id, type, at) VALUES (:job, 'deferred', :at)")
_LEFT = text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'purge_test'")


@inside
def _sql(statement: Any, **values: Any) -> Any:
    with transaction() as session:
        return session.execute(statement, values).scalar()


@inside
def _forget_what_other_tests_left() -> None:
    """Younger jobs with lower numbers, which there are in tests only, would end the search for old ones."""
    with transaction() as session:
        session.execute(text("DELETE FROM procrastinate_jobs WHERE status <> 'todo' AND status <> 'doing'"))


@inside
def _a_job(status: str, age: timedelta) -> int:
    with transaction() as session:
        job = int(session.execute(_JOB, {"status": status}).scalar_one())
        session.execute(text("DELETE FROM procrastinate_events WHERE job_id = :job"), {"job": job})
        session.execute(_EVENT, {"job": job, "at": now() - age})
        return job


@pytest.mark.usefixtures("app")
def test_what_is_over_for_a_week_goes_with_its_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """In more batches than one; both sides of the week."""
    monkeypatch.setattr(queue_purge, "_AT_ONCE", 2)
    _forget_what_other_tests_left()
    old, young = timedelta(days=7, minutes=1), timedelta(days=6, hours=23)
    gone = [_a_job(status, old) for status in ("succeeded", "failed", "cancelled", "aborted", "succeeded")]
    kept = [_a_job("todo", old), _a_job("succeeded", young)]
    inside(purge_expired)()
    left = text("SELECT count(*) FROM procrastinate_jobs WHERE id = ANY(:ids)")
    events = text("SELECT count(*) FROM procrastinate_events WHERE job_id = ANY(:ids)")
    assert (_sql(left, ids=gone), _sql(events, ids=gone), _sql(left, ids=kept)) == (0, 0, 2)
    assert _sql(_LEFT) == 2


@pytest.mark.usefixtures("app")
def test_a_batch_is_found_by_indexes_alone() -> None:
    """With sequential scans priced out, none is left in the plan."""
    plan_of = text("EXPLAIN (FORMAT JSON) " + str(queue_purge._FORGET))

    @inside
    def explained() -> str:
        with transaction() as session:
            session.execute(text("SET LOCAL enable_seqscan = off"))
            values = {"after": 0, "at_once": 500, "before": now()}
            return str(session.execute(plan_of, values).scalar())

    plan = explained()
    assert "Seq Scan" not in plan
    assert "procrastinate_jobs_pkey" in plan
    assert "procrastinate_events_job_id_fkey" in plan
