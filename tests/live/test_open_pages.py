"""Two hundred open pages ask every four seconds whether they are current: how soon one of them hears."""

import http.client
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.live.installation import ADMIN, PASSWORD, Installation, Web

pytestmark = pytest.mark.slow
_PAGES = 200
_EVERY = 4.0  # seconds, as static/js/live.js has it
_WITHIN = 5.0  # seconds until news is on the page
_MARK = re.compile(r'data-live="([^"]+)" data-mark="([^"]+)"')


class Page:
    """A console page of somebody who is signed in: the board, with its mark."""

    def __init__(self, web: Web) -> None:
        self._web, self._cookies = web, SimpleCookie()
        form = {"email": ADMIN, "password": PASSWORD, "csrf_token": self._token()}
        assert self._ask("POST", "/admin/login", urlencode(form))[0] in {302, 303}
        self._path, self._mark = "", ""
        self.read()

    def read(self) -> str:
        """Open the page and return it."""
        status, _, text = self._ask("GET", "/admin/")
        found = _MARK.search(text)
        assert status == 200
        assert found is not None
        self._path, self._mark = found[1].replace("&amp;", "&"), found[2]
        return text

    def is_current(self) -> bool:
        """Ask as the page does; anything but the two answers raises AssertionError."""
        headers = {"HX-Request": "true", "HX-Trigger": "live", "If-None-Match": f'"{self._mark}"'}
        status = self._ask("GET", self._path, **headers)[0]
        assert status in {204, 304}
        return status == 304

    def _token(self) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self._ask("GET", "/admin/login")[2])
        assert found is not None
        return found[1]

    def _ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, Any, str]:
        cookies = "; ".join(f"{name}={one.value}" for name, one in self._cookies.items())
        sent = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded", **headers}
        sent = {name.replace("_", "-"): value for name, value in sent.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self._web.port, timeout=30)
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or ():
            self._cookies.load(line)
        return answer.status, answer.headers, answer.read().decode()


@pytest.fixture
def server(install: Callable[..., Installation]) -> Iterator[Web]:
    """A server with somebody to be watched."""
    installation = install(RATELIMIT_USER="10000000/hour")
    installation.create_admin()
    with installation.serving() as web:
        web.sign_in()
        yield web


@contextmanager
def _asking(page: Page, times: int) -> Iterator[None]:
    """Have so many pages ask, spread over each interval, while the block runs."""
    over = threading.Event()

    def ask(number: int) -> None:
        over.wait(number * _EVERY / times)
        while not over.is_set():
            page.is_current()
            over.wait(_EVERY)

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
    page = Page(web)
    with _asking(Page(web), _PAGES):
        for systolic in (121, 182, 123):
            assert page.is_current()
            at = datetime.now(UTC).isoformat()
            body = {"patient_id": patient, "systolic": systolic, "diastolic": 78, "measured_at": at}
            assert web.call("POST", "/api/v1/ingestion/blood-pressure/", body).status == 201
            began = time.monotonic()
            assert not page.is_current()
            assert f"{systolic}/78" in page.read()
            assert time.monotonic() - began < _WITHIN
