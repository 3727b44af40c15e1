"""The job queue, in the same PostgreSQL: a job deferred in a transaction exists if and only if it commits."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from flask import Flask
from procrastinate import App, PsycopgConnector

from app.audit import context
from app.services.outbox import INBOX

queue = App(
    connector=PsycopgConnector(),
    import_paths=[f"app.jobs.{name}" for name in ("tasks", "mails", "imports", "notifications", "triage", "inbox")],
)
_DRIVER = "+psycopg"
_AT_ONCE = 4  # a long import or a mail server that hangs must not hold up the scores
_OF_ONE_QUEUE = 2  # and four of them must not hold up what vendors sent
_LOOK_SECONDS = 0.5  # nobody tells of a lock that became free, of a retry that is due, or twice of a new job
_settings: dict[str, Any] = {}


def init_app(app: Flask, database_url: str) -> None:
    """Remember where the queue's database is and in which application tasks run."""
    _settings.update(app=app, conninfo=database_url.replace(_DRIVER, "", 1))


def run_worker(*, wait: bool = True) -> None:
    """Run jobs until SIGTERM or SIGINT; with `wait=False` until none is left, of those that jobs leave either."""
    asyncio.run(_work(wait=wait))


def in_application(task: Callable[[], object]) -> Callable[[int], Awaitable[None]]:
    """Make a periodic task of a service: it runs in a thread, in an application context of its own."""

    async def run(timestamp: int) -> None:
        await in_house(task)

    run.__name__, run.__doc__ = task.__name__, task.__doc__
    return run


async def in_house(work: Callable[[], object]) -> None:
    """Do a job's work in a thread, in an application context of its own, acting for nobody until it says for whom."""
    await asyncio.to_thread(_in_context, work)


async def _work(*, wait: bool) -> None:
    connector = PsycopgConnector(conninfo=_settings["conninfo"])
    with queue.replace_connector(connector) as app:
        async with app.open_async():
            await (_run_lanes(app) if wait else _run(app, concurrency=1, wait=False))


async def _run_lanes(app: App) -> None:
    """Run all jobs, and beside them those of the inbox in slots of their own; when one of the two ends, both do."""
    inbox = asyncio.create_task(
        _run(app, name="inbox", queues=[INBOX], concurrency=_OF_ONE_QUEUE, install_signal_handlers=False)
    )
    every = asyncio.create_task(_run(app, name="all", concurrency=_AT_ONCE))
    await asyncio.wait([inbox, every], return_when=asyncio.FIRST_COMPLETED)
    for lane in (inbox, every):
        lane.cancel()
    for lane in (inbox, every):
        with suppress(asyncio.CancelledError):
            await lane


async def _run(app: App, **options: Any) -> None:
    await app.run_worker_async(
        fetch_job_polling_interval=_LOOK_SECONDS,
        update_heartbeat_interval=5.0,
        stalled_worker_timeout=15.0,
        **options,
    )


def _in_context(task: Callable[[], object]) -> None:
    context.start(context.AuditContext())
    with _settings["app"].app_context():
        task()
