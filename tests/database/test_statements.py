"""Statements past the ORM: order, errors and lost connections are what they would be with it."""

from contextlib import suppress
from decimal import Decimal

import pytest
from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from app.database.many import KEEP_PLANS, fold_waiting
from app.database.statements import Statement, send, send_later, take_waiting
from app.domain.errors import Unavailable
from app.extensions import db
from app.models import PracticeThresholds
from app.services.transaction import transaction
from deploy.local_postgres import LocalPostgres
from tests.builders import a_practice, a_user, in_house

_ONE = Statement(select(bindparam("number", type_=db.Integer).label("number")))
_LIMITS = PracticeThresholds.metadata.tables["practice_thresholds"]
_CHANGE = Statement(_LIMITS.update().values(limits=bindparam("new")))
_READ = Statement(select(_LIMITS.c.limits))
_FOUND = Statement(insert(_LIMITS).values(modifiers={}, looks_back=False), ["practice_id", "limits", "version"])


def test_several_statements_answer_in_their_order() -> None:
    """One round trip, one list of rows each."""
    with in_house(), transaction() as session:
        answers = send(session, *((_ONE, {"number": number}) for number in (3, 1, 2)))
    assert [rows[0].number for rows in answers] == [3, 1, 2]


def test_what_is_sent_later_is_seen_by_the_next_question_however_it_is_asked() -> None:
    """Through the driver or through the ORM."""
    doctor = a_user()
    with in_house(doctor.actor), transaction() as session:
        send_later(session, (_CHANGE, {"new": {"systolic_high": Decimal("141.5")}}))
        by_driver = send(session, (_READ, {}))[0][0].limits
        send_later(session, (_CHANGE, {"new": {"systolic_high": 139}}))
        by_orm = session.scalar(select(PracticeThresholds.limits))
    assert (by_driver, by_orm) == ({"systolic_high": Decimal("141.5")}, {"systolic_high": 139})


def test_what_is_sent_later_travels_with_the_commit_and_dies_with_the_rollback() -> None:
    """Neither lost nor left over."""
    doctor = a_user()
    with in_house(doctor.actor):
        with suppress(Unavailable), transaction() as session:
            send_later(session, (_CHANGE, {"new": {"systolic_high": 1}}))
            raise Unavailable
        with transaction() as session:
            send_later(session, (_CHANGE, {"new": {"systolic_high": 150}}))
        with transaction() as session:
            assert send(session, (_READ, {}))[0][0].limits == {"systolic_high": 150}


def test_a_write_that_fails_at_the_commit_takes_everything_with_it() -> None:
    """A second row of one practice's thresholds."""
    doctor = a_user()
    twice = {"practice_id": doctor.actor.practice_id, "limits": {}, "version": 1}
    with in_house(doctor.actor):
        with pytest.raises(IntegrityError), transaction() as session:
            send_later(session, (_CHANGE, {"new": {"systolic_high": 99}}), (_FOUND, twice))
        with transaction() as session:
            assert send(session, (_READ, {}))[0][0].limits["systolic_high"] != 99


def test_the_drivers_errors_are_raised_as_sqlalchemys() -> None:
    """One table of errors serves both; the connection goes on."""
    with in_house():
        with pytest.raises(DataError), transaction() as session:
            send(session, (Statement(text("SELECT 1 / :zero")), {"zero": 0}))
        with transaction() as session:
            assert send(session, (_ONE, {"number": 1}))[0][0].number == 1


def test_a_connection_that_breaks_in_the_middle_says_so_and_is_replaced(postgres: LocalPostgres) -> None:
    """Operational, so that the caller hears 503 and may come back."""
    with in_house():
        with transaction() as session:
            send(session, (_ONE, {"number": 0}))
            _end_connections(postgres)
            with pytest.raises(OperationalError) as caught:
                send(session, (_ONE, {"number": 1}), (_ONE, {"number": 2}))
            session.rollback()
        assert caught.value.connection_invalidated
        with transaction() as session:
            assert send(session, (_ONE, {"number": 7}))[0][0].number == 7


def test_connections_that_the_server_closed_while_idle_are_never_handed_out(postgres: LocalPostgres) -> None:
    """A restart costs nobody an error."""
    practice_id = a_practice()
    with in_house():
        _end_connections(postgres)
        with transaction() as session:
            assert session.scalar(select(bindparam("same", practice_id))) == practice_id


def test_what_goes_first_goes_before_what_was_kept_back_and_not_for_its_own_sake() -> None:
    """Plans are kept for the writes, so that must be said before them; nothing is said when there are none."""
    with in_house(), transaction() as session:
        fold_waiting(session, KEEP_PLANS)
        nothing = take_waiting(session)
        send_later(session, (_ONE, {"number": 1}), (_ONE, {"number": 2}))
        fold_waiting(session, KEEP_PLANS)
        waiting = take_waiting(session)
    assert (nothing, waiting) == ([], [KEEP_PLANS, (_ONE, {"number": 1}), (_ONE, {"number": 2})])


def test_rows_of_other_practices_stay_out_of_sight() -> None:
    """The practice is set in the round trip that opens the transaction."""
    mine, other = a_user(), a_user()
    with in_house(mine.actor), transaction() as session:
        seen = send(session, (Statement(select(_LIMITS.c.practice_id)), {}))[0]
    assert {row.practice_id for row in seen} == {mine.actor.practice_id} != {other.actor.practice_id}


def _end_connections(postgres: LocalPostgres) -> None:
    """End them all and wait until they are gone: one that is only about to end would still be taken for sound."""
    postgres.query(
        "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE usename = 'vantrexia_app'"
    )
