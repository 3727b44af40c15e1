"""`python -m bench`: start everything on loopback, measure, print one table, end everything."""

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import children, ours, yardstick
from bench.batches import SPREADS, measure_batches, measure_copy
from bench.billing import SIZES, measure_billing
from bench.effort import busy_share
from bench.latency import READS, time_read
from bench.limit import Limit
from bench.load import Job, Outcome, Target, has_wrk, middle, put_under_load
from bench.ours import LARGE, Ours
from bench.pages import measure_pages
from bench.statements import Counted, count_statements
from bench.table import Row, render, verdicts
from bench.vitals import measure_board, measure_dry_run, measure_statistics
from bench.webhooks import measure_webhooks
from deploy.local_postgres import LocalPostgres

_TARGETS = 500
_QUIET = 20.0  # percent of the cores
_WARNING = "\nNOT A QUIET MACHINE: compare rates within this table only, and do not believe the times."
_JOBS: tuple[tuple[Job, str], ...] = (("post", "reading posted"), ("list", "patients listed"))


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure."""

    rounds: int
    seconds: float
    warm_up_seconds: float
    reads: int


FULL, QUICK = Plan(3, 6, 2, 200), Plan(2, 3, 1, 60)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure speed and print a table.")
    parser.add_argument("--quick", action="store_true", help="two short rounds, fewer questions")
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts to run, of {', '.join(PARTS)}")
    given = parser.parse_args()
    plan, parts = QUICK if given.quick else FULL, tuple(given.only.split(","))
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    started = time.monotonic()
    noise = busy_share()
    with ExitStack() as stack:
        rows = _measure(stack, plan, parts)
    noise = max(noise, busy_share())
    print(f"\n{render(rows)}\n", *verdicts(rows), sep="\n")
    client = "wrk" if has_wrk() else "Python threads (wrk is missing)"
    print(
        f"\nours, yardstick, limit: requests a second by {client}, 8 connections (batches: 2), median of"
        f" {plan.rounds} x {plan.seconds:.0f} s taken in turn (batches: once).\np50 to p99: ms; readings, lists and"
        " batches under that load, the others one client alone.\nSQL: statements in round trips to the database."
        "\nCPU ms: processor time of the server's processes a request, ours : yardstick, without the database's."
        f"\n{os.cpu_count()} cores shared by all, others kept {noise:.0f}% of them busy before or after,"
        f" Python {platform.python_version()}, {time.monotonic() - started:.0f} s in all."
        f"{_WARNING if noise > _QUIET else ''}"
    )


@dataclass(frozen=True, slots=True)
class Bench:
    """What the parts measure, and with what."""

    plan: Plan
    directory: Path
    postgres: LocalPostgres
    subject: Ours
    pid: int
    port: int
    peer: Target | None


def _measure(stack: ExitStack, plan: Plan, parts: Sequence[str]) -> list[Row]:
    directory = stack.enter_context(_scratch())
    postgres = stack.enter_context(_database(directory))
    redis_url = stack.enter_context(children.redis(directory))
    _say("our side: migrating and seeding")
    subject = ours.prepare(postgres, redis_url, directory, large=LARGE if {"reads", "board"} & set(parts) else 10)
    if redis_url is None:
        _say("no redis-server: ours is measured with one process instead of two")
    peer = _yardstick(stack, postgres, directory) if {"load", "batch"} & set(parts) else None
    pid, port = stack.enter_context(ours.serving(subject, directory))
    bench, rows = Bench(plan, directory, postgres, subject, pid, port, peer), []
    for part in parts:
        _say(f"part: {part}")
        rows += PARTS[part](bench)
    return rows


def _load(bench: Bench) -> list[Row]:
    """One reading and one page, under load, beside the yardstick and pgbench."""
    subject, counts = bench.subject, count_statements(bench.subject)
    limit = Limit(bench.postgres, subject.small, bench.directory)
    target = _our_target(bench, _TARGETS)
    return [_load_row(job, name, target, bench.peer, limit, bench.plan, counts[name]) for job, name in _JOBS]


def _our_target(bench: Bench, patients: int) -> Target:
    """Return our side under load, with so many patients."""
    listed = bench.directory / f"patients-{patients}.txt"
    listed.write_text("\n".join(map(str, bench.subject.small.patient_ids[:patients])))
    return Target(bench.pid, bench.port, ours.sign_in(bench.port, bench.subject.small), listed)


def _reads(bench: Bench) -> list[Row]:
    """Lists, searches and triage, one client alone."""
    counts, token = count_statements(bench.subject), ours.sign_in(bench.port, bench.subject.large)
    rows = []
    for read in READS:
        waited = time_read(bench.port, token, read, bench.plan.reads)
        sql = str(counts[read.name])
        rows.append(Row(read.name, p50_ms=waited.p50_ms, p95_ms=waited.p95_ms, p99_ms=waited.p99_ms, sql=sql))
    return rows


def _batch(bench: Bench) -> list[Row]:
    """Full batches beside COPY of the same rows, and the yardstick's rate of single readings."""
    if not has_wrk():
        _say("no wrk: batches are not measured")
        return []
    singles = put_under_load(bench.peer, "post", bench.plan.seconds).per_second if bench.peer else None
    target = _our_target(bench, len(bench.subject.small.patient_ids))
    measure_batches(target, SPREADS[0], bench.plan.warm_up_seconds)
    batched = [measure_batches(target, spread, bench.plan.seconds) for spread in SPREADS]
    copied = measure_copy(bench.postgres)
    return [
        Row(
            f"in batches, {spread:,} patients each", ours=one.per_second, yardstick=singles, limit=copied,
            cpu_ms=(one.cpu_ms, None), p50_ms=one.p50_ms, p95_ms=one.p95_ms, p99_ms=one.p99_ms,
        )
        for spread, one in zip(SPREADS, batched, strict=True)
    ]  # fmt: skip


