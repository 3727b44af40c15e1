"""The job queue, in the same PostgreSQL: a job deferred in a transaction exists if and only if it commits."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from flask import Flask
from procrastinate import App, PsycopgConnector

from app.audit import context

queue = App(
    connector=PsycopgConnector(),
    import_paths=[f"app.jobs.{name}" for name in ("tasks", "mails", "imports", "notifications", "triage", "inbox")],
)
_DRIVER = "+psycopg"
_AT_ONCE = 4  # a long import or a mail server that hangs must not hold up the scores
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
            await app.run_worker_async(
                wait=wait,
                concurrency=_AT_ONCE if wait else 1,
                update_heartbeat_interval=5.0,
                stalled_worker_timeout=15.0,
            )


def _in_context(task: Callable[[], object]) -> None:
    context.start(context.AuditContext())
    with _settings["app"].app_context():
        task()
