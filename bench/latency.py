"""How long one patient client waits: every answer timed over HTTP on one kept connection, nothing else running."""

import http.client
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from bench.children import BenchError
from bench.load import percentile
from bench.people import SEARCHES, SHORT_SEARCHES

_WARM_UP = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long answers took, in milliseconds."""

    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Read:
    """A job of reading: its name in the table and the addresses that are asked for in turn."""

    name: str
    paths: Sequence[str]


def _searches(words: Sequence[str]) -> list[str]:
    return [f"/api/v1/patients/?search={quote(word)}" for word in words]


READS = (
    Read("triage list, 10,000 patients", ["/api/v1/triage/patients/"]),
    Read("triage stats", ["/api/v1/triage/patients/stats/"]),
    Read("search, 3 letters and more", _searches(SEARCHES)),
    Read("search, 1 or 2 letters", _searches(SHORT_SEARCHES)),
    Read("page by last name, warm", [f"/api/v1/patients/?ordering=last_name&page={page}" for page in range(1, 11)]),
    Read("patient list, 10,000 patients", ["/api/v1/patients/"]),
)


def time_read(port: int, token: str, read: Read, times: int) -> Waiting:
    """Ask so many times, after a warm-up of every address, and return the percentiles."""
    client = _Client(port, token)
    for path in [*read.paths] * _WARM_UP:
        client.time(path)
    return waiting([client.time(path) for path in itertools.islice(itertools.cycle(read.paths), times)])


def waiting(times: Sequence[float]) -> Waiting:
    """Return the percentiles of some times."""
    return Waiting(*(percentile(times, share) for share in (50, 95, 99)))


class _Client:
    """One caller on one kept connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}"}

    def time(self, path: str) -> float:
        """Return how many milliseconds the answer took."""
        started = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise BenchError(f"{path} was answered with {answer.status}")
        return (time.perf_counter() - started) * 1000
