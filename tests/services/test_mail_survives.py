"""A worker that is killed in the middle of a mail loses nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from socket import create_server
from uuid import UUID

import pytest
from sqlalchemy import select

from app.domain.mails import Letter
from app.extensions import db
from app.models import OutgoingMail
from app.services.mail import write_mail
from app.services.transaction import transaction
from config import ROOT, Settings
from tests.builders import Person, a_user, in_house

_PATIENCE_SECONDS = 120.0


@pytest.mark.slow
def test_a_mail_in_the_hands_of_a_killed_worker_is_sent_by_the_next(settings: Settings) -> None:
    """kill -9 while the mail server keeps it waiting; the text is kept until another worker has sent it."""
    person = a_user()
    mail_id = _write(person)
    with _silent_server() as (url, was_called), _worker(settings, SMTP_URL=url) as doomed:
        assert was_called.wait(_PATIENCE_SECONDS)
        doomed.send_signal(signal.SIGKILL)
        doomed.wait()
    assert _state(person, mail_id) == "queued"
    with _worker(settings):
        _wait_until(lambda: _state(person, mail_id) == "sent")


def _write(person: Person) -> UUID:
    letter = Letter("test", "Hello", "x", datetime.now(UTC))
    with in_house(person.actor), transaction() as session:
        write_mail(session, person.actor.practice_id, person.email, letter)
        session.flush()
        return session.scalars(select(OutgoingMail.id)).one()


def _state(person: Person, mail_id: UUID) -> str:
    with in_house(person.actor):
        return db.session.get_one(OutgoingMail, mail_id).state


@contextmanager
def _worker(settings: Settings, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ, "APP_ENV": "development", "DATABASE_URL": settings.database_url,
        "VAR_DIR": str(settings.var_dir), **more,
    }  # fmt: skip
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    worker = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    yield worker
    worker.terminate()
    worker.wait(_PATIENCE_SECONDS)


@contextmanager
def _silent_server() -> Iterator[tuple[str, threading.Event]]:
    """Listens and never says a word."""
    was_called = threading.Event()
    with create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connections.append(listener.accept())
            was_called.set()

        connections: list[object] = []
        threading.Thread(target=answer, daemon=True).start()
        yield f"smtp://127.0.0.1:{listener.getsockname()[1]}", was_called


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)
