"""Changing a password in the console, whose session is a cookie."""

from sqlalchemy import select

from app.extensions import db
from app.models import ConsoleSession, User
from app.services.accounts.console_sessions import find_console_actor, open_console_session
from app.services.accounts.password_changes import change_password
from tests.builders import Person, a_user, in_house

NEW = "nine purple whales at dawn"


def _cookie(person: Person) -> str:
    with in_house(person.actor):
        return open_console_session(db.session.get_one(User, person.actor.user_id))


def test_s09_the_browser_that_changed_the_password_stays_signed_in_and_the_others_do_not() -> None:
    """Its session moves on to the new security version; the other row is gone."""
    person = a_user()
    here, there = _cookie(person), _cookie(person)
    with in_house():
        change_password(find_console_actor(here), person.password, NEW)
    with in_house():
        assert [find_console_actor(cookie) is not None for cookie in (here, there)] == [True, False]
    with in_house(person.actor):
        assert len(db.session.scalars(select(ConsoleSession)).all()) == 1
