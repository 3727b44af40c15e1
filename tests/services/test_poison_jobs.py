"""Jobs that always fail, and jobs that kill their worker: given up with a reason, and the others go on."""

import logging
import os
import random
import signal
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.inbox import MAX_TRIES
from app.domain.roles import Role
from app.extensions import db
from app.gateways.messages import Message
from app.integrations.withings_client import WithingsClient
from app.jobs import queue as jobs
from app.jobs.queue import queue, run_worker
from app.jobs.tasks import MAX_TRIES as MAX_OF_ANY
from app.models import WebhookDelivery
from app.services.gateways import applying
from tests.admin.visits import enter, send
from tests.builders import Person, a_device, a_patient, a_user, in_house
from tests.inbox import a_gateway, an_account, an_event, deliver, deliveries, items, readings
from tests.jobs import work

_DUE = text("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'")
_LONG_DEAD = text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
_LOOK = text(
    "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status)"
    " VALUES ('default', 'retry_stalled', '{\"timestamp\": 0}', 'todo')"
)
_STATES = text("SELECT task_name, status::text FROM procrastinate_jobs WHERE task_name <> 'retry_stalled'")
_POISON = b"poison"
_apply = applying.apply_messages


@pytest.fixture
def admin() -> Person:
    """An administrator of a new practice."""
    return a_user(role=Role.ADMIN)


def _poisoned(act: Callable[[], object]) -> Any:
    def apply(session: Session, delivery: WebhookDelivery, messages: Sequence[Message], part: slice) -> Any:
        if _POISON in delivery.body:
            act()
        return _apply(session, delivery, messages, part)

    return apply


def _fail() -> None:
    raise RuntimeError("a fault of ours")


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _tell(*statements: Any) -> list[Any]:
    with in_house():
        rows = [db.session.execute(statement) for statement in statements][-1]
        told = list(rows) if rows.returns_rows else []
        db.session.commit()
        return told


def _two_messages(client: FlaskClient, admin: Person) -> None:
    """Leave one that is poison and, behind it, one that is not."""
    device = a_device(admin.actor, a_patient(admin.actor).id, datetime.now(UTC) - timedelta(days=1))
    gateway = a_gateway(admin)
    deliver(client, gateway, an_event(device.serial or "", event_id=_POISON.decode()))
    deliver(client, gateway, an_event(device.serial or ""))


def test_s78_a_message_that_always_fails_is_given_up_and_repeated_from_the_console(
    client: FlaskClient, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After eight tries, with a reason; what came behind it waited for none of them. Once mended, it is stored once."""
    monkeypatch.setattr(applying, "apply_messages", _poisoned(_fail))
    _two_messages(client, admin)
    work()
    assert [row.state for row in deliveries(admin)] == ["failed", "applied"]
    for _ in range(MAX_TRIES):
        _tell(_DUE)
        work()
    poison = deliveries(admin)[0]
    assert (poison.state, poison.attempts) == ("dead", MAX_TRIES)
    assert "todo" not in {status for _, status in _tell(_STATES)}
    enter(client, admin)
    assert "1 delivery" in client.get("/admin/inbox?state=dead").text
    path = f"/admin/inbox/{poison.id}"
    assert (poison.problem or "?") in client.get(path).text
    monkeypatch.undo()
    assert send(client, f"{path}/replay", path).status_code == 303
    work()
    assert ([row.state for row in deliveries(admin)], len(readings(admin))) == (["applied", "applied"], 2)


def _work_in_a_process(app: Flask) -> int:
    """Do what is left as a worker of its own, and return how it ended."""
    pid = os.fork()
    if pid == 0:
        for one in (app, jobs._settings["app"]):  # jobs run in the newest application, whichever test made it
            with one.app_context():
                db.engine.dispose(close=False)
        queue.periodic_registry.periodic_tasks.clear()
        run_worker(wait=False)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_s78_a_message_that_kills_its_worker_is_given_up(
    app: Flask, client: FlaskClient, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By SIGKILL in the middle, eight times; the ninth worker says so and lives."""
    monkeypatch.setattr(applying, "apply_messages", _poisoned(_die))
    _two_messages(client, admin)
    ends = []
    for _ in range(MAX_TRIES + 1):
        ends.append(_work_in_a_process(app))
        _tell(_LONG_DEAD, _LOOK)
    assert ends == [-signal.SIGKILL] * MAX_TRIES + [0]
    assert [row.state for row in deliveries(admin)] == ["dead", "applied"]
    assert deliveries(admin)[0].attempts == MAX_TRIES + 1
    assert len(readings(admin)) == 1


@pytest.mark.parametrize(("tries", "status"), [(MAX_OF_ANY - 1, "succeeded"), (MAX_OF_ANY, "failed")])
def test_s78_no_job_kills_workers_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tries: int, status: str
) -> None:
    """Whatever its task: after twelve it is parked, and the log names it without what it was about."""
    left = text(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts)"
        " VALUES ('default', 'purge_expired', '{\"timestamp\": 0}', 'doing', :tries) RETURNING id"
    )
    monkeypatch.setattr(logging.getLogger("app"), "handlers", [caplog.handler])
    with caplog.at_level(logging.ERROR, "app"):
        ((job,),) = _tell(left.bindparams(tries=tries))
        _tell(_LOOK)
        work()
    ended = _tell(text("SELECT status::text FROM procrastinate_jobs WHERE id = :job").bindparams(job=job))
    assert [row.status for row in ended] == [status]
    assert ("given up: job" in caplog.text) == (status == "failed")


def test_s78_a_fetch_that_killed_its_worker_at_every_try_is_given_up_and_can_be_replayed(
    client: FlaskClient, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its notice does not wait for ever: it says why, in the inbox."""
    gateway = a_gateway(admin, "withings", "secret_path")
    an_account(admin, gateway, "363")
    asked: list[int] = []
    monkeypatch.setattr(WithingsClient, "measures", lambda *_: asked.append(random.randrange(9)))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    deliver(client, gateway, b"userid=363&appli=1&startdate=1790000000&enddate=1790000060", **form)
    with in_house():
        applying.apply_delivery(admin.actor.practice_id, deliveries(admin)[0].id)
    _tell(text("UPDATE procrastinate_jobs SET attempts = 7 WHERE task_name = 'fetch_from_vendor'"))
    work()
    assert (asked, [(one.state, one.problem) for one in items(admin)]) == ([], [("quarantined", "fetch_failed")])
