"""The rules of logged time: which entries are right, where months cut them, what counts once."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from app.domain.billing.local_months import Month, month_of
from app.domain.billing.time_gaps import TimeGap, TimeGapKind, time_gaps
from app.domain.billing.time_logs import (
    LONGEST_ENTRY,
    Activity,
    Credential,
    Mode,
    TimeEntry,
    covered_time,
    default_credential,
    is_live_contact,
    may_work_as,
    month_totals,
    split_by_month,
    time_faults,
)
from app.domain.billing.timers import Stretch, elapsed, worked
from app.domain.enrolment.coverage import Consent, Enrolment, EnrolmentFacts, Order
from app.domain.enrolment.programs import Program
from app.domain.roles import Role

TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
CHICAGO, KIRITIMATI = "America/Chicago", "Pacific/Kiritimati"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MARCH = Month(2026, 3)


def an_entry(start: datetime = NOON, spent: timedelta = 10 * MINUTE, **fields: object) -> TimeEntry:
    """Ten minutes of a nurse's review on a Tuesday at noon."""
    basics = {
        "id": uuid4(), "user_id": 1, "program": Program.RPM, "activity": Activity.DATA_REVIEW, "mode": Mode.NONE,
        "is_interactive": False, "credential": Credential.CLINICAL,
    }  # fmt: skip
    return TimeEntry(started_at=start, ended_at=start + spent, **{**basics, **fields})  # type: ignore[arg-type]


def a_call(start: datetime = NOON, spent: timedelta = 10 * MINUTE, **fields: object) -> TimeEntry:
    """A live contact."""
    call = {"activity": Activity.PATIENT_CONTACT, "mode": Mode.PHONE, "is_interactive": True}
    return an_entry(start, spent, **{**call, **fields})


@pytest.mark.parametrize(
    ("start", "end", "wrong"),
    [
        (-MINUTE, timedelta(0), False),
        (-MINUTE, TICK, True),
        (-MINUTE, -MINUTE, True),
        (-MINUTE, -MINUTE + TICK, False),
        (-LONGEST_ENTRY, timedelta(0), False),
        (-LONGEST_ENTRY - TICK, timedelta(0), True),
    ],
    ids=["ends now", "ends later", "no length", "shortest", "eight hours", "longer"],
)
def test_an_entry_ends_by_now_after_its_start_within_eight_hours(
    start: timedelta, end: timedelta, *, wrong: bool
) -> None:
    """Both sides of each edge."""
    assert (time_faults(NOON + start, NOON + end, NOON) != {}) is wrong


@pytest.mark.parametrize(
    ("activity", "mode", "live"),
    [
        (Activity.PATIENT_CONTACT, Mode.PHONE, True), (Activity.PATIENT_CONTACT, Mode.VIDEO, True),
        (Activity.EDUCATION, Mode.IN_PERSON, True), (Activity.PATIENT_CONTACT, Mode.MESSAGE, False),
        (Activity.PATIENT_CONTACT, Mode.NONE, False), (Activity.CARE_COORDINATION, Mode.PHONE, False),
    ],
)  # fmt: skip
def test_a_live_contact_is_contact_in_a_live_mode(activity: Activity, mode: Mode, *, live: bool) -> None:
    """A message is none, and a call to somebody else is none unless it says so."""
    assert is_live_contact(activity, mode) is live


@pytest.mark.parametrize(
    ("role", "default", "physician"),
    [
        (Role.PROVIDER, Credential.QHP, True), (Role.CLINICAL_MANAGER, Credential.CLINICAL, True),
        (Role.NURSE, Credential.CLINICAL, False), (Role.MA, Credential.CLINICAL, False),
        (Role.ADMIN, Credential.NON_CLINICAL, False), (Role.BILLING_MANAGER, Credential.NON_CLINICAL, False),
    ],
)  # fmt: skip
def test_the_role_says_as_what_somebody_works(role: Role, default: Credential, *, physician: bool) -> None:
    """And a nurse never works as a physician."""
    assert (default_credential(role), may_work_as(role, Credential.PHYSICIAN)) == (default, physician)


