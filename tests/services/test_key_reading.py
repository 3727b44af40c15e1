"""Reading keys in the middle of a transaction: on its own connection, and never such as may not come to be."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from app.crypto.keyring import keyring
from app.extensions import db
from app.services.keys import rotation
from app.services.transaction import transaction
from tests.builders import Person, a_user, in_house

_NOBODY = text("SELECT 1 / 0")


@pytest.fixture
def doctor(app: Flask) -> Person:
    """Somebody whose practice has keys."""
    return a_user()


@contextmanager
def _lent() -> Iterator[list[Any]]:
    """Collect the connections that are taken from the pool."""
    taken: list[Any] = []

    def note(connection: Any, *_: Any) -> None:
        taken.append(connection)

    pool = db.engine.pool
    event.listen(pool, "checkout", note)
    try:
        yield taken
    finally:
        event.remove(pool, "checkout", note)


def _forget(person: Person) -> None:
    keyring.forget(person.actor.practice_id)
    keyring.forget(None)


def test_a_transaction_reads_keys_on_the_connection_it_has(doctor: Person) -> None:
    """A second one could be waited for in vain, where there are few."""
    with in_house(doctor.actor), _lent() as taken, transaction() as session:
        session.connection()
        _forget(doctor)
        keyring.practice(doctor.actor.practice_id)
        keyring.practice(None)
        assert len(taken) == 1


def test_without_a_transaction_none_is_left_open(doctor: Person) -> None:
    """A connection is borrowed and given back."""
    with in_house(doctor.actor), _lent() as taken:
        _forget(doctor)
        keyring.practice(doctor.actor.practice_id)
        assert len(taken) == 1
        assert not db.session().in_transaction()


def test_a_transaction_that_failed_reads_them_apart(doctor: Person) -> None:
    """Whoever tells of the failure may need to decrypt."""
    with in_house(doctor.actor), transaction() as session:
        with pytest.raises(DBAPIError):
            session.execute(_NOBODY)
        _forget(doctor)
        assert keyring.practice(doctor.actor.practice_id).newest == 1
        session.rollback()


def test_keys_of_another_practice_are_read_apart(doctor: Person) -> None:
    """The open transaction does not see them."""
    other = a_user()
    with in_house(doctor.actor), transaction() as session:
        session.connection()
        _forget(other)
        assert keyring.practice(other.actor.practice_id).newest == 1


def test_a_key_that_was_taken_back_is_never_in_use(doctor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rotation announces a key, somebody encrypts before the commit, and the commit fails."""
    practice_id = doctor.actor.practice_id

    def look_and_fail(*_: object, **__: object) -> None:
        _forget(doctor)
        assert keyring.practice(practice_id).newest == 1
        raise RuntimeError("stopped")

    with in_house(doctor.actor):
        monkeypatch.setattr(rotation.events, "record", look_and_fail)
        with pytest.raises(RuntimeError, match="stopped"):
            rotation.announce_data_key(practice_id)
        assert keyring.practice(practice_id).newest == 1
