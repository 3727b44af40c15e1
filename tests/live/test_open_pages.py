"""Two hundred open pages ask every four seconds whether they are current: how soon one of them hears."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from bench.pages import EVERY_SECONDS, PAGES
from bench.visitor import Visitor
from tests.live.installation import ADMIN, PASSWORD, Installation, Web

pytestmark = pytest.mark.slow
_WITHIN = 5.0  # seconds until news is on the page


@pytest.fixture
def server(install: Callable[..., Installation]) -> Iterator[Web]:
    """A server with somebody to be watched."""
    installation = install(RATELIMIT_USER="10000000/hour")
    installation.create_admin()
    with installation.serving() as web:
        web.sign_in()
        yield web


@contextmanager
def _asking(page: Visitor, times: int) -> Iterator[None]:
    """Have so many pages ask, spread over each interval, while the block runs."""
    over = threading.Event()

    def ask(number: int) -> None:
        over.wait(number * EVERY_SECONDS / times)
        while not over.is_set():
            page.is_current()
            over.wait(EVERY_SECONDS)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_an_open_page_hears_of_a_reading_and_of_each_that_follows(server: Web) -> None:
    """At its first question after it, though two hundred others ask; and what came meanwhile is on the page."""
    web = server
    person = {"first_name": "Kay", "last_name": "Watched", "date_of_birth": "1950-01-02", "gender": "female"}
    patient = web.call("POST", "/api/v1/patients/", person).json["id"]
    page, others = (Visitor(web.port, ADMIN, PASSWORD) for _ in range(2))
    with _asking(others, PAGES):
        for systolic in (121, 182, 123):
            assert page.is_current()
            at = datetime.now(UTC).isoformat()
            body = {"patient_id": patient, "systolic": systolic, "diastolic": 78, "measured_at": at}
            assert web.call("POST", "/api/v1/ingestion/blood-pressure/", body).status == 201
            began = time.monotonic()
            assert not page.is_current()
            assert f"{systolic}/78" in page.read()
            assert time.monotonic() - began < _WITHIN