@pytest.mark.parametrize(
    ("moment", "zone", "month"),
    [
        (datetime(2026, 4, 1, 4, 59, 59, 999999, tzinfo=UTC), CHICAGO, MARCH),
        (datetime(2026, 4, 1, 5, tzinfo=UTC), CHICAGO, Month(2026, 4)),
        (datetime(2026, 3, 1, 5, 59, 59, tzinfo=UTC), CHICAGO, Month(2026, 2)),
        (datetime(2026, 3, 1, 6, tzinfo=UTC), CHICAGO, MARCH),
        (datetime(2026, 3, 31, 10, tzinfo=UTC), KIRITIMATI, Month(2026, 4)),
        (datetime(2028, 2, 29, 12, tzinfo=UTC), CHICAGO, Month(2028, 2)),
        (datetime(2027, 1, 1, 6, tzinfo=UTC), CHICAGO, Month(2027, 1)),
    ],
)
def test_a_month_turns_at_midnight_where_the_patient_lives(moment: datetime, zone: str, month: Month) -> None:
    """In winter and in summer time, and far west of the date line's other side."""
    assert month_of(moment, zone) == month
    assert month.starts_at(zone) <= moment < month.next.starts_at(zone)


@pytest.mark.parametrize(
    ("before", "pieces"),
    [(timedelta(0), 1), (TICK, 2), (5 * MINUTE, 2), (10 * MINUTE - TICK, 2), (10 * MINUTE, 1)],
)
def test_an_entry_is_cut_at_the_local_midnight_that_ends_a_month(before: timedelta, pieces: int) -> None:
    """And nothing of it is lost."""
    entry = an_entry(Month(2026, 4).starts_at(CHICAGO) - before)
    cut = split_by_month(entry, CHICAGO)
    assert len(cut) == pieces
    assert sum((one.ended_at - one.started_at for one in cut), timedelta()) == 10 * MINUTE


def test_a_call_over_midnight_is_a_live_contact_of_the_month_in_which_it_began() -> None:
    """Its minutes are of both."""
    call = a_call(Month(2026, 4).starts_at(CHICAGO) - 4 * MINUTE)
    (march,), (april,) = (month_totals([call], month, CHICAGO) for month in (MARCH, MARCH.next))
    assert (march.counted, march.live_contacts) == (4 * MINUTE, 1)
    assert (april.counted, april.live_contacts) == (6 * MINUTE, 0)


@pytest.mark.parametrize("short", [timedelta(0), TICK, timedelta(seconds=1)])
def test_seconds_are_summed_and_never_rounded(short: timedelta) -> None:
    """19:59.999999 is not 20:00."""
    entries = [an_entry(), an_entry(NOON + 20 * MINUTE, 10 * MINUTE - short)]
    (total,) = month_totals(entries, MARCH, CHICAGO)
    assert total.counted == 20 * MINUTE - short


@pytest.mark.parametrize(
    ("offset", "counted", "doubled"), [(10, 20, 0), (9, 19, 1), (0, 10, 10)], ids=["after", "a minute", "both"]
)
def test_minutes_of_two_people_at_once_count_once(offset: int, counted: int, doubled: int) -> None:
    """And the total tells how many those were."""
    (total,) = month_totals([an_entry(), an_entry(NOON + offset * MINUTE, user_id=2)], MARCH, CHICAGO)
    assert (total.counted, total.doubled) == (counted * MINUTE, doubled * MINUTE)


def test_minutes_of_non_clinical_staff_never_count() -> None:
    """Not even as a live contact."""
    (total,) = month_totals([a_call(credential=Credential.NON_CLINICAL)], MARCH, CHICAGO)
    assert (total.counted, total.not_counted, total.live_contacts) == (timedelta(), 10 * MINUTE, 0)


def test_each_program_has_a_total_of_its_own() -> None:
    """In the order of the programs."""
    totals = month_totals([an_entry(program=Program.CCM), an_entry(NOON + MINUTE * 30)], MARCH, CHICAGO)
    assert [total.program for total in totals] == [Program.RPM, Program.CCM]


def test_an_hour_that_summer_time_skips_is_no_time() -> None:
    """Chicago goes from 01:59 to 03:00 on March 8th: twenty minutes around it are twenty minutes."""
    entry = an_entry(datetime(2026, 3, 8, 7, 50, tzinfo=UTC), 20 * MINUTE)
    assert [total.counted for total in month_totals([entry], MARCH, CHICAGO)] == [20 * MINUTE]


