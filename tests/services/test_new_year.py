"""A new year: without its rules nothing is billed and the reason is told; with two files more it is."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from flask import Flask

from app.domain.billing.clocks import Window
from app.domain.billing.engine import evaluate
from app.domain.billing.facts import Book, Horizon
from app.domain.billing.fees import national_schedules
from app.domain.billing.rules import rule_book
from app.domain.roles import Role
from app.services.billing.books import load_book
from app.services.billing.facts import load_patients
from app.services.transaction import transaction
from tests.billing import Monitored, days_from, monitored
from tests.builders import a_practice, a_user, in_house
from tests.new_years import as_shipped, known_until

JANUARY = Window(date(2027, 1, 1), date(2027, 1, 31))
FEBRUARY_3 = datetime(2027, 2, 3, 12, tzinfo=UTC)


def _book(of: Monitored) -> Book:
    with in_house(of.biller.actor), transaction() as session:
        return load_book(session, of.biller.actor.practice_id)


def _answers(of: Monitored) -> dict[str, Any]:
    """Return what the engine will say on 3 February 2027 of the January before, by code."""
    horizon = Horizon(JANUARY, FEBRUARY_3)
    with in_house(of.biller.actor), transaction() as session:
        facts = load_patients(session, of.biller.actor.practice_id, [of.patient_id], horizon)[of.patient_id]
        book = load_book(session, of.biller.actor.practice_id)
    return {one.code: one for one in evaluate(facts, book, horizon).answers if one.window.ends_on == date(2027, 1, 30)}


def test_a_month_without_rules_is_told_so_and_two_files_make_it_billable(app: Flask, tmp_path: Path) -> None:
    """Sixteen days of January 2027; a practice founded before has the new fees at its next question."""
    of = monitored(date(2026, 11, 1))
    of.measures(*days_from(date(2027, 1, 1), 16))
    with as_shipped():
        refused = _answers(of)["99454"]
        assert [one.reason.value for one in refused.findings] == ["CODE_NOT_EFFECTIVE"]
        assert refused.amount is None
    with known_until(JANUARY.ends_on, tmp_path):
        lines = [one for one in _answers(of).values() if one.is_billable]
        assert [(one.code, str(one.amount), one.rule_set_id) for one in lines] == [("99454", "52.11", "2027")]


def test_what_is_known_already_stays_as_it_is(tmp_path: Path) -> None:
    """Until the end of the shipped years nothing is added, and a year behind them adds its own and no more."""
    with as_shipped():
        last = max(one.effective_to for one in rule_book().sets)
        shipped = rule_book().sets, national_schedules()
    (tmp_path / "now").mkdir()
    (tmp_path / "later").mkdir()
    with known_until(last, tmp_path / "now"):
        assert (rule_book().sets, national_schedules()) == shipped
    with known_until(date(last.year + 2, 1, 1), tmp_path / "later"):
        years = [rule_book().on(date(last.year + number, 12, 31)) for number in range(4)]
        assert [one.id if one else None for one in years] == [str(last.year + number) for number in range(3)] + [None]


def test_a_practice_is_founded_once(app: Flask) -> None:
    """The second question finds what the first one founded."""
    practice = a_practice()
    of = monitored(date(2026, 11, 1), practice, (a_user(practice), a_user(practice, Role.BILLING_MANAGER)))
    assert len(_book(of).fees.schedules) == len(_book(of).fees.schedules) == len(national_schedules())
