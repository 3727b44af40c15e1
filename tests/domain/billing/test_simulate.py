"""The what-if simulator: identity, rules of another year, fees, readings, minutes, enrolments."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from app.domain.billing.clocks import DAY
from app.domain.billing.codes import Reason
from app.domain.billing.engine import evaluate
from app.domain.billing.facts import Horizon, PatientFacts
from app.domain.billing.fees import read_fee_schedule
from app.domain.billing.policy import PolicySettings
from app.domain.billing.rules import rule_book
from app.domain.billing.simulate import (
    Drop,
    Enrol,
    MoreMinutes,
    MoreReadings,
    Scenario,
    changed_book,
    compare,
    simulate,
)
from app.domain.enrolment.coverage import EnrolmentFacts
from app.domain.enrolment.programs import Program
from tests.domain.billing.facts import DECEMBER, OCTOBER, a_book, an_id, minutes, patient, readings

HORIZON = Horizon(OCTOBER, DECEMBER)
ONE = patient(readings=readings(14), time_entries=(minutes(17),))
TWO = patient(patient_id=an_id("two"), readings=readings(16), time_entries=(minutes(45),))


def _run(scenario: Scenario, *patients):
    return simulate(patients or (ONE, TWO), a_book(), HORIZON, scenario)


def _flipped(found) -> list[tuple[str, bool]]:
    return [(one.code, one.is_billable) for one in found.flips]


@pytest.mark.parametrize("one", [ONE, TWO])
def test_a_scenario_that_changes_nothing_is_the_real_month(one: PatientFacts) -> None:
    """Line by line what the engine says, with its proof."""
    found = compare(one, a_book(), changed_book(a_book(), Scenario()), HORIZON, Scenario())
    assert found.real == found.supposed == evaluate(one, a_book(), HORIZON).billable()
    assert (found.flips, len(found.real) > 1) == ((), True)


def test_a_scenario_that_changes_nothing_moves_no_unit_and_no_dollar() -> None:
    """By code, over all patients."""
    found = _run(Scenario())
    assert [(one.lines, one.units, one.amount) for one in found.by_code] == [
        (one.scenario_lines, one.scenario_units, one.scenario_amount) for one in found.by_code
    ]
    assert (found.flips, found.patients, found.amounts[0]) == ((), 2, found.amounts[1])


def test_the_same_input_gives_the_same_output_in_any_order() -> None:
    """Patients come sorted."""
    scenario = Scenario(rule_set_id="2025")
    assert _run(scenario, ONE, TWO) == _run(scenario, TWO, ONE)


def test_last_years_rules_side_by_side_with_this_years() -> None:
    """Without 99445 and 99470 the first patient's month is worth nothing."""
    found = _run(Scenario(rule_set_id="2025"), ONE)
    assert _flipped(found) == [("99445", False), ("99470", False)]
    assert all(one.reasons == (Reason.CODE_NOT_EFFECTIVE,) for one in found.flips)
    assert found.amounts == (Decimal("78.16"), Decimal(0))


def test_a_rule_set_for_some_days_leaves_the_others_as_they_are() -> None:
    """Its first and last day are its own, those around them the real ones'; the order of judging stays."""
    first, last = date(2026, 10, 5), date(2026, 10, 7)
    book = rule_book().during("2025", first, last)
    days = [date(2025, 12, 31), date(2026, 1, 1), first - DAY, first, last, last + DAY, date(2026, 12, 31)]
    found = [one.id if (one := book.on(day)) else None for day in days]
    assert found == ["2025", "2026", "2026", "2025", "2025", "2026", "2026"]
    assert book.on(date(2027, 1, 1)) is None
    for end in (last, date.max):
        assert list(rule_book().during("2025", first, end).codes) == list(rule_book().codes)


def test_another_fee_schedule_moves_money_and_no_line() -> None:
    """By code."""
    fees = read_fee_schedule({
        "id": "x", "name": "x", "effective_from": "2020-01-01", "conversion_factor": "1",
        "fees": [{"code": code, "amount": "10"} for code in ("99454", "99457", "99458")],
    })  # fmt: skip
    found = _run(Scenario(fees=fees), TWO)
    assert found.flips == ()
    assert [(one.code, one.amount, one.scenario_amount) for one in found.by_code] == [
        ("99454", Decimal("52.11"), Decimal(10)), ("99457", Decimal("51.77"), Decimal(10)),
        ("99458", Decimal("41.42"), Decimal(10)),
    ]  # fmt: skip


def test_two_days_and_three_minutes_more_flip_a_patient() -> None:
    """14 to 16 days, 17 to 20 minutes; the other patient is left alone."""
    days = MoreReadings((date(2026, 10, 20), date(2026, 10, 21)), ONE.patient_id)
    found = _run(Scenario(readings=(days,), minutes=(MoreMinutes(date(2026, 10, 20), 180, ONE.patient_id),)))
    assert {one.patient_id for one in found.flips} == {ONE.patient_id}
    assert sorted(_flipped(found)) == [("99445", False), ("99454", True), ("99457", True), ("99470", False)]
    why = {one.code: one.reasons for one in found.flips}
    assert (why["99454"], why["99445"]) == ((Reason.DAYS_LT_16,), (Reason.DAYS_GE_16,))


def test_enrolling_and_dropping() -> None:
    """Somebody with data and in no program; somebody who leaves before there are two days."""
    nobody = replace(ONE, enrolment=EnrolmentFacts())
    enrolled = _run(Scenario(enrol=(Enrol(ONE.patient_id, Program.RPM, date(2026, 9, 1)),)), nobody)
    assert _flipped(enrolled) == [("99445", True), ("99470", True)]
    dropped = _run(Scenario(drop=(Drop(ONE.patient_id, Program.RPM, date(2026, 10, 1)),)), ONE)
    assert _flipped(dropped) == [("99445", False), ("99470", False)]


def test_another_policy_and_another_moment() -> None:
    """Nothing waits; nothing is ready in the middle of the month."""
    early = Scenario(as_of=datetime(2026, 10, 16, tzinfo=UTC))
    assert ("99445", False) in _flipped(_run(early, ONE))
    open_ = Scenario(as_of=early.as_of, settings=PolicySettings(require_period_closed=False))
    assert ("99445", False) not in _flipped(_run(open_, ONE))


def test_a_rule_set_that_there_is_not_is_refused() -> None:
    """By name."""
    with pytest.raises(ValueError, match="no rule set 1999"):
        _run(Scenario(rule_set_id="1999"))
