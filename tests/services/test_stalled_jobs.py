"""Jobs of workers that died go to another one, all of them."""

import pytest
from flask import Flask
from sqlalchemy import text

from app.extensions import db
from tests.jobs import work

_LEFT = text(
    "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, status, attempts)"
    " VALUES ('default', :task, :once, '{\"timestamp\": 0}', CAST(:status AS procrastinate_job_status), 1)"
)


@pytest.mark.parametrize("waits_too", [False, True])
def test_s77_two_stalled_jobs_of_which_one_may_wait_do_not_keep_the_others_stalled(
    app: Flask, *, waits_too: bool
) -> None:
    """Whatever the order in which they are found: periodic jobs that were killed twice, and one behind them."""
    with app.app_context():
        for _ in range(3):
            db.session.execute(_LEFT, {"task": "seal_events", "once": "seal_events", "status": "doing"})
        if waits_too:
            db.session.execute(_LEFT, {"task": "seal_events", "once": "seal_events", "status": "todo"})
        db.session.execute(_LEFT, {"task": "purge_expired", "once": None, "status": "doing"})
        db.session.execute(_LEFT, {"task": "retry_stalled", "once": "retry_stalled", "status": "todo"})
        db.session.commit()
    work()
    with app.app_context():
        told = db.session.execute(text("SELECT task_name, status::text FROM procrastinate_jobs ORDER BY id"))
        left = [(row.task_name, row.status) for row in told]
    assert "doing" not in {status for _, status in left}
    assert ("purge_expired", "succeeded") in left
    assert ("retry_stalled", "succeeded") in left
    assert ("seal_events", "succeeded") in left
