"""What readings raise and clear: each kind of rule, both sides of its boundary, and what holds a warning back."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from app.domain.triage.assessment import assess
from app.domain.triage.evaluation import evaluate, evaluate_silence
from app.domain.triage.parameters import PARAMETERS, AlertClass, RuleKind
from app.domain.triage.rules import Modifiers, Schedule
from app.domain.triage.state import UNSEEN, State
from app.domain.triage.thresholds import DEFAULT_THRESHOLDS
from tests.domain.triage.rooms import A_DAY, DEFAULTS, NOW, a_book, rules_raised, run, sample

_LIMITS = [one for one in PARAMETERS.values() if one.kind is RuleKind.LIMIT]
_MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("parameter", _LIMITS, ids=lambda one: one.name)
def test_every_limit_is_met_from_the_limit_on(parameter: object) -> None:
    """All vitals, both sides: on the limit raises, a hundredth before it does not."""
    of = PARAMETERS[parameter.name]  # type: ignore[attr-defined]
    limit = (of.low + of.high) / 2
    off = dict.fromkeys(PARAMETERS) | {of.name: str(limit)}
    book, outward = a_book(**off), Decimal("0.01") if of.is_upper else Decimal("-0.01")
    met = rules_raised(
        run(book, *(sample(NOW + n * _MINUTE, **{of.measure: limit + d}) for n, d in ((0, 0), (1, -outward))))
    )
    assert met == [[of.name], []]


def test_plain_limits_raise_what_the_assessment_of_old_raised() -> None:
    """Whatever the values: the same rules, levels and sentences, in the same order."""
    dice = random.Random(7)
    for _ in range(500):
        values = {
            "systolic": dice.randrange(60, 250),
            "diastolic": dice.randrange(35, 140),
            "pulse": dice.randrange(30, 160),
        }
        one = sample(NOW, **values)
        told = [(b.rule, b.level, b.message) for b in evaluate(one, (), DEFAULTS, UNSEEN, UTC).raised]
        assert told == [(b.rule, b.level, b.message) for b in assess(one.values, DEFAULT_THRESHOLDS)]


def test_a_limit_raises_at_every_reading_and_says_when_it_is_a_repeat() -> None:
    """Folding repeats is the business of the alert."""
    answers = run(DEFAULTS, *(sample(NOW + n * _MINUTE, systolic=150) for n in range(3)))
    assert [answer.raised[0].is_repeat for answer in answers] == [False, True, True]


def test_a_value_that_is_back_clears_what_was_raised() -> None:
    """Once."""
    answers = run(DEFAULTS, *(sample(NOW + n * _MINUTE, systolic=value) for n, value in enumerate((150, 139, 120))))
    assert [answer.cleared for answer in answers] == [(), ("systolic_high",), ()]


def test_a_missing_value_neither_raises_nor_clears() -> None:
    """Absence says nothing."""
    answers = run(DEFAULTS, sample(systolic=150), sample(NOW + _MINUTE, systolic=None, pulse=70))
    assert (answers[1].raised, answers[1].cleared) == ((), ())


def test_a_late_reading_raises_but_changes_nothing_that_is_remembered() -> None:
    """It tells of the past."""
    first, late = run(DEFAULTS, sample(systolic=150), sample(NOW - A_DAY, systolic=120))
    assert (late.cleared, late.state) == ((), first.state)
    again = run(DEFAULTS, sample(systolic=150), sample(NOW - A_DAY, systolic=151))[1]
    assert [breach.rule for breach in again.raised] == ["systolic_high"]
    assert (
        run(DEFAULTS, sample(systolic=120), sample(NOW - A_DAY, systolic=190))[1].raised[0].rule
        == "systolic_critical_high"
    )


@pytest.mark.parametrize(
    ("hysteresis", "value", "cleared"), [(5, 136, False), (5, 135, False), ("5", "134.9", True), (0, 139, True)]
)
def test_hysteresis_keeps_a_warning_until_the_value_is_well_back(
    hysteresis: object, value: object, cleared: bool
) -> None:
    """5 mmHg below 140: 135 is not yet back."""
    book = a_book({"systolic": Modifiers(hysteresis=Decimal(str(hysteresis)))})
    answers = run(book, sample(systolic=150), sample(NOW + _MINUTE, systolic=value))
    assert bool(answers[1].cleared) is cleared


@pytest.mark.parametrize(("minutes", "raised"), [(59, []), (60, ["systolic_high"])])
def test_a_cool_down_holds_the_next_warning(minutes: int, raised: list[str]) -> None:
    """An hour, also when the value was back in between: that is what flapping is."""
    book = a_book({"systolic": Modifiers(cool_down=timedelta(hours=1))})
    answers = run(
        book, sample(systolic=150), sample(NOW + _MINUTE, systolic=120), sample(NOW + minutes * _MINUTE, systolic=150)
    )
    assert rules_raised(answers)[2] == raised
    assert [held.why for held in answers[2].held] == ([] if raised else ["raised a short while ago"])


@pytest.mark.parametrize(
    ("values", "raised"),
    [
        ((150, 120, 150, 120, 120), False),
        ((150, 120, 150, 120, 150), True),
        ((120, 120, 150, 150, 150), True),
        ((150, 150), False),
    ],
)
def test_three_of_the_last_five(values: tuple[int, ...], raised: bool) -> None:
    """The reading itself included."""
    book = a_book({"systolic": Modifiers(repeat_times=3, repeat_of=5)})
    answers = run(book, *(sample(NOW + n * _MINUTE, systolic=value) for n, value in enumerate(values)))
    assert bool(answers[-1].raised) is raised


@pytest.mark.parametrize(("minutes", "raised"), [(29, False), (30, True)])
def test_a_breach_must_last(minutes: int, raised: bool) -> None:
    """Half an hour without a value in range in between."""
    book = a_book({"systolic": Modifiers(duration=timedelta(minutes=30))})
    answers = run(book, sample(systolic=150), sample(NOW + minutes * _MINUTE, systolic=150))
    assert bool(answers[1].raised) is raised
    broken = run(
        book, sample(systolic=150), sample(NOW + _MINUTE, systolic=120), sample(NOW + 31 * _MINUTE, systolic=150)
    )
    assert broken[2].raised == ()


@pytest.mark.parametrize(
    "modifiers",
    [Modifiers(3, 5), Modifiers(duration=A_DAY), Modifiers(cool_down=A_DAY), Modifiers(schedule=Schedule(1, 2))],
)
def test_a_critical_limit_is_never_held_back(modifiers: Modifiers) -> None:
    """Critical at once."""
    answers = run(a_book({"systolic": modifiers}), sample(systolic=190), sample(NOW + _MINUTE, systolic=190))
    assert rules_raised(answers) == [["systolic_critical_high"]] * 2


@pytest.mark.parametrize(
    ("schedule", "local", "covered"),
    [
        (Schedule(8, 20), "2026-11-20T08:00", True), (Schedule(8, 20), "2026-11-20T07:59", False),
        (Schedule(8, 20), "2026-11-20T20:00", False), (Schedule(22, 6), "2026-11-20T23:00", True),
        (Schedule(22, 6), "2026-11-21T05:59", True), (Schedule(22, 6), "2026-11-21T06:00", False),
        (Schedule(weekdays=frozenset({5})), "2026-11-20T12:00", True),
        (Schedule(weekdays=frozenset({5})), "2026-11-21T12:00", False),
        (Schedule(22, 6, frozenset({5})), "2026-11-21T03:00", True),
        (Schedule(22, 6, frozenset({5})), "2026-11-20T03:00", False),
    ],
)  # fmt: skip
def test_a_schedule_covers_local_hours_and_days(schedule: Schedule, local: str, covered: bool) -> None:
    """2026-11-20 is a Friday; a night belongs to the day on which it began."""
    assert schedule.covers(datetime.fromisoformat(local)) is covered


def test_a_schedule_is_read_on_the_patients_clock() -> None:
    """13:30 UTC is 07:30 in Chicago."""
    book, zone = a_book({"systolic": Modifiers(schedule=Schedule(8, 20))}), ZoneInfo("America/Chicago")
    at = datetime(2026, 11, 20, 13, 30, tzinfo=UTC)
    assert [
        bool(evaluate(sample(at + wait, systolic=150), (), book, UNSEEN, zone).raised)
        for wait in (0 * A_DAY, 30 * _MINUTE)
    ] == [False, True]


@pytest.mark.parametrize(("gain", "raised"), [("1.35", []), ("1.36", ["weight_gain_1_day"])])
def test_a_weight_gain_of_3_lb_in_a_day(gain: str, raised: list[str]) -> None:
    """Next morning, an hour later on the clock than the day before: the same day's worth."""
    book = a_book(weight_gain_1_day="1.36")
    answers = run(
        book, sample(weight_kg="80"), sample(NOW + timedelta(hours=25), weight_kg=Decimal(80) + Decimal(gain))
    )
    assert rules_raised(answers)[1] == raised


