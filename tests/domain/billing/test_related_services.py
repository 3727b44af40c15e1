"""Related services beside monitoring (04 §2): their own edges, and what excludes what."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.domain.billing.codes import Reason
from app.domain.billing.facts import CircumstanceKind, PatientFacts
from app.domain.enrolment.programs import Program
from tests.domain.billing.facts import (
    DECEMBER,
    a_circumstance,
    a_line,
    a_period,
    a_training,
    answers,
    billable,
    joined,
    minutes,
    paper,
    patient,
    readings,
    reasons,
    seconds,
)

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
COMPLEX = a_circumstance(CircumstanceKind.COMPLEX_CARE, FIRST, LAST)


def _care(program: Program, length: int, credential: str = "clinical", **fields: Any) -> PatientFacts:
    """Return a patient in one program of care with so many seconds, reached by nobody."""
    entry = seconds(length, program=program, credential=credential, mode="none", is_interactive=False)
    return patient(**{"enrolment": paper(program), "time_entries": (entry,), **fields})


def _earned(facts: PatientFacts) -> list[str]:
    """Return what is right but for its fee, which a practice enters, with its units."""
    return sorted(f"{one.code}x{one.units}" for one in answers(facts).values() if one.is_earned)


@pytest.mark.parametrize(
    ("program", "length", "credential", "earned"),
    [
        (Program.PCM, 3599, "clinical", ["99426x1"]), (Program.PCM, 3600, "clinical", ["99426x1", "99427x1"]),
        (Program.PCM, 5399, "clinical", ["99426x1", "99427x1"]),
        (Program.PCM, 5400, "clinical", ["99426x1", "99427x2"]),
        (Program.PCM, 7200, "clinical", ["99426x1", "99427x2"]),
        (Program.PCM, 1799, "physician", []), (Program.PCM, 3599, "physician", ["99424x1"]),
        (Program.PCM, 5400, "physician", ["99424x1", "99425x2"]),
        (Program.PCM, 7200, "physician", ["99424x1", "99425x3"]),
        (Program.CCM, 3599, "clinical", ["99439x1", "99490x1"]),
        (Program.CCM, 3600, "clinical", ["99439x2", "99490x1"]),
        (Program.CCM, 5400, "physician", ["99437x2", "99491x1"]),
    ],
)  # fmt: skip
def test_care_management_by_seconds_needs_no_live_contact(
    program: Program, length: int, credential: str, earned: list[str]
) -> None:
    """59:59/60:00, 89:59/90:00; staff's further blocks are two at most, the physician's are not capped."""
    assert _earned(_care(program, length, credential)) == earned


@pytest.mark.parametrize(
    ("program", "length", "code", "reason", "more"),
    [
        (Program.CCM, 1199, "99490", Reason.TIME_LT_20, {}), (Program.CCM, 2399, "99439", Reason.TIME_LT_40, {}),
        (Program.CCM, 3599, "99487", Reason.TIME_LT_60, {"circumstances": (COMPLEX,)}),
        (Program.CCM, 5399, "99489", Reason.TIME_LT_90, {"circumstances": (COMPLEX,)}),
        (Program.PCM, 1799, "99426", Reason.TIME_LT_30, {}), (Program.PCM, 3599, "99427", Reason.TIME_LT_60, {}),
    ],
)  # fmt: skip
def test_one_second_too_few_is_named_and_one_more_suffices(
    program: Program, length: int, code: str, reason: Reason, more: dict[str, Any]
) -> None:
    """Each threshold of care by its own reason."""
    short, enough = (_care(program, spent, **more) for spent in (length, length + 1))
    assert reason in reasons(short, f"{code}:2026-10")
    assert answers(enough)[f"{code}:2026-10"].is_earned


def test_a_further_block_of_care_falls_with_its_first() -> None:
    """99439 where 99487 takes the month; nothing stands on a base that gave way."""
    facts = _care(Program.CCM, 3600, circumstances=(COMPLEX,))
    assert reasons(facts, "99439:2026-10") == {Reason.BASE_NOT_BILLED, Reason.FEE_MISSING}
    assert reasons(facts, "99490:2026-10") == {Reason.EXCLUDED_BY_CODE}


def test_chronic_and_principal_care_are_not_billed_in_one_month() -> None:
    """Chronic care wins; alone, principal care stands."""
    entries = (minutes(20, program=Program.CCM), minutes(30, hour=12, program=Program.PCM))
    both = patient(enrolment=joined(paper(Program.CCM), paper(Program.PCM)), time_entries=entries)
    alone = patient(enrolment=paper(Program.PCM), time_entries=entries[1:])
    assert _earned(both) == ["99490x1"]
    assert Reason.EXCLUDED_BY_CODE in reasons(both, "99426:2026-10")
    assert _earned(alone) == ["99426x1"]


@pytest.mark.parametrize("program", [Program.CCM, Program.PCM])
def test_care_stands_beside_monitoring_with_distinct_minutes(program: Program) -> None:
    """The same minutes by two people count for monitoring alone."""
    papers = joined(paper(), paper(program))
    apart = (minutes(20), minutes(30, hour=12, program=program))
    together = (minutes(30), minutes(30, program=program, user_id=2))
    assert {one[:5] for one in _earned(patient(enrolment=papers, time_entries=apart))} >= {"99457"}
    assert len(_earned(patient(enrolment=papers, time_entries=apart))) == 2
    assert _earned(patient(enrolment=papers, time_entries=together)) == ["99457x1"]


@pytest.mark.parametrize(("days", "code"), [(2, "99445"), (16, "99454")])
def test_therapy_supply_gives_way_to_physiologic_supply(days: int, code: str) -> None:
    """RPM or RTM in a month, not both; whatever stands first in the ledger stands."""
    papers = joined(paper(Program.RTM, ends_on=date(2026, 9, 30)), paper(start=FIRST))
    data = (*readings(days), *readings(days, date(2026, 9, 14), data="respiratory", source="manual"))
    periods = (a_period(FIRST), a_period(date(2026, 9, 14), Program.RTM))
    facts = patient(enrolment=papers, readings=data, periods=periods)
    assert billable(facts) == [f"{code}:2026-10-01"]
    assert Reason.RTM_CONFLICT in reasons(facts, f"{'98984' if days == 2 else '98976'}:2026-09-14")
    stands = patient(enrolment=papers, readings=data, periods=periods, prior=(a_line("98976", date(2026, 10, 13)),))
    assert reasons(stands, f"{code}:2026-10-01") == {Reason.RTM_CONFLICT}


def test_on_days_in_both_kinds_of_monitoring_neither_counts() -> None:
    """Enrolled in RPM and RTM at once: the paper is wrong, and that is the reason."""
    facts = patient(enrolment=joined(paper(), paper(Program.RTM)), readings=readings(16), time_entries=(minutes(20),))
    assert Reason.RTM_CONFLICT in reasons(facts, "99454:2026-10-01")
    assert Reason.RTM_CONFLICT in reasons(facts, "99457:2026-10")


@pytest.mark.parametrize(("days", "found"), [(1, {Reason.SETUP_MIN_DAYS}), (2, set())])
def test_therapy_set_up_needs_training_and_days(days: int, found: set[Reason]) -> None:
    """Of whatever kind of therapeutic data."""
    training = (a_training(date(2026, 10, 1)),)
    data = readings(days, data="behavioural", source="manual")
    facts = patient(enrolment=paper(Program.RTM), readings=data, circumstances=training)
    assert reasons(facts, "98975") - {Reason.FEE_MISSING} == found


@pytest.mark.parametrize(("mode", "found"), [("phone", set()), ("message", {Reason.NO_INTERACTIVE})])
def test_therapy_management_needs_a_live_contact(mode: str, found: set[Reason]) -> None:
    """As physiologic monitoring does."""
    facts = patient(enrolment=paper(Program.RTM), time_entries=(minutes(20, program=Program.RTM, mode=mode),))
    assert reasons(facts, "98980:2026-10") - {Reason.FEE_MISSING} == found


@pytest.mark.parametrize(
    ("now", "lines"),
    [(datetime(2026, 11, 1, 3, 59, tzinfo=UTC), []), (datetime(2026, 11, 1, 4, tzinfo=UTC), ["G0557:2026-10"])],
)
def test_advanced_primary_care_waits_for_the_end_of_its_month(now: datetime, lines: list[str]) -> None:
    """New York's midnight after Halloween; no minutes are asked."""
    assert billable(patient(enrolment=paper(Program.APCM)), as_of=now) == lines


