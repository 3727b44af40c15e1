"""Therapeutic data that is reported: the days it tells of, and what they earn, on both sides of each edge."""

from datetime import date, timedelta

import pytest

from app.domain.billing.clocks import Window
from app.domain.billing.codes import Reason
from app.domain.billing.facts import CircumstanceKind, PatientFacts
from app.domain.billing.therapy import DATA_OF, therapy_readings
from app.domain.enrolment.programs import Program
from tests.domain.billing.facts import OCTOBER, ZONE, a_circumstance, a_period, paper, patient, reasons

FIRST = date(2026, 10, 1)
CODES = {"respiratory": ("98976", "98984"), "musculoskeletal": ("98977", "98985"), "behavioural": ("98978", "98986")}


def _reported(kind: CircumstanceKind, days: int) -> PatientFacts:
    report = a_circumstance(kind, FIRST, FIRST + timedelta(days=days - 1))
    return patient(
        enrolment=paper(Program.RTM), periods=(a_period(FIRST, Program.RTM),), circumstances=(report,),
        readings=tuple(therapy_readings([report], ZONE, OCTOBER)),
    )  # fmt: skip


@pytest.mark.parametrize("kind", DATA_OF)
@pytest.mark.parametrize(
    ("days", "long", "short"),
    [
        (1, {Reason.DAYS_LT_16}, {Reason.DAYS_LT_2}), (2, {Reason.DAYS_LT_16}, set()),
        (15, {Reason.DAYS_LT_16}, set()), (16, set(), {Reason.DAYS_GE_16}),
    ],
)  # fmt: skip
def test_days_that_are_reported_earn_the_codes_of_their_kind(
    kind: CircumstanceKind, days: int, long: set[Reason], short: set[Reason]
) -> None:
    """Two and sixteen of them; the fee is missing, of which none is shipped. Other kinds have no days."""
    facts = _reported(kind, days)
    for data, codes in CODES.items():
        found = [reasons(facts, f"{code}:{FIRST}") - {Reason.FEE_MISSING, Reason.PERIOD_OVERLAP} for code in codes]
        assert found == ([long, short] if data == DATA_OF[kind] else [{Reason.DAYS_LT_16}, {Reason.DAYS_LT_2}])


def test_a_report_tells_of_its_days_within_the_window_and_of_no_others() -> None:
    """First and last day inclusive; what is no therapeutic data tells of none."""
    report = a_circumstance(CircumstanceKind.THERAPY_RESPIRATORY, date(2026, 9, 29), date(2026, 10, 2))
    visit = a_circumstance(CircumstanceKind.EM_VISIT, FIRST, FIRST)
    found = list(therapy_readings([report, visit], ZONE, Window(date(2026, 9, 30), date(2026, 10, 31))))
    assert [one.day for one in found] == [date(2026, 9, 30), FIRST, date(2026, 10, 2)]
    assert {one.id for one in found} == {report.id}
    assert list(therapy_readings([report], ZONE, Window(date(2026, 10, 3), date(2026, 10, 31)))) == []