@pytest.mark.parametrize(("days", "raised"), [(7, ["weight_gain_7_days"]), (8, [])])
def test_a_weight_gain_of_5_lb_in_a_week(days: int, raised: list[str]) -> None:
    """Against the lowest weight of the seven local days before."""
    book = a_book(weight_gain_1_day="1.36", weight_gain_7_days="2.27")
    answers = run(book, sample(weight_kg="80"), sample(NOW + days * A_DAY, weight_kg="82.27"))
    assert rules_raised(answers)[1] == raised


def test_a_change_tells_how_far_in_how_many_days_and_clears() -> None:
    """In words a nurse understands."""
    answers = run(
        a_book(weight_gain_1_day="1.36"),
        sample(weight_kg="80"),
        sample(NOW + A_DAY, weight_kg="81.5"),
        sample(NOW + 2 * A_DAY, weight_kg="81.4"),
    )
    assert answers[1].raised[0].message == "Weight rose 1.5 kg in 1 day, threshold 1.36 kg"
    assert answers[2].cleared == ("weight_gain_1_day",)


@pytest.mark.parametrize(("per_day", "raised"), [("0.9", False), ("1", True)])
def test_a_trend_is_the_line_through_two_weeks(per_day: str, raised: bool) -> None:
    """14 mmHg over 14 days."""
    book = a_book(systolic_trend_up_14_days="14")
    answers = run(book, *(sample(NOW + n * A_DAY, systolic=Decimal(110) + n * Decimal(per_day)) for n in range(14)))
    assert bool(answers[-1].raised) is raised


