"""The dry run: the same answers as live, counted, and what differs between two sets of rules."""

from datetime import UTC, timedelta
from time import perf_counter

from app.domain.triage.effective import ThresholdSet, effective_rules
from app.domain.triage.profiles import Condition
from app.domain.triage.replay import Tally, days_between, difference, replay
from app.domain.triage.rules import Modifiers
from tests.domain.triage.rooms import A_DAY, DEFAULTS, NOW, a_book, rules_raised, run, sample

_START = NOW - 30 * A_DAY


def _readings(*values: int, every: timedelta = A_DAY) -> list:  # type: ignore[type-arg]
    return [sample(_START + number * every, systolic=value) for number, value in enumerate(values)]


def test_a_replay_raises_what_live_evaluation_raised() -> None:
    """One alert a reading, its worst; the function is the same."""
    readings = _readings(150, 120, 190, 145, 139, 140)
    live = [rules[0] for rules in rules_raised(run(DEFAULTS, *readings)) if rules]
    alerts = replay(readings, DEFAULTS, UTC, _START, _START + 6 * A_DAY)
    assert [alert.rule for alert in alerts] == live
    assert replay(readings, DEFAULTS, UTC, _START, _START + 6 * A_DAY) == alerts


def test_readings_before_the_window_only_warm_up() -> None:
    """The third of three raises; the first two lie before the window."""
    book = a_book({"systolic": Modifiers(3, 3)})
    alerts = replay(_readings(150, 150, 150), book, UTC, _START + 2 * A_DAY, NOW)
    assert [alert.rule for alert in alerts][:1] == ["systolic_high"]


def test_silence_alerts_when_it_became_too_long() -> None:
    """Between readings and at the end."""
    readings = [sample(_START, pulse=70), sample(_START + 10 * A_DAY, pulse=70)]
    alerts = replay(readings, DEFAULTS, UTC, _START, NOW)
    assert [(alert.rule, alert.at - _START) for alert in alerts] == [
        ("no_reading_days", 3 * A_DAY), ("no_reading_days", 13 * A_DAY),
    ]  # fmt: skip


def test_the_difference_names_what_vanishes_and_what_appears() -> None:
    """By reading."""
    readings = _readings(142, 120, 88)
    before = replay(readings, DEFAULTS, UTC, _START, readings[-1].measured_at)
    after = replay(readings, a_book(systolic_high="150", systolic_low="80"), UTC, _START, readings[-1].measured_at)
    found = difference(before, after)
    assert ([one.at for one in found.vanishing], found.appearing) == ([_START, _START + 2 * A_DAY], ())
    assert len(difference(after, before).appearing) == 2


def test_a_tally_counts_by_local_day_and_tells_the_median_gap() -> None:
    """Gaps within one patient only."""
    tally = Tally()
    tally.add(replay(_readings(150, 150, 190, every=timedelta(hours=12)), DEFAULTS, UTC, _START, _START + A_DAY), UTC)
    assert (tally.total, tally.critical, tally.compliance, tally.median_gap_hours) == (3, 1, 0, 12.0)
    assert sorted(tally.by_day.values()) == [1, 2]
    assert Tally().median_gap_hours is None


def test_days_between_includes_both_ends() -> None:
    """So that a chart has a column for each."""
    assert len(days_between(_START, NOW, UTC)) == 31


def test_thirty_days_of_a_thousand_patients_replay_in_seconds() -> None:
    """A twentieth of that here, under two sets of rules, one of which looks back."""
    heart = effective_rules(ThresholdSet(), ThresholdSet(profiles=(Condition.HEART_FAILURE,)))
    readings = [sample(_START + n * A_DAY / 2, systolic=110 + n % 50, weight_kg=80 + n % 3) for n in range(60)]
    start = perf_counter()
    for _ in range(50):
        replay(readings, DEFAULTS, UTC, _START, NOW)
        replay(readings, heart, UTC, _START, NOW)
    assert perf_counter() - start < 1.5
