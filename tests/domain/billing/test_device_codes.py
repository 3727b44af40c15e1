"""99453, 99445, 99454 and their RTM likes: both sides of every boundary."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain.billing.clocks import Window
from app.domain.billing.codes import Reason
from app.domain.billing.days import Custody
from app.domain.billing.facts import CircumstanceKind
from app.domain.enrolment.programs import Program
from tests.domain.billing.facts import (
    START,
    a_circumstance,
    a_line,
    a_period,
    a_reading,
    a_training,
    an_id,
    answers,
    billable,
    paper,
    patient,
    readings,
    reasons,
)

FIRST = date(2026, 10, 1)
SHORT, LONG = "99445:2026-10-01", "99454:2026-10-01"


@pytest.mark.parametrize(
    ("days", "short", "long"),
    [
        (1, {Reason.DAYS_LT_2}, {Reason.DAYS_LT_16}), (2, set(), {Reason.DAYS_LT_16}),
        (15, set(), {Reason.DAYS_LT_16}), (16, {Reason.DAYS_GE_16}, set()), (30, {Reason.DAYS_GE_16}, set()),
        (31, {Reason.DAYS_GE_16}, set()),
    ],
)  # fmt: skip
def test_supply_by_days_with_data(days: int, short: set, long: set) -> None:
    """2 to 15 the short code, 16 to 30 the long one; the 31st day is of the next period."""
    facts = patient(readings=readings(days))
    assert (reasons(facts, SHORT), reasons(facts, LONG)) == (short, long)


def test_supply_is_paid_once_a_period_and_dated_by_its_end() -> None:
    """Units, money, proof."""
    answer = answers(patient(readings=readings(16)))[LONG]
    assert (answer.units, str(answer.amount), answer.service_date) == (1, "52.11", date(2026, 10, 30))
    assert (len(answer.evidence.days), answer.evidence.consents) == (16, (an_id("consent RPM"),))
    assert answer.evidence.assignments == (an_id("assignment"),)


def test_two_readings_a_day_and_two_devices_are_one_day() -> None:
    """Fifteen days, thirty readings."""
    facts = patient(readings=(*readings(15), *readings(15, hour=18, device_id="SN-2")))
    assert billable(facts) == [SHORT]


@pytest.mark.parametrize(
    "fields",
    [{"source": "manual"}, {"status": "void"}, {"status": "quarantined"}, {"custody": Custody.NOT_HELD}],
)
def test_a_reading_that_does_not_count_lifts_nothing(fields: dict) -> None:
    """15 good ones and one of those."""
    facts = patient(readings=(*readings(15), a_reading(date(2026, 10, 20), **fields)))
    assert billable(facts) == [SHORT]


@pytest.mark.parametrize(
    ("now", "is_open"),
    [(datetime(2026, 10, 31, 3, 59, tzinfo=UTC), True), (datetime(2026, 10, 31, 4, tzinfo=UTC), False)],
)
def test_supply_waits_until_the_patients_day_after_the_period(now: datetime, is_open: bool) -> None:
    """New York's midnight after 30 October; with the setting off nothing waits."""
    facts = patient(readings=readings(16))
    assert (Reason.PERIOD_OPEN in reasons(facts, LONG, as_of=now)) is is_open
    assert LONG in billable(facts, as_of=now, require_period_closed=False)


def test_a_patient_who_leaves_closes_the_period_and_dates_it() -> None:
    """Held until then; billed for the days there were."""
    left = date(2026, 10, 12)
    facts = patient(readings=readings(14), enrolment=paper(ends_on=left))
    answer = answers(facts, as_of=datetime(2026, 10, 13, 12, tzinfo=UTC))[SHORT]
    assert (answer.is_billable, answer.days, answer.service_date) == (True, 12, left)
    assert reasons(facts, SHORT, as_of=datetime(2026, 10, 12, 12, tzinfo=UTC)) == {Reason.PERIOD_OPEN}


