"""Outgoing mail: bound to the transaction it tells about, and gone from the database once it is out."""

import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from socket import create_server
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app.domain.mails import Letter
from app.extensions import db
from app.integrations.mail import MailNotSent, postbox
from app.models import OutgoingMail
from app.services.mail import deliver_mail, write_mail
from app.services.transaction import transaction
from tests.builders import Person, a_user, in_house
from tests.jobs import work
from tests.mailbox import letters_to

ADDRESS = "canary.reader@test.example"
SECRET = "canary-secret-in-the-letter"


def _write(person: Person) -> UUID:
    with in_house(person.actor), transaction() as session:
        write_mail(session, person.actor.practice_id, ADDRESS, Letter("test", "Hello", SECRET, datetime.now(UTC)))
        session.flush()
        return session.scalars(select(OutgoingMail.id)).one()


def _mail(person: Person) -> OutgoingMail:
    with in_house(person.actor):
        return db.session.scalars(select(OutgoingMail)).one()


def test_a_mail_is_sent_by_its_job_and_its_text_wiped() -> None:
    """What is left says that it was sent."""
    person = a_user()
    _write(person)
    work()
    mail = _mail(person)
    assert (mail.state, mail.body, mail.sent_at is None) == ("sent", None, False)
    assert SECRET in letters_to(ADDRESS)[-1]


def test_nothing_is_sent_for_work_that_was_rolled_back() -> None:
    """Neither mail nor job remains."""
    person = a_user()
    address = f"rolled.back.{person.actor.user_id}@test.example"
    letter = Letter("test", "Hello", "x", datetime.now(UTC))
    with suppress(ZeroDivisionError), in_house(person.actor), transaction() as session:
        write_mail(session, person.actor.practice_id, address, letter)
        raise ZeroDivisionError
    work()
    assert letters_to(address) == []


def test_s62_a_jobs_arguments_hold_ids_and_nothing_else() -> None:
    """They are stored in the clear."""
    person = a_user()
    mail_id = _write(person)
    with in_house():
        jobs = db.session.execute(text("SELECT args::text, lock FROM procrastinate_jobs")).all()
    assert any(str(mail_id) in arguments for arguments, _ in jobs)
    assert not any(word in f"{job}" for job in jobs for word in (ADDRESS, SECRET, "canary"))


def test_s58_address_and_text_are_stored_encrypted() -> None:
    """Queued mails hold links that open accounts."""
    person = a_user()
    _write(person)
    with in_house(person.actor):
        stored = db.session.execute(text("SELECT outgoing_mails::text FROM outgoing_mails")).scalar_one()
    assert not any(word.encode().hex() in stored or word in stored for word in (ADDRESS, SECRET))


@pytest.mark.parametrize(("is_last_try", "state", "is_wiped"), [(False, "queued", False), (True, "failed", True)])
def test_a_mail_that_fails_is_kept_until_the_last_try(is_last_try: bool, state: str, is_wiped: bool) -> None:
    """And then only the fact of it."""
    person = a_user()
    mail_id = _write(person)
    with _server_at("smtp://127.0.0.1:1"), _refused():
        deliver_mail(person.actor.practice_id, mail_id, is_last_try=is_last_try)
    assert (_mail(person).state, _mail(person).body is None) == (state, is_wiped)


def test_s62_what_the_queue_logs_of_a_refused_mail_does_not_name_its_receiver() -> None:
    """Mail servers repeat the address in their refusals, and the queue logs what it catches with its causes."""
    person = a_user()
    mail_id = _write(person)
    refusal = {"RCPT": f"550 <{ADDRESS}> unknown"}
    with _smtp_server(refusal) as (url, said), _server_at(url), in_house(), pytest.raises(MailNotSent) as caught:
        deliver_mail(person.actor.practice_id, mail_id)
    assert any(ADDRESS in line for line in said)
    assert ADDRESS not in "".join(traceback.format_exception(caught.value))


def test_smtp_is_spoken_and_a_second_delivery_sends_nothing() -> None:
    """A worker that dies after sending leaves a mail that is sent again with the same Message-ID, not a lost one."""
    person = a_user()
    mail_id = _write(person)
    with _smtp_server() as (url, said), _server_at(url), in_house():
        deliver_mail(person.actor.practice_id, mail_id)
        deliver_mail(person.actor.practice_id, mail_id)
    assert [line for line in said if line.upper().startswith("RCPT")] == [f"rcpt TO:<{ADDRESS}>"]
    assert any(str(mail_id) in line for line in said)


def test_s57_a_mail_server_elsewhere_is_never_spoken_to_in_clear() -> None:
    """No STARTTLS, no mail: 127.1 is not known to be this machine."""
    person = a_user()
    mail_id = _write(person)
    with _smtp_server() as (url, said), _server_at(url.replace("127.0.0.1", "127.1", 1)), _refused():
        deliver_mail(person.actor.practice_id, mail_id)
    assert not any(line.upper().startswith(("MAIL", "RCPT", "DATA")) for line in said)


@contextmanager
def _refused() -> Iterator[None]:
    with in_house(), pytest.raises(MailNotSent):
        yield


@contextmanager
def _server_at(url: str) -> Iterator[None]:
    server = postbox._server
    postbox.configure(url, postbox._directory, postbox._sender, postbox.public_url)
    yield
    postbox._server = server


@contextmanager
def _smtp_server(answers: dict[str, str] | None = None) -> Iterator[tuple[str, list[str]]]:
    """The few words of SMTP that a client needs to hear."""
    said: list[str] = []
    with create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_converse, args=(listener, said, answers or {}), daemon=True).start()
        yield f"smtp://127.0.0.1:{listener.getsockname()[1]}", said


def _converse(listener, said: list[str], answers: dict[str, str]) -> None:
    connection, _ = listener.accept()
    with connection, connection.makefile("rw", newline="\r\n") as talk:
        print("220 test", file=talk, flush=True)
        in_letter = False
        for line in talk:
            said.append(line.strip())
            in_letter = said[-1] != "." if in_letter else said[-1].upper() == "DATA"
            if not in_letter or said[-1].upper() == "DATA":
                word = said[-1][:4].upper()
                usual = {"DATA": "354 go on", "QUIT": "221 bye"}.get(word, "250 ok")
                print(answers.get(word, usual), file=talk, flush=True)