@pytest.mark.parametrize(("day", "blocks"), [(LAST, True), (date(2026, 11, 1), False)])
def test_advanced_primary_care_is_for_one_practitioner_a_month(day: date, blocks: bool) -> None:
    """On its last day, and on the day behind it."""
    other = a_circumstance(CircumstanceKind.OTHER_PRACTITIONER, day, day)
    found = reasons(patient(enrolment=paper(Program.APCM), circumstances=(other,)), "G0557:2026-10")
    assert found == ({Reason.OTHER_PRACTITIONER_CONFLICT} if blocks else set())


def test_of_the_levels_of_advanced_primary_care_one_fits() -> None:
    """The others say so."""
    facts = patient(enrolment=paper(Program.APCM))
    assert [reasons(facts, f"{code}:2026-10") for code in ("G0556", "G0557", "G0558")] == [
        {Reason.LEVEL_NOT_MET}, set(), {Reason.LEVEL_NOT_MET},
    ]  # fmt: skip


@pytest.mark.parametrize("code", ["99490", "99487", "99491", "99424", "99426"])
def test_advanced_primary_care_swallows_each_base_of_care(code: str) -> None:
    """Chronic, complex, and principal care, staff's and the physician's."""
    program = Program.PCM if code in {"99424", "99426"} else Program.CCM
    entry = minutes(60, program=program, credential="physician")
    papers = joined(paper(Program.APCM), paper(program))
    facts = patient(enrolment=papers, time_entries=(entry,), circumstances=(COMPLEX,))
    assert Reason.APCM_BUNDLE in reasons(facts, f"{code}:2026-10")