def test_days_before_consent_are_ignored_and_named_when_they_are_missing() -> None:
    """16 days, the first before consent: 15 count, and the missing one is explained."""
    facts = patient(readings=readings(16), enrolment=paper(consented_on=date(2026, 10, 2)), periods=(a_period(FIRST),))
    assert billable(facts) == [SHORT]
    assert reasons(facts, LONG) == {Reason.DAYS_LT_16, Reason.NO_CONSENT}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"consented_on": date(2027, 1, 1)}, Reason.NO_CONSENT), ({"diagnoses": ()}, Reason.NO_DX),
        ({"order_ends_on": date(2026, 9, 30)}, Reason.NO_ORDER),
        ({"initiating_visit_on": None}, Reason.NOT_ESTABLISHED),
    ],
)  # fmt: skip
def test_a_gate_that_is_shut_is_named_although_no_period_is_stored(fields: dict, reason: Reason) -> None:
    """The data is there, the paper is not."""
    assert reason in reasons(patient(readings=readings(16), enrolment=paper(**fields)), LONG)


def test_a_patient_who_was_never_enrolled_is_told_so() -> None:
    """Data of somebody in no program."""
    facts = patient(readings=readings(16), enrolment=paper(Program.CCM))
    assert Reason.NOT_ENROLLED in reasons(facts, LONG)


def test_the_emergencys_patients_count_as_established() -> None:
    """Enrolled by 11 May 2023, without an initiating visit; one day later it is missing."""
    old = paper(start=date(2023, 5, 11), initiating_visit_on=None)
    new = paper(start=date(2023, 5, 12), initiating_visit_on=None)
    assert LONG in billable(patient(readings=readings(16), enrolment=old))
    assert Reason.NOT_ESTABLISHED in reasons(patient(readings=readings(16), enrolment=new), LONG)


def test_a_period_over_february_is_thirty_days() -> None:
    """1 February to 2 March 2026: the second of March still counts, the third does not."""
    start = date(2026, 2, 1)
    papers = paper(start=start, initiating_visit_on=start)
    window = Window(date(2026, 3, 1), date(2026, 3, 31))
    as_of = datetime(2026, 4, 10, tzinfo=UTC)
    for last, long in ((date(2026, 3, 2), True), (date(2026, 3, 3), False)):
        facts = patient(enrolment=papers, readings=(*readings(15, start), a_reading(last)))
        assert ("99454:2026-02-01" in billable(facts, window, as_of)) is long


@pytest.mark.parametrize(("end", "reason"), [(date(2026, 10, 30), Reason.PERIOD_OVERLAP), (date(2026, 9, 30), None)])
def test_a_line_by_hand_that_reaches_into_the_period_stands_in_its_way(end: date, reason: Reason | None) -> None:
    """A manual device line is taken to end on its service date."""
    line = a_line("99445", end - timedelta(days=3) if reason else end)
    facts = patient(readings=readings(16), prior=(line,), periods=(a_period(FIRST),))
    found = answers(facts)[LONG].findings
    assert [(one.reason, one.ids) for one in found] == ([(reason, (line.id,))] if reason else [])


def test_the_next_period_starts_after_the_last_billed_one() -> None:
    """Nothing is stored; a line by hand covers up to 5 October."""
    facts = patient(readings=readings(30), prior=(a_line("99454", date(2026, 10, 5)),))
    assert "99454:2026-10-06" in answers(facts)


def test_the_same_line_by_hand_makes_the_engines_a_duplicate() -> None:
    """Same code, same period."""
    line = a_line("99454", date(2026, 10, 30))
    assert reasons(patient(readings=readings(16), prior=(line,), periods=(a_period(FIRST),)), LONG) == {
        Reason.DUPLICATE
    }


def test_device_codes_are_for_one_practitioner() -> None:
    """Somebody elsewhere in the window, and one day behind it."""
    kind = CircumstanceKind.OTHER_PRACTITIONER
    within, behind = (a_circumstance(kind, day) for day in (date(2026, 10, 30), date(2026, 10, 31)))
    assert reasons(patient(readings=readings(16), circumstances=(within,)), LONG) == {
        Reason.OTHER_PRACTITIONER_CONFLICT
    }
    assert LONG in billable(patient(readings=readings(16), circumstances=(behind,)))


