"""The double-count guard: each rule bites, names itself and the rows, and lets the neighbouring case through."""

from datetime import date, timedelta

import pytest

from app.domain.billing.double_count import WORDS, Rule, line_conflicts, time_conflicts
from app.domain.billing.facts import CircumstanceKind
from app.domain.billing.policy import PolicySettings
from app.domain.billing.rules import rule_book
from app.domain.enrolment.programs import Program
from tests.domain.billing.facts import PATIENT, a_circumstance, a_line, an_id, minutes

END = date(2026, 10, 31)
OTHER = an_id("another patient")


def _broken(code: str, *others: tuple[str, date], day: date = END, units: int = 1, **more) -> list[Rule]:
    settings = PolicySettings(**more.pop("settings", {}))
    line = a_line(code, day, units=units)
    ledger = [line, *(a_line(other, when, id=an_id(f"other {other} {when}")) for other, when in others)]
    return [one.rule for one in line_conflicts(line, ledger, rule_book(), settings, **more)]


@pytest.mark.parametrize(
    ("code", "other", "when", "rule"),
    [
        ("99454", "99445", END - timedelta(days=29), Rule.ONE_DEVICE_CODE),
        ("99454", "99445", END - timedelta(days=30), None),
        ("99445", "99454", END, Rule.ONE_DEVICE_CODE),
        ("99454", "99454", END - timedelta(days=5), Rule.ONE_DEVICE_CODE),
        ("99454", "99454", END, Rule.SAME_LINE), ("99457", "99470", date(2026, 10, 1), Rule.ONE_TREATMENT_CODE),
        ("99470", "99457", date(2026, 10, 1), Rule.ONE_TREATMENT_CODE), ("99457", "99470", date(2026, 9, 30), None),
        ("99457", "99457", date(2026, 10, 1), Rule.SAME_LINE), ("99457", "99457", date(2026, 11, 1), None),
        ("99457", "98980", END, Rule.RPM_WITH_RTM), ("98980", "99454", END, Rule.RPM_WITH_RTM),
        ("98980", "99457", date(2026, 9, 30), None), ("99453", "99453", date(2024, 1, 1), Rule.SETUP_TWICE),
        ("99091", "99457", END, Rule.OWN_TIME_WITH_TREATMENT), ("99490", "G0557", END, Rule.BUNDLED),
        ("99457", "99490", END, None), ("99454", "99457", END, None),
    ],
)  # fmt: skip
def test_lines_that_do_not_stand_side_by_side(code: str, other: str, when: date, rule: Rule | None) -> None:
    """Both sides of each edge."""
    assert _broken(code, (other, when)) == ([rule] if rule else [])


def test_a_conflict_names_its_rule_and_the_rows() -> None:
    """The line asked about first."""
    line, other = a_line("99457", END), a_line("99470", END)
    (found,) = line_conflicts(line, [line, other], rule_book(), PolicySettings())
    assert (found.rule, found.ids, found.is_hard) == (Rule.ONE_TREATMENT_CODE, (line.id, other.id), True)
    assert found.detail == WORDS[Rule.ONE_TREATMENT_CODE]


def test_a_further_block_needs_its_base_and_keeps_to_the_cap() -> None:
    """99458 on 99457, or on 99470 where that is allowed."""
    assert _broken("99458") == [Rule.ADD_ON_ALONE]
    assert _broken("99458", ("99457", END), units=3) == []
    assert _broken("99458", ("99457", END), units=4) == [Rule.OVER_THE_CAP]
    assert _broken("99458", ("99470", END)) == [Rule.ADD_ON_ALONE]
    assert _broken("99458", ("99470", END), settings={"allow_99458_with_99470": True}) == []


_CONSULTS = ("98016", "99446", "99447", "99448", "99449", "99451", "99452")
_TRANSITIONAL = ("99495", "99496")


@pytest.mark.parametrize("code", [*_TRANSITIONAL, *_CONSULTS])
@pytest.mark.parametrize("base", ["G0556", "G0557", "G0558"])
def test_advanced_primary_care_swallows_transitional_care_and_consults(code: str, base: str) -> None:
    """Whichever of the two is asked about, in the same month and in no other; the rule and both rows are named."""
    assert _broken(code, (base, date(2026, 10, 1))) == _broken(base, (code, date(2026, 10, 1))) == [Rule.BUNDLED]
    assert _broken(code, (base, date(2026, 9, 30))) == _broken(base, (code, date(2026, 11, 1))) == []
    line, other = a_line(code, END), a_line(base, END)
    (found,) = line_conflicts(line, [line, other], rule_book(), PolicySettings())
    assert (found.ids, found.is_hard) == ((line.id, other.id), True)


