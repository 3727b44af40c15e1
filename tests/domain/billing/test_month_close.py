"""How far a patient's month is: marks reached, open and lost, both sides of each."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain.billing.case import Case
from app.domain.billing.clocks import Window, month_of, period_from
from app.domain.billing.engine import plan_new_periods
from app.domain.billing.facts import PatientFacts, Period
from app.domain.billing.ladders import LADDERS
from app.domain.billing.month_close import CloseFilter, MarkState, Progress, progress_of
from app.domain.billing.rules import Kind, rule_book
from app.domain.enrolment.programs import Program
from tests.domain.billing.facts import OCTOBER, PATIENT, ZONE, a_book, an_id, minutes, paper, readings, seconds

FIRST = date(2026, 10, 1)  # its period runs to 30 October


def _progress(today: date, month: Window = OCTOBER, **facts: object) -> Progress:
    known = Window(month.starts_on - timedelta(days=30), month.ends_on)
    basics = {"patient_id": PATIENT, "timezone": ZONE, "enrolment": paper(), **facts}
    as_of = datetime(today.year, today.month, today.day, 16, tzinfo=UTC)
    case = Case(PatientFacts(**basics), Program.RPM, a_book(), known, as_of)  # type: ignore[arg-type]
    return progress_of(case, plan_new_periods(case), month)


@pytest.mark.parametrize(
    ("today", "days", "state"),
    [
        (date(2026, 10, 15), 15, MarkState.OPEN), (date(2026, 10, 16), 16, MarkState.REACHED),
        (date(2026, 10, 20), 5, MarkState.OPEN),  # 20 to 30 October are 11 days
        (date(2026, 10, 20), 4, MarkState.LOST),
    ],
)  # fmt: skip
def test_sixteen_days_are_lost_when_the_days_left_no_longer_suffice(today: date, days: int, state: MarkState) -> None:
    """Today counts as to come, unless it has data."""
    assert _progress(today, readings=readings(days)).day_mark(16) is state


def test_the_last_start_is_the_day_from_which_none_may_be_missed() -> None:
    """Two are missing of a period that ends on the 30th: the 29th and the 30th."""
    assert _progress(date(2026, 10, 20), readings=readings(14)).act_by == date(2026, 10, 29)
    assert _progress(date(2026, 10, 20), readings=readings(16)).act_by is None


def test_today_with_data_is_no_longer_to_come() -> None:
    """The 15th has data: from the 16th to the 30th are 15 days."""
    assert _progress(date(2026, 10, 15), readings=readings(15)).days_left == 15
    assert _progress(date(2026, 10, 15), readings=readings(14)).days_left == 16


def test_days_end_with_the_enrolment() -> None:
    """Who leaves on the 22nd has no later days."""
    leaving = paper(ends_on=date(2026, 10, 22))
    thirteen, twelve = (
        _progress(date(2026, 10, 20), enrolment=leaving, readings=readings(count)) for count in (13, 12)
    )
    assert (thirteen.days_left, thirteen.day_mark(16)) == (3, MarkState.OPEN)
    assert twelve.day_mark(16) is MarkState.LOST


@pytest.mark.parametrize(("spent", "state"), [(1199, MarkState.OPEN), (1200, MarkState.REACHED)])
def test_twenty_minutes_are_twenty_whole_minutes(spent: int, state: MarkState) -> None:
    """19:59 is not 20; once the month is over what is missing is lost."""
    entries = (seconds(spent),)
    assert _progress(date(2026, 10, 31), time_entries=entries).minute_mark(20) is state
    over = _progress(date(2026, 11, 1), time_entries=entries)
    assert over.minute_mark(20) is (MarkState.LOST if state is MarkState.OPEN else state)


def test_a_month_that_is_over_shows_the_period_that_ended_in_it() -> None:
    """One that lasts shows the period of today."""
    data = readings(16) + readings(3, date(2026, 10, 31))
    assert _progress(date(2026, 11, 20), readings=data).period == period_from(FIRST)
    stored = Period(an_id("period"), Program.RPM, period_from(FIRST))
    november = _progress(date(2026, 11, 20), month_of(date(2026, 11, 1)), readings=data, periods=(stored,))
    assert (november.period, november.days) == (period_from(date(2026, 10, 31)), 3)


def test_without_a_day_that_counts_there_is_no_period() -> None:
    """And 16 days are not open."""
    nothing = _progress(date(2026, 10, 20))
    assert (nothing.period, nothing.days_left, nothing.day_mark(16)) == (None, 0, MarkState.LOST)


def test_filters_take_whom_they_name() -> None:
    """One patient, seen by each."""
    called = _progress(date(2026, 10, 15), readings=readings(15), time_entries=(minutes(19),))
    assert {one for one in CloseFilter if called.passes(one)} == {CloseFilter.DAYS_OPEN, CloseFilter.MINUTES_SHORT}
    unpapered = _progress(date(2026, 10, 15), enrolment=paper(order_ends_on=date(2026, 9, 30)))
    assert {one for one in CloseFilter if unpapered.passes(one)} == {
        CloseFilter.MINUTES_SHORT, CloseFilter.NO_CONTACT, CloseFilter.PAPERS,
    }  # fmt: skip
    assert _progress(date(2026, 10, 20), readings=readings(4)).passes(CloseFilter.DAYS_LOST)


def test_every_code_of_days_or_minutes_is_on_a_ladder_or_known_to_be_on_none() -> None:
    """Left out are what only the physician's own time earns, complex care, set-up, and months without minutes."""
    known = {code: rule for code, rule in rule_book().codes.items() if rule.kind is not Kind.BY_HAND}
    climbed = {code for one in LADDERS.values() for code in (one.short, one.base, one.further) if code}
    climbed |= {code for one in LADDERS.values() for each in one.supplies for code in (each.short, each.long)}
    assert known.keys() - climbed == {
        "99453", "98975", "99091", "99491", "99437", "99424", "99425", "99487", "99489", "G0556", "G0557", "G0558",
    }  # fmt: skip
    assert all(known[code].program is program for program, one in LADDERS.items() for code in (one.base,) if code)


@pytest.mark.parametrize(
    ("program", "days", "minutes"),
    [
        (Program.RPM, (2, 16), (10, 20, 40)), (Program.RTM, (2, 16), (10, 20, 40)), (Program.CCM, (), (20, 40)),
        (Program.PCM, (), (30, 60)), (Program.APCM, (), ()),
    ],
)  # fmt: skip
def test_the_marks_of_a_program_are_its_rules(program: Program, days: tuple, minutes: tuple) -> None:
    """Days with data, and minutes up to one further block."""
    ladder = LADDERS[program]
    assert (ladder.day_marks(rule_book()), ladder.minute_marks(rule_book())) == (days, minutes)