@pytest.mark.parametrize(
    ("ends_on", "practitioner", "blocks"),
    [(date(2026, 10, 30), 1, True), (date(2026, 10, 29), 1, False), (date(2026, 10, 30), 2, False)],
)
def test_the_surgeon_who_is_paid_the_package_cannot_bill(ends_on: date, practitioner: int, blocks: bool) -> None:
    """Others can."""
    surgery = a_circumstance(CircumstanceKind.GLOBAL_PERIOD, START, ends_on, practitioner_id=practitioner)
    assert (Reason.GLOBAL_PERIOD in reasons(patient(readings=readings(16), circumstances=(surgery,)), LONG)) is blocks


@pytest.mark.parametrize(("prefix", "is_covered"), [("I10", True), ("I1", True), ("E11.9", True), ("O13", False)])
def test_a_payer_may_cover_some_diagnoses_only(prefix: str, is_covered: bool) -> None:
    """One of the patient's suffices."""
    lines = billable(patient(readings=readings(16)), covered_dx_prefixes=(prefix,))
    assert (LONG in lines) is is_covered


def test_what_a_payer_does_not_cover_is_named() -> None:
    """Reason and code."""
    assert reasons(patient(readings=readings(16)), LONG, not_covered_codes=("99454",)) == {Reason.PAYER_NOT_COVERED}


SETUP = {"circumstances": (a_training(date(2026, 9, 20)),)}


@pytest.mark.parametrize(
    ("days", "needed", "found"),
    [
        (1, 2, {Reason.SETUP_MIN_DAYS}), (2, 2, set()), (15, 16, {Reason.SETUP_MIN_DAYS}), (16, 16, set()),
    ],
)  # fmt: skip
def test_setup_needs_so_many_days_with_data(days: int, needed: int, found: set) -> None:
    """2 by default, 16 where the payer says so."""
    facts = patient(readings=readings(days), **SETUP)
    assert reasons(facts, "99453", min_days_99453=needed) == found


def test_setup_is_dated_by_the_training_and_needs_it_documented() -> None:
    """The first training of the episode."""
    again = (*SETUP["circumstances"], a_training(date(2026, 10, 2)))
    assert answers(patient(readings=readings(2), circumstances=again))["99453"].service_date == date(2026, 9, 20)
    assert reasons(patient(readings=readings(2)), "99453") == {Reason.SETUP_NOT_DOCUMENTED}


def test_setup_is_billed_once_an_episode_whatever_the_device() -> None:
    """A line of the same episode, or one that names none; not that of another episode."""
    for episode, found in (
        (an_id("episode RPM"), {Reason.SETUP_ALREADY_BILLED}),
        (None, {Reason.SETUP_ALREADY_BILLED}),
        (an_id("old"), set()),
    ):
        line = a_line("99453", date(2026, 9, 20), episode_id=episode)
        assert reasons(patient(readings=readings(2), prior=(line,), **SETUP), "99453") == found


def test_training_before_consent_is_no_training_yet() -> None:
    """The gate of its day."""
    facts = patient(readings=readings(2), enrolment=paper(consented_on=date(2026, 9, 21)), **SETUP)
    assert reasons(facts, "99453") == {Reason.NO_CONSENT}


RTM = {"enrolment": paper(Program.RTM)}


@pytest.mark.parametrize(
    ("data", "long", "short"),
    [("respiratory", "98976", "98984"), ("musculoskeletal", "98977", "98985"), ("behavioural", "98978", "98986")],
)
def test_therapeutic_supply_has_its_twins(data: str, long: str, short: str) -> None:
    """15 and 16 days, reported by the patient; these codes have no fee until the practice enters one."""
    for days, code in ((1, None), (2, short), (15, short), (16, long)):
        facts = patient(readings=readings(days, data=data, source="manual"), **RTM)
        priced = [key for key, one in answers(facts).items() if one.reasons == {Reason.FEE_MISSING} and data[:1]]
        assert priced == ([f"{code}:2026-10-01"] if code else [])
