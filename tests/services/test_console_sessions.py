"""How long a browser stays signed in to the console."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.extensions import db
from app.models import ConsoleSession, User
from app.services.accounts.console_sessions import end_console_session, find_console_actor, open_console_session
from app.services.transaction import transaction
from tests.builders import Person, a_user, in_house


def _cookie(person: Person) -> str:
    with in_house(person.actor):
        return open_console_session(db.session.get_one(User, person.actor.user_id))


def _is_signed_in(cookie: str, *, is_activity: bool = True) -> bool:
    with in_house():
        return find_console_actor(cookie, is_activity=is_activity) is not None


def _set(person: Person, **values: Any) -> None:
    with in_house(person.actor), transaction() as session:
        session.execute(update(ConsoleSession).values(**values))


def _ago(**time: float) -> datetime:
    return datetime.now(UTC) - timedelta(**time)


@pytest.mark.parametrize(("minutes", "is_in"), [(14, True), (16, False)])
def test_s67_fifteen_idle_minutes_sign_out(minutes: int, is_in: bool) -> None:
    """By the server's own clock."""
    person = a_user()
    cookie = _cookie(person)
    _set(person, last_seen_at=_ago(minutes=minutes))
    assert _is_signed_in(cookie) is is_in


def test_s67_twelve_hours_sign_out_whoever_is_busy() -> None:
    """Absolute."""
    person = a_user()
    cookie = _cookie(person)
    _set(person, expires_at=_ago(seconds=1))
    assert not _is_signed_in(cookie)


@pytest.mark.parametrize(("is_activity", "moves"), [(True, True), (False, False)])
def test_s67_a_page_that_refreshes_itself_does_not_put_off_the_log_off(is_activity: bool, moves: bool) -> None:
    """Only what a person does counts."""
    person = a_user()
    cookie = _cookie(person)
    before = _ago(minutes=10)
    _set(person, last_seen_at=before)
    _is_signed_in(cookie, is_activity=is_activity)
    with in_house(person.actor):
        seen = db.session.scalars(select(ConsoleSession.last_seen_at)).one()
    assert (seen > before) is moves


@pytest.mark.parametrize("change", [{"security_version": 2}, {"disabled_at": _ago(seconds=1)}])
def test_a_changed_or_disabled_account_is_out(change: dict[str, Any]) -> None:
    """At the next page."""
    person = a_user()
    cookie = _cookie(person)
    with in_house(person.actor), transaction() as session:
        session.execute(
            update(User).where(User.id == person.actor.user_id).values(**change), execution_options={"recorded": True}
        )
    assert not _is_signed_in(cookie)


def test_s67_logging_out_ends_the_session_and_a_forged_cookie_opens_none() -> None:
    """Nor does one of another practice."""
    person, other = a_user(), a_user()
    cookie = _cookie(person)
    secret = cookie.partition(".")[2]
    assert not _is_signed_in(f"{other.actor.practice_id.hex}.{secret}")
    assert not any(map(_is_signed_in, ("", "x", f"{person.actor.practice_id.hex}.", f"zz.{secret}")))
    with in_house(person.actor):
        end_console_session(cookie)
    assert not _is_signed_in(cookie)
