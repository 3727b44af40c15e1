"""Days with a reading in the last seven full local days: both sides of midnight, the week, the limit and the clock."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from app.domain.days import local_day
from app.domain.triage.adherence import has_begun, reading_days
from app.domain.triage.evaluation import evaluate, evaluate_adherence
from app.domain.triage.parameters import PARAMETERS, AlertClass
from app.domain.triage.replay import Replayed, replay
from app.domain.triage.rules import RuleBook, rule_book
from app.domain.triage.score import LatestValue, RiskLevel, ScoreInputs, risk_score
from app.domain.triage.score_record import raised_in
from app.domain.triage.state import State
from app.domain.triage.windows import Sample

_NEW_YORK = "America/New_York"
_ZONE = ZoneInfo(_NEW_YORK)
_TODAY = date(2026, 11, 5)  # clocks went back on November 1
_NOW = datetime(2026, 11, 5, 9, tzinfo=_ZONE)
_RULE = "reading_days_7_days_low"
_BOOK = rule_book({_RULE: Decimal(4)})
_SEEN = State(datetime(2026, 11, 4, 9, tzinfo=UTC))


def _local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=_ZONE)


@pytest.mark.parametrize(
    ("measured", "days"),
    [
        ([], 0),
        (["11-05T00:01"], 0), (["11-04T23:59"], 1),  # today does not count, yesterday does
        (["10-29T00:01"], 1), (["10-28T23:59"], 0),  # seven days back, and eight
        (["11-02T00:01", "11-02T23:59"], 1),  # one local day, two by UTC
        (["11-02T23:59", "11-03T00:01"], 2),  # two local days, one by UTC
        (["11-01T00:01", "11-01T23:59"], 1),  # a day of 25 hours
        (["10-30T08:00", "11-01T08:00", "11-03T08:00"], 3),
        (["10-30T08:00", "11-01T08:00", "11-03T08:00", "11-04T08:00"], 4),
    ],
)  # fmt: skip
def test_local_days_with_a_reading_are_counted_once(measured: list[str], days: int) -> None:
    """Of the seven full days before today."""
    assert reading_days((local_day(_local(one), _NEW_YORK) for one in measured), _TODAY) == days


@pytest.mark.parametrize(("first", "begun"), [("10-29T23:59", True), ("10-30T00:01", False)])
def test_a_patient_has_begun_seven_local_days_after_the_first_reading(first: str, begun: bool) -> None:
    """Six days are too few to be behind."""
    assert has_begun(local_day(_local(first), _NEW_YORK), _TODAY) is begun


@pytest.mark.parametrize(("days", "raised"), [(0, True), (3, True), (4, False), (7, False)])
def test_fewer_days_than_expected_raise_an_alert(days: int, raised: bool) -> None:
    """Exactly as many as expected suffice."""
    assert bool(evaluate_adherence(_BOOK, _SEEN, days, _NOW).raised) is raised


def test_it_is_raised_once_and_cleared_by_enough_days() -> None:
    """Three days, three days, four days, three days."""
    state, told = _SEEN, []
    for days in (3, 3, 4, 3):
        found = evaluate_adherence(_BOOK, state, days, _NOW)
        told.append((len(found.raised), found.cleared))
        state = found.state
    assert told == [(1, ()), (0, ()), (0, (_RULE,)), (1, ())]


def test_it_is_a_matter_of_compliance_in_words() -> None:
    """Not of health; who sees it knows what was expected."""
    (breach,) = evaluate_adherence(_BOOK, _SEEN, 3, _NOW).raised
    assert breach.message == "Readings on 3 of the last 7 days, expected on at least 4"
    assert (breach.alert_class, breach.level.value) == (AlertClass.COMPLIANCE, "warning")


def test_one_reading_does_not_clear_it() -> None:
    """Only the count of days does."""
    raised = evaluate_adherence(_BOOK, _SEEN, 3, _NOW).state
    after = evaluate(Sample(_NOW, {"pulse": Decimal(70)}), (), _BOOK, raised, _ZONE)
    assert (after.cleared, _RULE in after.state.rules) == ((), True)


def test_it_is_off_until_somebody_sets_it() -> None:
    """No number is everybody's."""
    assert rule_book({}).adherence is None
    assert evaluate_adherence(rule_book({}), _SEEN, 0, _NOW).raised == ()
    assert PARAMETERS[_RULE].low == 1


def test_who_measures_too_seldom_is_not_out_of_range() -> None:
    """It lifts nobody into another band."""
    state = evaluate_adherence(_BOOK, _SEEN, 3, _NOW).state
    latest = {"pulse": LatestValue(Decimal(70), _NOW, "r")}
    inputs = ScoreInputs(_NOW, latest, 0, 0, _NOW, _NOW, raised_in(state, frozenset()), False, None)
    assert risk_score(inputs, _BOOK).level is RiskLevel.NORMAL


def _replayed(days: Sequence[int], book: RuleBook = _BOOK, first_at: datetime | None = None) -> list[Replayed]:
    """Replay noon readings of those days of October."""
    samples = [Sample(datetime(2026, 10, day, 16, tzinfo=UTC), {"pulse": Decimal(70)}, str(day)) for day in days]
    since, until = (datetime(2026, month, 1, 12, tzinfo=UTC) for month in (10, 11))
    return replay(samples, book, _ZONE, since, until, first_at)


def test_a_dry_run_tells_it_on_the_midnights_on_which_it_is_found() -> None:
    """Daily up to the 10th: of the seven days before the 15th four are left at its midnight's eve, three then."""
    (alert,) = _replayed(range(1, 11))
    assert (alert.rule, alert.at) == (_RULE, datetime(2026, 10, 15, 4, tzinfo=UTC))
    assert _replayed(range(1, 32)) == []


def test_a_dry_run_spares_newcomers_and_tells_nobody_twice() -> None:
    """First readings on the 20th and 21st; whoever measured a year ago was told long before."""
    assert [alert.at.day for alert in _replayed((20, 21))] == [27]
    assert _replayed((20, 21), first_at=datetime(2025, 10, 1, tzinfo=UTC)) == []