@pytest.mark.parametrize(
    ("program", "key", "blocks"),
    [(Program.RPM, "99457:2026-10", True), (Program.RTM, "98980:2026-10", True), (Program.CCM, "99490:2026-10", False)],
)
def test_a_surgical_package_blocks_the_surgeons_monitoring_and_nothing_else(
    program: Program, key: str, blocks: bool
) -> None:
    """On the service date: the day on which the minutes sufficed."""
    surgery = a_circumstance(CircumstanceKind.GLOBAL_PERIOD, FIRST, date(2026, 10, 5), practitioner_id=1)
    facts = patient(enrolment=paper(program), time_entries=(minutes(20, program=program),), circumstances=(surgery,))
    assert (Reason.GLOBAL_PERIOD in reasons(facts, key)) is blocks
    later = patient(
        enrolment=paper(program), circumstances=(surgery,),
        time_entries=(minutes(20, date(2026, 10, 6), program=program),),
    )  # fmt: skip
    assert Reason.GLOBAL_PERIOD not in reasons(later, key)


def test_another_practitioners_monitoring_leaves_care_alone() -> None:
    """It is about monitoring."""
    other = a_circumstance(CircumstanceKind.OTHER_PRACTITIONER, LAST, LAST)
    facts = _care(Program.CCM, 1200, circumstances=(other,))
    assert billable(facts, as_of=DECEMBER) == ["99490:2026-10"]


@pytest.mark.parametrize(("diagnoses", "found"), [({"I10"}, {Reason.NO_DX}), ({"I10", "E11.9"}, set())])
def test_chronic_care_needs_two_conditions_and_principal_care_one(diagnoses: set[str], found: set[Reason]) -> None:
    """Both sides."""
    chronic = _care(Program.CCM, 1200, enrolment=paper(Program.CCM, diagnoses=diagnoses))
    principal = _care(Program.PCM, 1800, enrolment=paper(Program.PCM, diagnoses=diagnoses))
    assert reasons(chronic, "99490:2026-10") & {Reason.NO_DX} == found
    assert answers(principal)["99426:2026-10"].is_earned