@pytest.mark.parametrize("code", ["99495", "99496", "99484"])
@pytest.mark.parametrize("beside", ["99453", "99454", "99457", "99091", "99490", "99487", "99491", "99424", "99426"])
def test_transitional_and_behavioural_care_stand_beside_monitoring_and_care(code: str, beside: str) -> None:
    """With distinct minutes: of theirs none is in the time log, so none can be the same."""
    assert _broken(code, (beside, END)) == _broken(beside, (code, END)) == []


def test_behavioural_integration_stands_beside_advanced_primary_care() -> None:
    """What that includes is named; this is not."""
    assert _broken("99484", ("G0557", END)) == []


@pytest.mark.parametrize("code", ["G0568", "G0569", "G0570"])
def test_a_behavioural_add_on_needs_advanced_primary_care_of_the_month(code: str) -> None:
    """Any of its levels, in this month, by this practice: that another practitioner bills it does not carry ours."""
    assert _broken(code) == _broken(code, ("99490", END)) == [Rule.ADD_ON_ALONE]
    for base in ("G0556", "G0557", "G0558"):
        assert _broken(code, (base, date(2026, 10, 1))) == []
        assert _broken(code, (base, date(2026, 9, 30))) == [Rule.ADD_ON_ALONE]
    elsewhere = a_circumstance(CircumstanceKind.OTHER_PRACTITIONER, END, END, program=Program.APCM)
    assert _broken(code, circumstances=[elsewhere]) == [Rule.ADD_ON_ALONE, Rule.OTHER_PRACTITIONER]
    assert _broken("G0557", circumstances=[elsewhere]) == [Rule.OTHER_PRACTITIONER]


def test_behavioural_add_ons_are_new_in_2026() -> None:
    """Transitional and behavioural care are older."""
    rules = {year: rule_book().on(date(year, 6, 1)) for year in (2025, 2026)}
    assert [year for year, one in rules.items() if one and "G0568" in one.by_code] == [2026]
    assert all(one and {"99495", "99484"} <= one.by_code.keys() for one in rules.values())


def test_another_episodes_setup_is_no_conflict() -> None:
    """Episodes are named on both."""
    line, old = (a_line("99453", day, episode_id=an_id(day)) for day in (END, date(2024, 1, 1)))
    assert line_conflicts(line, [line, old], rule_book(), PolicySettings()) == ()


def test_the_setting_lets_the_review_stand_beside_treatment() -> None:
    """04 §1.5."""
    assert _broken("99091", ("99457", END), settings={"allow_99091_with_99457": True}) == []


def test_a_second_practice_in_the_window() -> None:
    """One day of it suffices; of chronic care nobody asks."""
    other = a_circumstance(CircumstanceKind.OTHER_PRACTITIONER, END - timedelta(days=29), END - timedelta(days=29))
    assert _broken("99454", circumstances=[other]) == [Rule.OTHER_PRACTITIONER]
    assert _broken("99490", circumstances=[other]) == []


@pytest.mark.parametrize(("mode", "rules"), [("phone", []), ("message", [Rule.NO_LIVE_CONTACT])])
def test_treatment_without_a_live_contact_is_flagged(mode: str, rules: list) -> None:
    """It warns: the contact may be written down later."""
    assert _broken("99457", contacts=[minutes(20, mode=mode)]) == rules
    assert _broken("99454", contacts=[]) == []


def test_one_person_cannot_do_two_things_at_once() -> None:
    """Whoever the patients are; entries that meet do not overlap."""
    one, within, behind = minutes(30), minutes(10, id=an_id("b")), minutes(10, hour=11)
    touching = minutes(
        30, hour=10, id=an_id("c"), started_at=one.ended_at, ended_at=one.ended_at + timedelta(minutes=5)
    )
    assert [one.rule for one in time_conflicts([(PATIENT, one), (OTHER, within)])] == [Rule.STAFF_OVERLAP]
    assert time_conflicts([(PATIENT, one), (OTHER, touching), (OTHER, behind)]) == ()


def test_the_same_minutes_of_a_patient_are_not_of_two_programs() -> None:
    """By two people; of two patients it is nothing, and of one program neither."""
    one, other = minutes(30), minutes(30, program=Program.CCM, user_id=2)
    (found,) = time_conflicts([(PATIENT, one), (PATIENT, other)])
    assert (found.rule, set(found.ids)) == (Rule.TWO_PROGRAMS, {one.id, other.id})
    assert time_conflicts([(PATIENT, one), (OTHER, other)]) == ()
    assert time_conflicts([(PATIENT, one), (PATIENT, minutes(30, user_id=2))]) == ()
