"""A worker that is killed between sending and recording: sent once more under the same id, and then never again."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from app.domain.notifications.settings import Carrier
from config import ROOT, Settings
from tests.builders import Person, a_user
from tests.carriers import Request, carriers
from tests.notifications import later, only, set_up, tell, the_delivery

_PATIENCE_SECONDS = 300.0


@pytest.mark.slow
def test_a_message_in_the_hands_of_a_killed_worker_is_sent_once_more(settings: Settings) -> None:
    """kill -9 when the provider has it and has not answered; the second copy has the first one's id."""
    person = a_user()
    only(person, "sms")
    was_taken, may_answer = threading.Event(), threading.Event()

    def hold(_request: Request) -> None:
        was_taken.set()
        may_answer.wait(_PATIENCE_SECONDS)

    with carriers() as server:
        set_up(person, server, Carrier.HTTP_JSON)
        server.before_answer = hold
        tell(person)
        with _worker(settings) as doomed:
            assert was_taken.wait(_PATIENCE_SECONDS)
            doomed.send_signal(signal.SIGKILL)
            doomed.wait()
        may_answer.set()
        assert _state(person) == ("waiting", 1)
        later(person, timedelta(minutes=2))  # the dead worker's claim has run out
        with _worker(settings):
            _wait_until(lambda: the_delivery(person).state == "sent")
        assert _state(person) == ("sent", 2)
        assert {one.headers["Idempotency-Key"] for one in server.asked} == {str(the_delivery(person).id)}
        assert len(server.asked) == 2


def _state(person: Person) -> tuple[str, int]:
    delivery = the_delivery(person)
    return delivery.state, delivery.tries


@contextmanager
def _worker(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ, "APP_ENV": "development", "DATABASE_URL": settings.database_url,
        "VAR_DIR": str(settings.var_dir),
    }  # fmt: skip
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    worker = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    yield worker
    worker.terminate()
    worker.wait(_PATIENCE_SECONDS)


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.5)
