"""Where days, months and periods turn, as the engine sees it: zones, changes of the clock, leap February, New Year."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.domain.billing.clocks import Window, month_of, period_from
from app.domain.billing.codes import Reason
from app.domain.billing.engine import evaluate
from app.domain.billing.facts import CircumstanceKind, Horizon, PatientFacts, TimeEntry
from app.domain.billing.policy import PolicySettings
from app.domain.billing.rules import RuleBook, RuleSet, rule_book
from app.domain.enrolment.programs import Program
from tests.domain.billing.facts import (
    OCTOBER,
    PATIENT,
    ZONE,
    a_book,
    a_circumstance,
    a_period,
    a_reading,
    an_id,
    answers,
    billable,
    minutes,
    paper,
    patient,
    readings,
    reasons,
    seconds,
)

FAR_ZONES = ("Pacific/Kiritimati", "Asia/Kolkata", "UTC", ZONE, "Pacific/Honolulu")


def _since(start: date) -> Any:
    return paper(start=start, initiating_visit_on=start)


def _in_year(year: int) -> RuleBook:
    """Return the rules of 2026 as if they held in another year: 2028 has no rules yet, and a leap day."""
    newest = rule_book().sets[-1]
    other = RuleSet(str(year), newest.name, date(year, 1, 1), date(year, 12, 31), newest.rules)
    return RuleBook((*rule_book().sets, other))


@pytest.mark.parametrize(
    ("start", "last", "long"),
    [
        (date(2028, 2, 1), date(2028, 3, 1), True), (date(2028, 2, 1), date(2028, 3, 2), False),
        (date(2026, 2, 1), date(2026, 3, 2), True), (date(2026, 2, 1), date(2026, 3, 3), False),
    ],
)  # fmt: skip
def test_a_period_over_february_ends_a_day_earlier_in_a_leap_year(start: date, last: date, long: bool) -> None:
    """1 February runs to 1 March 2028 and to 2 March 2026: the sixteenth day counts on it, not behind it."""
    facts = patient(enrolment=_since(start), readings=(*readings(15, start), a_reading(last)))
    book = a_book()
    book = type(book)(_in_year(2028), book.fees, book.policies)
    horizon = Horizon(Window(start, last + timedelta(days=30)), datetime(start.year, 5, 1, tzinfo=UTC))
    earned = {one.line_key for one in evaluate(facts, book, horizon).answers if one.is_earned}
    assert (f"99454:{start}" in earned, f"99445:{start}" in earned) == (long, not long)


def test_the_leap_day_is_a_day_with_data() -> None:
    """29 February 2028 is the second of two days, and minutes on it are February's."""
    leap = date(2028, 2, 29)
    facts = patient(
        enrolment=_since(date(2028, 2, 1)),
        readings=(a_reading(date(2028, 2, 1)), a_reading(leap)),
        time_entries=(minutes(20, leap),),
    )
    book = a_book()
    book = type(book)(_in_year(2028), book.fees, book.policies)
    horizon = Horizon(month_of(leap), datetime(2028, 4, 1, tzinfo=UTC))
    earned = {one.line_key for one in evaluate(facts, book, horizon).answers if one.is_earned}
    assert {"99445:2028-02-01", "99457:2028-02"} <= earned