def _webhook(bench: Bench) -> list[Row]:
    return measure_webhooks(bench.subject, bench.postgres, bench.port, bench.directory)


def _board(bench: Bench) -> list[Row]:
    return measure_board(bench.subject, bench.postgres, bench.plan.reads)


def _stats(bench: Bench) -> list[Row]:
    return [measure_statistics(bench.subject, bench.postgres, bench.plan.reads)]


def _dry_run(bench: Bench) -> list[Row]:
    return [measure_dry_run(bench.subject, bench.postgres)]


def _billing(bench: Bench) -> list[Row]:
    return [measure_billing(bench.subject, bench.postgres, size) for size in SIZES]


def _pages(bench: Bench) -> list[Row]:
    """Two hundred open boards that ask whether anything is new."""
    return [measure_pages(bench.subject, bench.postgres, bench.pid, bench.port)]


PARTS: Mapping[str, Callable[[Bench], list[Row]]] = {
    "load": _load, "reads": _reads, "batch": _batch, "webhook": _webhook, "stats": _stats, "dry-run": _dry_run,
    "pages": _pages, "board": _board, "billing": _billing,
}  # fmt: skip


def _load_row(
    job: Job, name: str, target: Target, peer: Target | None, limit: Limit, plan: Plan, counted: Counted
) -> Row:
    """Warm up, then take turns: ours, the yardstick, the database alone."""
    _say(f"under load: {name}")
    mine: list[Outcome] = []
    theirs: list[Outcome] = []
    most: list[float] = []
    for server in filter(None, (target, peer)):
        put_under_load(server, job, plan.warm_up_seconds)
    limit.analyse()
    for _ in range(plan.rounds):
        mine.append(put_under_load(target, job, plan.seconds))
        if peer is not None:
            theirs.append(put_under_load(peer, job, plan.seconds))
        most.append(limit.measure(job, plan.seconds / 2))
    _say("  ".join(f"{outcome.per_second:.0f}/s" for outcome in [*mine, *theirs]))
    typical, other = middle(mine), middle(theirs) if theirs else None
    return Row(
        name,
        ours=typical.per_second,
        yardstick=other.per_second if other else None,
        limit=median(most),
        cpu_ms=(typical.cpu_ms, other.cpu_ms if other else None),
        p50_ms=typical.p50_ms,
        p95_ms=typical.p95_ms,
        p99_ms=typical.p99_ms,
        sql=str(counted),
    )


def _yardstick(stack: ExitStack, postgres: LocalPostgres, directory: Path) -> Target | None:
    folder = yardstick.find_yardstick()
    if folder is None:
        _say("the yardstick was skipped: BENCH_PEER names no folder with peer.py")
        return None
    _say("the yardstick: installing (once) and seeding")
    return stack.enter_context(yardstick.serving(folder, postgres, directory))


@contextmanager
def _scratch() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="vantrexia-bench-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _database(directory: Path) -> Iterator[LocalPostgres]:
    postgres = LocalPostgres(directory)
    try:
        postgres.start()
        yield postgres
    finally:
        postgres.stop()


def _say(text: str) -> None:
    print(f"{time.strftime('%X')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