@pytest.mark.parametrize("days", [[0, 10, 11, 12], [9, 10, 11, 12, 13]])
def test_few_or_crowded_readings_make_no_trend(days: list[int]) -> None:
    """Four are too few; five within half the window tell nothing of two weeks."""
    answers = run(a_book(systolic_trend_up_14_days="1"), *(sample(NOW + n * A_DAY, systolic=100 + 2 * n) for n in days))
    assert rules_raised(answers)[-1] == []


@pytest.mark.parametrize(("wait", "raised"), [(3 * A_DAY - _MINUTE, []), (3 * A_DAY, ["no_reading_days"])])
def test_three_full_days_without_a_reading_are_silence(wait: timedelta, raised: list[str]) -> None:
    """A compliance alert."""
    found = evaluate_silence(DEFAULTS, State(NOW), NOW + wait)
    assert [breach.rule for breach in found.raised] == raised
    assert {breach.alert_class for breach in found.raised} <= {AlertClass.COMPLIANCE}


def test_silence_is_told_once_and_cleared_by_the_next_reading() -> None:
    """And of a patient who never sent anything not at all."""
    first = evaluate_silence(DEFAULTS, State(NOW), NOW + 3 * A_DAY)
    assert evaluate_silence(DEFAULTS, first.state, NOW + 9 * A_DAY).raised == ()
    assert evaluate(sample(NOW + 9 * A_DAY, pulse=70), (), DEFAULTS, first.state, UTC).cleared == ("no_reading_days",)
    assert evaluate_silence(DEFAULTS, UNSEEN, NOW).raised == ()


def test_a_rule_that_is_switched_off_clears_at_the_next_reading() -> None:
    """Nothing stays raised for ever."""
    raised = run(DEFAULTS, sample(systolic=150))[0].state
    assert evaluate(sample(NOW + _MINUTE, systolic=150), (), a_book(systolic_high=None), raised, UTC).cleared == (
        "systolic_high",
    )


def test_what_is_remembered_survives_being_stored() -> None:
    """As JSON, times with their zone."""
    book = a_book({"systolic": Modifiers(cool_down=A_DAY)})
    state = run(book, sample(systolic=150, pulse=140), sample(NOW + _MINUTE, systolic=120))[1].state
    assert (State.from_dict(state.as_dict()), State.from_dict({})) == (state, UNSEEN)
