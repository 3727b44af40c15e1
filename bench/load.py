"""Putting a server under load: wrk with eight connections, or a slower client of our own where wrk is missing."""

import http.client
import itertools
import json
import random
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Literal, get_args

from bench.children import BenchError
from bench.effort import effort_of

Job = Literal["post", "list", "batch"]
CONNECTIONS, OF_BATCHES = 8, 2
_SCRIPTS = {job: Path(__file__).with_name("batch.lua" if job == "batch" else "ingest.lua") for job in get_args(Job)}
_RESULT = re.compile(r"^RESULT (\{.*\})$", re.MULTILINE)
_runs = itertools.count(int(time.time()))


@dataclass(frozen=True, slots=True)
class Target:
    """A server under load: its first process, where it listens, as whom we come, and for which patients.

    `spread`: how many of them are in one batch.
    """

    pid: int
    port: int
    token: str
    patients: Path
    spread: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of load gave; times in milliseconds, `cpu_ms` the server's processor time a request."""

    per_second: float
    requests: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_ms: float = 0.0


def has_wrk() -> bool:
    """Say whether wrk is installed."""
    return shutil.which("wrk") is not None


def put_under_load(target: Target, job: Job, seconds: float) -> Outcome:
    """Send requests as fast as eight connections get answers, batches two; raises BenchError when any is refused.

    Batches need wrk.
    """
    before = effort_of(target.pid)
    outcome = _by_wrk(target, job, seconds) if has_wrk() else _by_threads(target, job, seconds)
    return replace(outcome, cpu_ms=effort_of(target.pid).milliseconds_each(before, outcome.requests))


def middle(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the median of several runs, number by number, and all their requests."""
    return Outcome(
        median(outcome.per_second for outcome in outcomes),
        sum(outcome.requests for outcome in outcomes),
        median(outcome.p50_ms for outcome in outcomes),
        median(outcome.p95_ms for outcome in outcomes),
        median(outcome.p99_ms for outcome in outcomes),
        median(outcome.cpu_ms for outcome in outcomes),
    )


def percentile(times: Sequence[float], share: int) -> float:
    """Return the value that `share` percent of the times do not exceed (nearest rank)."""
    ordered = sorted(times)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def a_reading(patients: Sequence[str]) -> dict[str, object]:
    """Return a body that no earlier one equals, measured two seconds ago."""
    return {
        "patient_id": random.choice(patients),
        "systolic": random.randint(101, 160),
        "diastolic": random.randint(61, 99),
        "pulse": random.randint(55, 95),
        "device_id": f"cuff-{next(_runs)}",
        "measured_at": (datetime.now(UTC) - timedelta(seconds=2)).isoformat(),
    }


def _by_wrk(target: Target, job: Job, seconds: float) -> Outcome:
    connections = OF_BATCHES if job == "batch" else CONNECTIONS
    options = ["-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s", "-s", str(_SCRIPTS[job])]
    env = {"JOB": job, "TOKEN": target.token, "PATIENTS": str(target.patients), "RUN": str(next(_runs)),
           "SPREAD": str(target.spread)}  # fmt: skip
    command = [str(shutil.which("wrk")), *options, f"http://127.0.0.1:{target.port}"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    found = _RESULT.search(done.stdout)
    if found is None:
        raise BenchError(f"wrk failed: {done.stderr or done.stdout}")
    seen = json.loads(found[1])
    if seen["refused"]:
        raise BenchError(f"{seen['refused']} of {seen['requests']} requests were refused ({job})")
    return Outcome(
        seen["requests"] * 1_000_000 / seen["microseconds"],
        seen["requests"],
        *(seen[name] / 1000 for name in ("p50_us", "p95_us", "p99_us")),
    )


def _by_threads(target: Target, job: Job, seconds: float) -> Outcome:
    times: list[float] = []
    deadline = time.perf_counter() + seconds
    clients = [threading.Thread(target=_client, args=(target, job, deadline, times)) for _ in range(CONNECTIONS)]
    started = time.perf_counter()
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    if not times:
        raise BenchError(f"no request was answered ({job})")
    rate = len(times) / (time.perf_counter() - started)
    return Outcome(rate, len(times), *(percentile(times, share) for share in (50, 95, 99)))


def _client(target: Target, job: Job, deadline: float, times: list[float]) -> None:
    patients = target.patients.read_text().split()
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
    while time.perf_counter() < deadline:
        started = time.perf_counter()
        if _ask(connection, target.token, job, patients) >= http.client.BAD_REQUEST:
            return
        times.append((time.perf_counter() - started) * 1000)


def _ask(connection: http.client.HTTPConnection, token: str, job: Job, patients: Sequence[str]) -> int:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    if job == "list":
        connection.request("GET", "/api/v1/patients/", headers=headers)
    else:
        connection.request("POST", "/api/v1/ingestion/blood-pressure/", json.dumps(a_reading(patients)), headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status
