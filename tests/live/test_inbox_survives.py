"""Clients and vendors send while processes are killed and the database goes: what was acknowledged is there, once.

One installation and one server for all of it. Every scenario has its own patient; each is run once and looked at by
the tests that are named for the checks.
"""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.live.conftest import installing
from tests.live.installation import Installation, Web
from tests.live.senders import WAYS, Refusal, Senders, assert_all_there_once, wait_until_done
from tests.live.workers import child_of, nursery

pytestmark = pytest.mark.slow
_KILLS = 50
_AT_WORK = 10.0  # seconds until a process that was just started has done something
_STARTED = 60.0  # seconds until a process is there on a busy machine
_TAKEN_OVER = 60.0  # seconds until a job of a killed worker is done by another one (S77)
_BEGUN = "SELECT count(*) FROM procrastinate_events WHERE type = 'started'"
_STALLED = "SELECT count(*) FROM procrastinate_jobs WHERE attempts > 1 AND task_name = 'apply_delivery'"
_IN_THE_CLEAR = "SELECT count(*) FROM procrastinate_jobs WHERE args::text LIKE '%CUFF%'"
_WHILE_DOWN, _AT_ONCE = 60, 20  # requests


@dataclass
class Site:
    """An installation and its server."""

    installation: Installation
    web: Web

    def count(self, sql: str) -> int:
        """Return the number that a query answers."""
        return int(self.installation.postgres.query(sql))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A server whose process is there again at once; its database keeps what it commits, as in production."""
    with installing() as install:
        installation = install(durable=True, RATELIMIT_WEBHOOK="1000000/hour")
        installation.create_admin()
        with installation.serving(GUNICORN_CMD_ARGS="--preload") as web:
            web.sign_in()
            yield Site(installation, web)


def test_s69_a_full_queue_holds_up_nobody_who_sends(site: Site) -> None:
    """No worker for a while: everything is acknowledged, and applied once one is there."""
    with Senders(site.web, "queue") as senders:
        time.sleep(3)
    assert senders.ledger.refusals == []
    assert site.count("SELECT count(*) FROM inbox_items") == 0
    with nursery(site.installation):
        wait_until_done(site.installation, _TAKEN_OVER)
    assert_all_there_once(site.installation, senders)


@pytest.fixture(scope="module")
def killed(site: Site) -> Senders:
    """Fifty web processes and fifty workers die by SIGKILL, at work, while three senders go on."""
    with nursery(site.installation) as worker, Senders(site.web, "kill") as senders:
        url = site.installation.postgres.app_url().replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as watch:
            for kill in range(_KILLS):
                _wait_for_a_job(watch)
                time.sleep(kill % 5 * 0.02)
                os.kill(child_of(worker.pid, _STARTED), signal.SIGKILL)
                senders.wait_for_more(WAYS[kill % len(WAYS)], _AT_WORK)
                time.sleep(kill % 7 * 0.01)
                os.kill(child_of(site.web.pid, _STARTED), signal.SIGKILL)
        senders.end()
        wait_until_done(site.installation, _TAKEN_OVER)
    return senders


def _wait_for_a_job(watch: psycopg.Connection) -> None:
    """Wait until one more job has begun."""
    begun = watch.execute(_BEGUN).fetchone()
    deadline = time.monotonic() + _AT_WORK
    while watch.execute(_BEGUN).fetchone() == begun and time.monotonic() < deadline:
        time.sleep(0.02)


def test_s69_processes_killed_again_and_again_keep_what_they_acknowledged(site: Site, killed: Senders) -> None:
    """By every way; what is sent again with the same key, or as the same event, gets the answer of before."""
    assert {one.status for one in killed.ledger.refusals} <= {0, 503}
    assert any(one.status == 0 for one in killed.ledger.refusals)  # some were killed in the middle of it
    assert min(killed.ledger.by_way.values()) >= _KILLS // len(WAYS)
    assert_all_there_once(site.installation, killed)


def test_s77_the_jobs_of_killed_workers_are_done_within_a_minute_and_once(site: Site, killed: Senders) -> None:
    """Stalled ones among them; each message was applied by one item, and no job says whose it is."""
    assert site.count(_STALLED) > 0
    applied = "SELECT FROM inbox_items WHERE state = 'applied' GROUP BY integration_id, dedup_key HAVING count(*) > 1"
    assert (site.count(f"SELECT count(*) FROM ({applied})"), site.count(_IN_THE_CLEAR)) == (0, 0)


@dataclass
class Outage:
    """A database that died and came back, and what was heard meanwhile."""

    senders: Senders
    began: float = 0.0
    over: float = 0.0
    live: int = 0
    ready: int = 0
    answers: list[tuple[int, float]] = field(default_factory=list)

    def refusals(self, since: float, until: float) -> list[Refusal]:
        """Return what was refused in a stretch of time."""
        return [one for one in self.senders.ledger.refusals if since <= one.at < until]


@pytest.fixture(scope="module")
def outage(site: Site) -> Outage:
    """The database dies at once under load and is started again; nothing else is touched."""
    postgres = site.installation.postgres
    with nursery(site.installation), Senders(site.web, "outage") as senders:
        told = Outage(senders)
        senders.wait_for_more("webhook", _AT_WORK)
        told.began = time.monotonic()
        _die(postgres.process_id() or 0)
        _look_while_down(site.web, told)
        postgres.start()
        told.over = time.monotonic()
        time.sleep(4)
        senders.end()
        wait_until_done(site.installation, _TAKEN_OVER)
    return told


def _die(pid: int) -> None:
    """End a postmaster as `pg_ctl -m immediate` does."""
    os.kill(pid, signal.SIGQUIT)
    while Path(f"/proc/{pid}/stat").exists() and ") Z " not in Path(f"/proc/{pid}/stat").read_text():
        time.sleep(0.01)


def _look_while_down(web: Web, told: Outage) -> None:
    told.live = web.call("GET", "/health/live").status
    told.ready = web.call("GET", "/health/ready").status

    def ask(_: int) -> tuple[int, float]:
        began = time.monotonic()
        return web.call("GET", "/api/v1/patients/").status, time.monotonic() - began

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        told.answers = list(pool.map(ask, range(_WHILE_DOWN)))


def test_s73_a_database_that_restarts_under_load_loses_nothing_that_was_acknowledged(
    site: Site, outage: Outage
) -> None:
    """Errors are 503 with Retry-After and end with the downtime; nobody has to do anything."""
    during = outage.refusals(outage.began, outage.over + 2)
    assert during
    assert {(one.status, (one.retry_after or "").isdecimal()) for one in during} == {(503, True)}
    assert outage.refusals(0, outage.began) == outage.refusals(outage.over + 2, time.monotonic()) == []
    assert_all_there_once(site.installation, outage.senders)


def test_s74_without_a_database_the_process_lives_is_not_ready_and_says_so_at_once(outage: Outage) -> None:
    """Twenty ask at a time, sixty in all: no threads pile up."""
    assert (outage.live, outage.ready) == (200, 503)
    assert {status for status, _ in outage.answers} == {503}
    assert max(seconds for _, seconds in outage.answers) < 1


def test_s74_when_the_database_is_there_again_so_is_the_process(site: Site, outage: Outage) -> None:
    """Ready by itself; and what was posted since is stored."""
    assert site.web.call("GET", "/health/ready").status == 200
    since = datetime.now(UTC).timestamp() - (time.monotonic() - outage.over)
    stored = f"SELECT count(*) FROM observations WHERE created_at > to_timestamp({since})"
    assert site.count(stored) > 0