def test_covered_time_of_nothing_and_of_one_within_another() -> None:
    """Zero, and the outer one."""
    assert covered_time([]) == timedelta()
    assert covered_time([(NOON, NOON + 9 * MINUTE), (NOON + MINUTE, NOON + 2 * MINUTE)]) == 9 * MINUTE


def _covered() -> EnrolmentFacts:
    day = datetime(2026, 1, 1, tzinfo=UTC).date()
    return EnrolmentFacts(
        (Consent(uuid4(), Program.RPM, day),),
        (Order(uuid4(), Program.RPM, day, diagnoses=frozenset({"I10"})),),
        (Enrolment(uuid4(), Program.RPM, uuid4(), day, initiating_visit_on=day),),
    )


def _kinds(*entries: TimeEntry, facts: EnrolmentFacts | None = None) -> set[TimeGapKind]:
    return {gap.kind for gap in time_gaps(entries, MARCH, CHICAGO, facts or _covered())}


def test_a_covered_call_with_a_note_lacks_nothing() -> None:
    """So that what follows means something."""
    assert _kinds(a_call()) == set()


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"has_note": False}, TimeGapKind.NO_NOTE),
        ({"mode": Mode.NONE, "is_interactive": False}, TimeGapKind.NO_MODE),
        ({"credential": Credential.NON_CLINICAL}, TimeGapKind.NON_CLINICAL),
        ({"is_interactive": False}, TimeGapKind.NO_INTERACTIVE),
        ({"program": Program.CCM}, TimeGapKind.NO_CONSENT),
        ({"program": Program.CCM}, TimeGapKind.NOT_ENROLLED),
    ],
)
def test_what_is_missing_is_told(fields: dict[str, object], kind: TimeGapKind) -> None:
    """By the name that the engine will refuse it with."""
    assert kind in _kinds(a_call(**fields))


@pytest.mark.parametrize(("days", "missing"), [(0, False), (1, True)])
def test_time_on_the_day_of_consent_counts_and_before_it_does_not(days: int, *, missing: bool) -> None:
    """By the local date."""
    obtained = (NOON + timedelta(days=days)).date()
    facts = EnrolmentFacts((Consent(uuid4(), Program.RPM, obtained),), _covered().orders, _covered().enrolments)
    assert (TimeGapKind.NO_CONSENT in _kinds(a_call(), facts=facts)) is missing


@pytest.mark.parametrize(("offset", "told"), [(timedelta(0), False), (-TICK, True)])
def test_two_people_at_once_are_told_with_both_entries(offset: timedelta, *, told: bool) -> None:
    """From the first microsecond that they share."""
    first, second = a_call(), an_entry(NOON + 10 * MINUTE + offset, user_id=2)
    gaps = time_gaps([second, first], MARCH, CHICAGO, _covered())
    shared = [gap for gap in gaps if gap.kind is TimeGapKind.TIME_DOUBLE_COUNTED]
    expected = [TimeGap(TimeGapKind.TIME_DOUBLE_COUNTED, Program.RPM, (first.id, second.id), NOON.date())]
    assert shared == (expected if told else [])


def test_entries_of_one_day_that_lack_the_same_are_told_together() -> None:
    """Those of the next day apart."""
    entries = [a_call(NOON + hours * 60 * MINUTE, has_note=False) for hours in (0, 1, 24)]
    gaps = time_gaps(entries, MARCH, CHICAGO, _covered())
    assert [gap.time_log_ids for gap in gaps] == [(entries[0].id, entries[1].id), (entries[2].id,)]


def test_care_management_needs_no_live_contact() -> None:
    """Monitoring does."""
    assert TimeGapKind.NO_INTERACTIVE not in _kinds(an_entry(program=Program.CCM))
    assert TimeGapKind.NO_INTERACTIVE in _kinds(an_entry())


def test_a_timer_counts_its_stretches_and_not_its_pauses() -> None:
    """The open one until now; what has no length, or lies after the end, is no work."""
    stretches = [
        Stretch(NOON, NOON + 5 * MINUTE), Stretch(NOON + 6 * MINUTE, NOON + 6 * MINUTE), Stretch(NOON + 9 * MINUTE),
    ]  # fmt: skip
    assert elapsed(stretches, NOON + 10 * MINUTE) == 6 * MINUTE
    assert worked(stretches, NOON + 3 * MINUTE) == [(NOON, NOON + 3 * MINUTE)]
