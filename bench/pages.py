"""What open pages cost: two hundred of the console's, each asking every four seconds whether it is still current.

Nothing changes meanwhile, so each answer is 304. Counted is the processor time of the web server and of the database
for one question after the other; of a server that does little else each costs half as much again, its caches are cold.
"""

import os
import time

from bench.children import BenchError
from bench.effort import effort_of
from bench.load import percentile
from bench.ours import Ours
from bench.seed import PASSWORD
from bench.table import Row
from bench.visitor import Visitor
from deploy.local_postgres import LocalPostgres

PAGES, EVERY_SECONDS = 200, 4.0  # as static/js/live.js has it
_SECONDS = 6.0


def measure_pages(ours: Ours, postgres: LocalPostgres, server: int, port: int) -> Row:
    """Ask as two hundred open boards do, and say which share of all cores that takes."""
    page = Visitor(port, ours.small.email, PASSWORD, stays_connected=True)
    database = postgres.process_id()
    if database is None:
        raise BenchError("the database is gone")
    before, waited = effort_of(server, database), _waits(page)
    cpu = effort_of(server, database).milliseconds_each(before, len(waited))
    return Row(
        f"{PAGES} open pages", cpu_ms=(cpu, None), p50_ms=percentile(waited, 50), p95_ms=percentile(waited, 95),
        p99_ms=percentile(waited, 99), share=cpu / 1000 * PAGES / EVERY_SECONDS / (os.cpu_count() or 1),
    )  # fmt: skip


def _waits(page: Visitor) -> list[float]:
    """Ask one question after the other and return how long each took, in milliseconds."""
    waited: list[float] = []
    until = time.perf_counter() + _SECONDS
    while (asked := time.perf_counter()) < until:
        if not page.is_current():
            raise BenchError("an open page heard of news where there was none")
        waited.append((time.perf_counter() - asked) * 1000)
    return waited
