"""What open pages cost: two hundred of the console's, each asking every four seconds whether it is still current.

Nothing changes meanwhile, so each answer is 304. Counted is the processor time of the web server and of the database
for one question after the other; of a server that does little else each costs half as much again, its caches are cold.
"""

import http.client
import os
import re
import time
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from bench.children import BenchError
from bench.effort import effort_of
from bench.load import percentile
from bench.ours import Ours
from bench.seed import PASSWORD, Practice
from bench.table import Row
from deploy.local_postgres import LocalPostgres

PAGES, EVERY_SECONDS = 200, 4.0  # as static/js/live.js has it
_SECONDS = 6.0
_LIVE = re.compile(r'data-live="([^"]+)" data-mark="([^"]+)"')
_FORM = re.compile(r'name="csrf_token" value="([^"]+)"')


class _Visitor:
    """A browser of somebody who is signed in, on one connection that stays open."""

    def __init__(self, port: int, practice: Practice) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._cookies = SimpleCookie()
        token = self._found(_FORM, "/admin/login")[1]
        form = urlencode({"email": practice.email, "password": PASSWORD, "csrf_token": token})
        self.ask("POST", "/admin/login", form, {"Content-Type": "application/x-www-form-urlencoded"})
        live = self._found(_LIVE, "/admin/")
        self.live, self.mark = live[1].replace("&amp;", "&"), live[2]

    def ask(self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None) -> Any:
        """Send a request and return status and text."""
        cookies = "; ".join(f"{name}={one.value}" for name, one in self._cookies.items())
        self._connection.request(method, path, body, {**(headers or {}), "Cookie": cookies})
        answer = self._connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or ():
            self._cookies.load(line)
        return answer.status, answer.read().decode()

    def _found(self, pattern: re.Pattern[str], path: str) -> re.Match[str]:
        status, text = self.ask("GET", path)
        found = pattern.search(text)
        if status != 200 or found is None:
            raise BenchError(f"{path} was answered with {status}, and not with what was looked for")
        return found


def measure_pages(ours: Ours, postgres: LocalPostgres, server: int, port: int) -> Row:
    """Ask as two hundred open boards do, and say which share of all cores that takes."""
    visitor = _Visitor(port, ours.small)
    headers = {"HX-Request": "true", "HX-Trigger": "live", "If-None-Match": f'"{visitor.mark}"'}
    database, times = postgres.process_id(), list[float]()
    if database is None:
        raise BenchError("the database is gone")
    before, began = [effort_of(pid) for pid in (server, database)], time.perf_counter()
    while time.perf_counter() < began + _SECONDS:
        asked = time.perf_counter()
        status, _ = visitor.ask("GET", visitor.live, headers=headers)
        times.append((time.perf_counter() - asked) * 1000)
        if status != 304:
            raise BenchError(f"an open page was answered with {status}")
    after = [effort_of(pid) for pid in (server, database)]
    cpu = sum(now.milliseconds_each(then, len(times)) for now, then in zip(after, before, strict=True))
    return Row(
        f"{PAGES} open pages", cpu_ms=(cpu, None), p50_ms=percentile(times, 50), p95_ms=percentile(times, 95),
        p99_ms=percentile(times, 99), share=cpu * PAGES / EVERY_SECONDS / 1000 / (os.cpu_count() or 1),
    )  # fmt: skip
