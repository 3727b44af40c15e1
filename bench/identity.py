"""`python -m bench.identity`: what it costs that somebody asks, part by part: token, limit, session and tenancy, audit.

Asked within one process, without a web server, with a Redis of its own when there is one. Medians of many requests.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from flask.testing import FlaskClient
from limits.strategies import MovingWindowRateLimiter

from app.audit import events
from app.services.accounts import sessions
from app.web import identity, rate_limits
from bench import children, ours
from bench.seed import PASSWORD
from deploy.local_postgres import LocalPostgres

_TIMES, _WARM_UP = 1000, 100
_OPEN, _SIGNED_IN = "/health/live", "/api/v1/auth/me/"
# What is timed: the name in the table, where the function lives, its name there.
_PARTS: tuple[tuple[str, Any, str], ...] = (
    ("token read", identity, "_bearer_claims"),
    ("request counted", MovingWindowRateLimiter, "hit"),
    ("limit's headers", rate_limits, "_state"),
    ("BEGIN, practice, session", sessions, "begin_with"),
    ("audit event, COMMIT", events, "commit_recorded"),
)


@dataclass
class Timed:
    """How long a part took, each time, in milliseconds."""

    name: str
    took: list[float] = field(default_factory=list)


def main() -> None:
    """Measure and print a table."""
    directory = Path(tempfile.mkdtemp(prefix="vantrexia-identity-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        postgres = LocalPostgres(directory)
        stack.callback(postgres.stop)
        postgres.start()
        redis_url = stack.enter_context(children.redis(directory))
        subject = ours.prepare(postgres, redis_url, directory, small=20, large=20)
        client = subject.app.test_client()
        answer = client.post("/api/v1/auth/login/", json={"email": subject.small.email, "password": PASSWORD})
        headers = {"Authorization": f"Bearer {(answer.json or {})['access']}"}
        _print(*_measure(client, headers), has_redis=redis_url is not None)


def _measure(client: FlaskClient, headers: dict[str, str]) -> tuple[float, float, list[Timed]]:
    """Return the medians of an open and of a signed-in request, and the parts of the latter."""
    _ask(client, _SIGNED_IN, headers, _WARM_UP)
    open_ms = median(_ask(client, _OPEN, {}, _TIMES))
    signed_in_ms = median(_ask(client, _SIGNED_IN, headers, _TIMES))
    parts = [Timed(name) for name, _, _ in _PARTS]
    with ExitStack() as stack:
        for part, (_, owner, name) in zip(parts, _PARTS, strict=True):
            stack.enter_context(_timing(part, owner, name))
        _ask(client, _SIGNED_IN, headers, _TIMES)
    return open_ms, signed_in_ms, parts


def _ask(client: FlaskClient, path: str, headers: dict[str, str], times: int) -> list[float]:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        status = client.get(path, headers=headers).status_code
        took.append((time.perf_counter() - began) * 1000)
        if status != 200:
            raise children.BenchError(f"{path} was answered with {status}")
    return took


@contextmanager
def _timing(part: Timed, owner: Any, name: str) -> Iterator[None]:
    real: Callable[..., Any] = getattr(owner, name)

    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return real(*args, **kwargs)
        finally:
            part.took.append((time.perf_counter() - began) * 1000)

    setattr(owner, name, timed)
    try:
        yield
    finally:
        setattr(owner, name, real)


def _print(open_ms: float, signed_in_ms: float, parts: list[Timed], *, has_redis: bool) -> None:
    rows = [(part.name, median(part.took)) for part in parts]
    total = sum(took for _, took in rows)
    print(f"\n| part | ms |\n|---|---:|\n{''.join(f'| {name} | {took:.2f} |' + chr(10) for name, took in rows)}"
          f"| **being somebody** | **{total:.2f}** |\n")  # fmt: skip
    print(
        f"An open request {open_ms:.2f} ms, one's own account {signed_in_ms:.2f} ms (its row is read and opened too)."
    )
    print(f"Limits are counted in {'Redis' if has_redis else 'memory'}. Wanted: at most 0.5 ms.")


if __name__ == "__main__":
    main()
