"""From facts to forecasts: both clocks, what is needed, money without a live contact, and how good forecasts are."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from app.domain.billing.backtest import Case, backtest
from app.domain.billing.clocks import Window
from app.domain.billing.facts import Horizon
from app.domain.billing.outlook import outlooks, ranked, scored
from tests.domain.billing.facts import START, a_book, a_reading, an_id, minutes, patient, readings

BOOK = a_book()
MID_OCTOBER = datetime(2026, 10, 15, 16, tzinfo=UTC)


def test_fourteen_days_and_seventeen_minutes_say_what_is_missing() -> None:
    """04 §1.1: 16 days, 20 minutes."""
    days, time = outlooks(patient(readings=readings(14), time_entries=(minutes(17),)), BOOK, MID_OCTOBER)
    assert (days.clock, days.needed, time.needed) == ("days", "2 more days with data", "3 more minutes")
    assert days.forecast.window == Window(date(2026, 10, 1), date(2026, 10, 30))
    assert len(days.forecast.reasons) >= 3
    assert all(reason.inputs for reason in days.forecast.reasons)


def test_the_same_facts_and_moment_give_the_same_forecast_and_later_facts_change_nothing() -> None:
    """What was measured after `as_of` is not known yet."""
    known = patient(readings=readings(10), time_entries=(minutes(5),))
    later = patient(readings=(*readings(10), a_reading(date(2026, 10, 20))), time_entries=(minutes(5),))
    assert (
        outlooks(known, BOOK, MID_OCTOBER) == outlooks(known, BOOK, MID_OCTOBER) == outlooks(later, BOOK, MID_OCTOBER)
    )


def test_without_a_live_contact_minutes_secure_no_dollar() -> None:
    """04 §1.6."""
    silent = minutes(25, mode="none", is_interactive=False)
    _, time = outlooks(patient(time_entries=(silent,)), BOOK, MID_OCTOBER)
    assert (time.needed, time.forecast.secured) == ("15 more minutes and a live contact", Decimal(0))
    _, time = outlooks(patient(time_entries=(minutes(25),)), BOOK, MID_OCTOBER)
    assert time.forecast.secured == Decimal("51.77")


def test_one_day_too_few_is_lost_and_one_more_is_not() -> None:
    """With one day of 16 so far, 15 days are left on the 16th of a period that ends on the 30th; 14 do not suffice."""
    on_time = patient(readings=(a_reading(date(2026, 10, 1)),))
    (days, _), (late, _) = (
        outlooks(on_time, BOOK, datetime(2026, 10, day, 16, tzinfo=UTC)) for day in (16, 17)
    )  # fmt: skip
    assert days.forecast.chance("days_16").probability > 0
    assert late.forecast.chance("days_16").probability == 0


def test_somebody_who_is_in_no_program_has_no_outlook() -> None:
    """Before enrolment."""
    assert outlooks(patient(), BOOK, datetime(2026, 8, 20, tzinfo=UTC)) == ()


def test_ranking_by_dollars_and_by_the_last_day() -> None:
    """Both ways, and those without a last day at the end."""
    found = outlooks(patient(readings=readings(14), time_entries=(minutes(17),)), BOOK, MID_OCTOBER)
    dollars = [one.forecast.at_stake for one in ranked(found, "-at_stake")]
    assert dollars == sorted(dollars, reverse=True)
    assert [one.forecast.at_stake for one in ranked(found, "at_stake")] == dollars[::-1]
    assert [one.clock for one in ranked(found, "act_by")] == ["days", "minutes"]


def test_forecasts_beat_the_base_rate_on_seeded_history() -> None:
    """Sixty patients of whom each measures as reliably as it does; seed 7."""
    chance, cases = Random(7), dict[str, list[Case]]()
    horizon = Horizon(Window(START, date(2026, 12, 31)), datetime(2027, 1, 1, tzinfo=UTC))
    for number in range(60):
        reliable = chance.betavariate(1.5, 1)
        days = [START + timedelta(days=one) for one in range(120) if chance.random() < reliable]
        facts = patient(patient_id=an_id(number), readings=tuple(a_reading(day) for day in days))
        for threshold, case in scored(facts, BOOK, horizon):
            cases.setdefault(threshold, []).append(case)
    result = backtest(cases["days_16"])
    assert result.beats_base_rate
    assert result.brier is not None
    assert result.base_rate_brier is not None
    assert result.brier < result.base_rate_brier / 2
    assert len(result.bins) == 10
    assert sum(one.count for one in result.bins) == result.count > 500