@pytest.mark.parametrize("zone", FAR_ZONES)
@pytest.mark.parametrize(("hour", "month"), [(-1, "2026-10"), (0, "2026-11")])
def test_minutes_belong_to_the_month_of_the_patients_midnight(zone: str, hour: int, month: str) -> None:
    """A microsecond before it and on it, from Kiritimati to Honolulu."""
    midnight = datetime(2026, 11, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    length = timedelta(minutes=20)
    start = midnight if hour == 0 else midnight - length
    entry = TimeEntry(an_id("at midnight"), Program.RPM, start, start + length, "phone", True)
    facts = patient(timezone=zone, time_entries=(entry,))
    window = Window(date(2026, 10, 1), date(2026, 11, 30))
    assert billable(facts, window, datetime(2026, 12, 5, tzinfo=UTC)) == [f"99457:{month}"]


@pytest.mark.parametrize("zone", FAR_ZONES)
@pytest.mark.parametrize(("closed", "lines"), [(timedelta(microseconds=-1), []), (timedelta(0), ["99454:2026-10-01"])])
def test_a_period_closes_at_the_patients_midnight(zone: str, closed: timedelta, lines: list[str]) -> None:
    """30 October is its last day wherever the patient lives."""
    ends = datetime(2026, 10, 31, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    facts = patient(timezone=zone, readings=readings(16, timezone=zone))
    assert billable(facts, as_of=ends + closed) == lines


@pytest.mark.parametrize(
    ("day", "start_hour", "minutes_of_clock", "lines"),
    [
        # 01:50 EST to 03:09:59 EDT and 03:10 EDT on 8 March: the clock says 80 minutes, 20 went by.
        (date(2026, 3, 8), (1, 50), 79.98, ["99470:2026-03"]), (date(2026, 3, 8), (1, 50), 80, ["99457:2026-03"]),
        # 01:50 EDT to 01:09:59 EST and 01:10 EST on 1 November: the clock goes back, 20 minutes went by.
        (date(2026, 11, 1), (1, 50), -40.02, ["99470:2026-11"]), (date(2026, 11, 1), (1, 50), -40, ["99457:2026-11"]),
    ],
)  # fmt: skip
def test_a_call_over_a_change_of_the_clock_is_as_long_as_it_was(
    day: date, start_hour: tuple[int, int], minutes_of_clock: float, lines: list[str]
) -> None:
    """What went by counts, not what the clock on the wall says; both ways."""
    zone = ZoneInfo(ZONE)
    start = datetime(day.year, day.month, day.day, *start_hour, tzinfo=zone)
    end = (start + timedelta(minutes=minutes_of_clock)).replace(fold=1)
    entry = TimeEntry(an_id("dst"), Program.RPM, start.astimezone(UTC), end.astimezone(UTC), "phone", True)
    facts = patient(enrolment=_since(date(2026, 1, 1)), time_entries=(entry,))
    assert billable(facts, month_of(day), datetime(2027, 1, 5, tzinfo=UTC)) == lines


@pytest.mark.parametrize(
    ("moments", "days"),
    [
        # 8 March has 23 hours: 23:59 EST on the 7th, 00:00 EST and 23:59 EDT on the 8th, 00:00 EDT on the 9th.
        (("2026-03-08T04:59:59", "2026-03-08T05:00:00", "2026-03-09T03:59:59", "2026-03-09T04:00:00"), 3),
        # 1 November has 25: 23:59 EDT on 31 October, both half past ones, 23:59 EST, 00:00 EST on the 2nd.
        (("2026-11-01T03:59:59", "2026-11-01T05:30:00", "2026-11-01T06:30:00", "2026-11-02T04:59:59",
          "2026-11-02T05:00:00"), 3),
    ],
)  # fmt: skip
def test_days_with_data_around_a_change_of_the_clock(moments: tuple[str, ...], days: int) -> None:
    """Three local dates each; a repeated hour is one day."""
    zone = ZoneInfo(ZONE)
    times = [datetime.fromisoformat(one).replace(tzinfo=UTC) for one in moments]
    local = [moment.astimezone(zone).date() for moment in times]
    found = tuple(
        a_reading(day, id=an_id(moment), measured_at=moment) for day, moment in zip(local, times, strict=True)
    )
    start = min(local)
    facts = patient(enrolment=_since(date(2026, 1, 1)), readings=found, periods=(a_period(start),))
    window = month_of(period_from(start).ends_on)
    assert answers(facts, window, datetime(2027, 1, 5, tzinfo=UTC))[f"99445:{start}"].days == days


@pytest.mark.parametrize(("start", "month"), [(-1, "2026-09"), (0, "2026-10")])
def test_a_live_contact_is_one_of_the_month_in_which_it_began(start: int, month: str) -> None:
    """40 minutes from 20 to midnight, or from it: one call is no contact of two months."""
    midnight = datetime(2026, 10, 1, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
    begins = midnight + timedelta(minutes=20) * start
    entry = TimeEntry(an_id("call"), Program.RPM, begins, begins + timedelta(minutes=40), "phone", True)
    facts = patient(enrolment=_since(date(2026, 8, 1)), time_entries=(entry,))
    lines = billable(facts, Window(date(2026, 9, 1), date(2026, 10, 31)))
    assert {line.rpartition(":")[2] for line in lines} == {month}
    if start:
        assert reasons(facts, "99457:2026-10") == {Reason.NO_INTERACTIVE}


@pytest.mark.parametrize(("day", "in_first"), [(date(2026, 10, 30), True), (date(2026, 10, 31), False)])
def test_a_day_belongs_to_one_period(day: date, in_first: bool) -> None:
    """Both sides of the edge between two stored periods: 1 to 30 October, and 31 October on."""
    periods = (a_period(date(2026, 10, 1)), a_period(date(2026, 10, 31)))
    facts = patient(readings=(*readings(15), a_reading(day)), periods=periods)
    found = answers(facts, Window(date(2026, 10, 1), date(2026, 11, 30)))
    assert (found["99454:2026-10-01"].days, found["99454:2026-10-31"].days) == ((16, 0) if in_first else (15, 1))


@pytest.mark.parametrize(("moment", "counts"), [(timedelta(microseconds=-1), False), (timedelta(0), True)])
def test_only_what_was_measured_by_now_counts(moment: timedelta, counts: bool) -> None:
    """To the microsecond."""
    data = readings(2)
    facts = patient(readings=data, periods=(a_period(date(2026, 10, 1)),))
    found = answers(facts, as_of=data[1].measured_at + moment)
    assert found["99445:2026-10-01"].days == (2 if counts else 1)


@pytest.mark.parametrize(
    ("starts", "ends", "days"),
    [
        (date(2026, 10, 1), None, 16), (date(2026, 10, 2), None, 15),
        (date(2026, 10, 1), date(2026, 10, 16), 16), (date(2026, 10, 1), date(2026, 10, 15), 15),
    ],
)  # fmt: skip
def test_the_first_and_the_last_day_enrolled_count(starts: date, ends: date | None, days: int) -> None:
    """Both inclusive: 16 days with data from 1 October on."""
    papers = paper(start=starts, ends_on=ends, initiating_visit_on=date(2026, 8, 1))
    facts = patient(enrolment=papers, readings=readings(16), periods=(a_period(date(2026, 10, 1)),))
    assert answers(facts)["99454:2026-10-01"].days == days


def test_a_treatment_month_over_new_year_is_two_months() -> None:
    """Ten minutes on each side: neither month has twenty."""
    middle = datetime(2026, 1, 1, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
    entry = TimeEntry(
        an_id("new year"), Program.RPM, middle - timedelta(minutes=10), middle + timedelta(minutes=10), "phone", True
    )
    other = minutes(1, date(2026, 1, 5))
    facts = patient(enrolment=_since(date(2025, 12, 1)), time_entries=(entry, other))
    window, now = Window(date(2025, 12, 1), date(2026, 1, 31)), datetime(2026, 2, 5, tzinfo=UTC)
    assert billable(facts, window, now) == ["99470:2026-01"]
    assert answers(facts, window, now)["99457:2025-12"].seconds == 600


@pytest.mark.parametrize(
    ("setting", "practitioner", "lines"),
    [(False, 1, ["99457:2026-10"]), (True, 1, []), (True, 2, ["99457:2026-10"])],
)
def test_a_day_with_a_visit_counts_for_treatment_unless_the_payer_says_otherwise(
    setting: bool, practitioner: int, lines: list[str]
) -> None:
    """04 §1.5; the visit of somebody else changes nothing."""
    visit = _visit(practitioner)
    facts = patient(time_entries=(minutes(20, credential="qhp"),), circumstances=(visit,))
    assert billable(facts, exclude_em_day_for_99457=setting) == lines


def _visit(practitioner: int) -> Any:
    from_day = date(2026, 10, 5)
    return a_circumstance(CircumstanceKind.EM_VISIT, from_day, from_day, practitioner_id=practitioner)


def test_the_defaults_of_the_settings_are_those_that_are_written() -> None:
    """04 §5 and §1.8, one by one."""
    assert PolicySettings().as_json() == {
        "min_days_99453": 2, "interactive_modes": ["phone", "video", "in_person"], "allow_99091_with_99457": False,
        "allow_99458_with_99470": False, "mue_99458": 3, "one_practitioner_all_rpm": True,
        "require_period_closed": True, "exclude_em_day_for_99091": True, "exclude_em_day_for_99457": False,
        "covered_dx_prefixes": [], "double_tag_winner": "rpm", "time_service_day": "threshold_met",
        "not_covered_codes": [],
    }  # fmt: skip


def test_the_facts_of_the_tests_are_a_patient_of_the_engine() -> None:
    """So that a test which expects nothing does not pass for want of papers."""
    whole: PatientFacts = patient(readings=readings(16), time_entries=(seconds(1200),))
    assert (whole.patient_id, billable(whole, OCTOBER)) == (PATIENT, ["99454:2026-10-01", "99457:2026-10"])
