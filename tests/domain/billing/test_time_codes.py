"""Codes of minutes: both sides of every boundary, month edges, live contact, credentials, exclusions."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.billing.codes import Reason
from app.domain.billing.facts import CircumstanceKind, TimeEntry
from app.domain.enrolment.programs import Program
from tests.domain.billing.facts import (
    OCTOBER,
    ZONE,
    a_circumstance,
    a_line,
    a_period,
    an_id,
    answers,
    billable,
    changed,
    joined,
    minutes,
    paper,
    patient,
    readings,
    reasons,
    seconds,
)

SHORT, FIRST, MORE = "99470:2026-10", "99457:2026-10", "99458:2026-10"
OWN = "99091:2026-10-01"
WITH_PERIOD = {"periods": (a_period(date(2026, 10, 1)),)}


@pytest.mark.parametrize(
    ("length", "lines", "units"),
    [
        (599, [], 0), (600, [SHORT], 0), (1199, [SHORT], 0), (1200, [FIRST], 0), (2399, [FIRST], 0),
        (2400, [FIRST, MORE], 1), (3300, [FIRST, MORE], 1), (3599, [FIRST, MORE], 1), (3600, [FIRST, MORE], 2),
        (4800, [FIRST, MORE], 3), (6000, [FIRST, MORE], 3),
    ],
)  # fmt: skip
def test_treatment_by_seconds(length: int, lines: list, units: int) -> None:
    """9:59/10:00, 19:59/20:00, 39:59/40:00, 59:59/60:00; three further blocks at most."""
    facts = patient(time_entries=(seconds(length),))
    found = answers(facts)
    assert sorted(key for key, one in found.items() if one.is_billable) == lines
    assert (found[MORE].units if MORE in lines else 0) == units


@pytest.mark.parametrize(
    ("length", "key", "reason"),
    [
        (599, SHORT, Reason.TIME_LT_10), (1200, SHORT, Reason.TIME_GE_20), (1199, FIRST, Reason.TIME_LT_20),
        (2399, MORE, Reason.TIME_LT_40),
    ],
)  # fmt: skip
def test_too_little_or_too_much_time_is_named(length: int, key: str, reason: Reason) -> None:
    """And how much there was."""
    found = answers(patient(time_entries=(seconds(length),)))[key].findings
    assert [one.reason for one in found] == [reason]
    assert dict(found[0].numbers)["seconds"] == length


def test_a_hair_less_than_twenty_minutes_is_less() -> None:
    """Never rounded: a microsecond is missing."""
    entry = minutes(20)
    short = TimeEntry(
        **{
            **{name: getattr(entry, name) for name in entry.__dataclass_fields__},
            "ended_at": entry.ended_at - timedelta(microseconds=1),
        }
    )
    assert billable(patient(time_entries=(short,))) == [SHORT]


def test_over_the_cap_is_said_and_not_billed() -> None:
    """Five blocks, three units; another payer's cap is another."""
    facts = patient(time_entries=(minutes(121),))
    answer = answers(facts)[MORE]
    assert (answer.units, str(answer.amount), [one.reason for one in answer.remarks]) == (3, "124.26", [Reason.MUE_CAP])
    assert answers(facts, mue_99458=2)[MORE].units == 2


@pytest.mark.parametrize(
    ("fields", "is_live"),
    [
        ({"mode": "phone"}, True), ({"mode": "video"}, True), ({"mode": "in_person"}, True),
        ({"mode": "message"}, False), ({"mode": "phone", "is_interactive": False}, False), ({"mode": "none"}, False),
    ],
)  # fmt: skip
def test_treatment_needs_a_live_contact(fields: dict, is_live: bool) -> None:
    """In all three codes; the further block falls with its base."""
    facts = patient(time_entries=(minutes(45, **fields),))
    assert (billable(facts) == [FIRST, MORE]) is is_live
    if not is_live:
        assert reasons(facts, FIRST) == {Reason.NO_INTERACTIVE}
        assert reasons(facts, MORE) == {Reason.NO_INTERACTIVE, Reason.BASE_NOT_BILLED}


def test_a_message_is_a_live_contact_where_the_payer_says_so() -> None:
    """04 §1.6."""
    facts = patient(time_entries=(minutes(20, mode="message"),))
    assert billable(facts, interactive_modes=("phone", "message")) == [FIRST]


def test_the_contact_need_not_fill_the_minutes() -> None:
    """One minute of talk among thirty."""
    facts = patient(time_entries=(minutes(1), minutes(19, hour=12, mode="none", is_interactive=False)))
    assert billable(facts) == [FIRST]


def test_last_months_contact_is_no_contact_of_this_month() -> None:
    """In that month."""
    facts = patient(time_entries=(minutes(5, date(2026, 9, 30)), minutes(20, mode="none", is_interactive=False)))
    assert reasons(facts, FIRST) == {Reason.NO_INTERACTIVE}


@pytest.mark.parametrize(
    ("credential", "counts"), [("physician", True), ("qhp", True), ("clinical", True), ("non_clinical", False)]
)
def test_whose_time_counts(credential: str, counts: bool) -> None:
    """Never that of non-clinical staff."""
    assert (billable(patient(time_entries=(minutes(20, credential=credential),))) == [FIRST]) is counts


def test_two_peoples_same_minutes_count_once() -> None:
    """15 minutes each, ten of them together."""
    start = minutes(15)
    other = TimeEntry(
        an_id("other"),
        Program.RPM,
        start.started_at + timedelta(minutes=5),
        start.ended_at + timedelta(minutes=5),
        user_id=2,
    )
    answer = answers(patient(time_entries=(start, other)))[FIRST]
    assert (answer.is_billable, answer.seconds) == (True, 1200)


def test_time_is_split_at_the_patients_midnight_at_the_months_end() -> None:
    """40 minutes across midnight on Halloween: 20 in each month, in New York and in Honolulu."""
    for zone in (ZONE, "Pacific/Honolulu"):
        middle = datetime(2026, 11, 1, tzinfo=ZoneInfo(zone))
        entry = TimeEntry(
            an_id("night"), Program.RPM, middle - timedelta(minutes=20), middle + timedelta(minutes=20), "phone", True
        )
        facts = patient(time_entries=(entry,), timezone=zone)
        assert billable(facts) == [FIRST]
        assert answers(facts)[FIRST].seconds == 1200


def test_time_before_consent_is_ignored_and_named() -> None:
    """The day of consent counts, the day before does not."""
    day = date(2026, 10, 5)
    for consented_on, found in (
        (day, set()),
        (day + timedelta(days=1), {Reason.TIME_LT_20, Reason.NO_INTERACTIVE, Reason.NO_CONSENT}),
    ):
        facts = patient(time_entries=(minutes(20, day),), enrolment=paper(consented_on=consented_on))
        assert reasons(facts, FIRST) == found


def test_a_line_is_dated_by_the_day_the_time_sufficed_or_by_the_months_end() -> None:
    """Ten minutes on the fifth, ten on the twelfth, twenty on the twentieth."""
    entries = tuple(minutes(length, date(2026, 10, day)) for length, day in ((10, 5), (10, 12), (20, 20)))
    found = answers(patient(time_entries=entries))
    assert (found[FIRST].service_date, found[MORE].service_date) == (date(2026, 10, 12), date(2026, 10, 20))
    at_end = answers(patient(time_entries=entries), time_service_day="month_end")
    assert at_end[FIRST].service_date == OCTOBER.ends_on


@pytest.mark.parametrize(
    ("now", "lines"),
    [(datetime(2026, 11, 1, 3, 59, tzinfo=UTC), []), (datetime(2026, 11, 1, 4, tzinfo=UTC), [SHORT])],
)
def test_the_short_code_waits_for_the_months_end(now: datetime, lines: list) -> None:
    """More minutes would undo it; the long one is billed at once."""
    assert billable(patient(time_entries=(minutes(12),)), as_of=now) == lines
    assert FIRST in billable(patient(time_entries=(minutes(20),)), as_of=now)


def test_time_codes_need_no_device_code_and_no_data() -> None:
    """04 §1.5."""
    assert billable(patient(time_entries=(minutes(20),), readings=())) == [FIRST]


def test_the_short_code_that_went_out_keeps_the_long_one_back() -> None:
    """One of the two in a month."""
    line = a_line("99470", date(2026, 10, 31), is_auto=True, status="submitted", line_key=SHORT)
    found = answers(patient(time_entries=(minutes(20),), prior=(line,)))
    assert [(one.reason, one.ids) for one in found[FIRST].findings] == [(Reason.EXCLUDED_BY_CODE, (line.id,))]


def test_a_further_block_may_stand_on_a_base_by_hand() -> None:
    """On 99457; on 99470 only where the payer allows it."""
    base = a_line("99457", date(2026, 10, 31))
    facts = patient(time_entries=(minutes(40),), prior=(base,))
    assert (reasons(facts, FIRST), billable(facts)) == ({Reason.DUPLICATE}, [MORE])
    short = patient(time_entries=(minutes(40),), prior=(a_line("99470", date(2026, 10, 31)),))
    assert Reason.BASE_NOT_BILLED in reasons(short, MORE)
    assert reasons(short, MORE, allow_99458_with_99470=True) == set()


def test_another_practitioner_blocks_time_codes_unless_the_policy_says_otherwise() -> None:
    """The sentence of CMS is about devices; blocked by default."""
    facts = patient(
        time_entries=(minutes(20),),
        circumstances=(a_circumstance(CircumstanceKind.OTHER_PRACTITIONER, date(2026, 10, 31)),),
    )
    assert reasons(facts, FIRST) == {Reason.OTHER_PRACTITIONER_CONFLICT}
    assert billable(facts, one_practitioner_all_rpm=False) == [FIRST]


def test_minutes_written_down_for_two_programs_count_for_the_winner() -> None:
    """20 minutes of CCM, five of them RPM's: 15 are left, and who took them is named."""
    both = joined(paper(), paper(Program.CCM))
    care, call = minutes(20, program=Program.CCM), minutes(5, hour=10)
    facts = patient(enrolment=both, time_entries=(care, call))
    found = {one.reason: one.ids for one in answers(facts)["99490:2026-10"].findings}
    assert set(found) == {Reason.TIME_LT_20, Reason.TIME_DOUBLE_COUNTED}
    assert found[Reason.TIME_DOUBLE_COUNTED] == (care.id,)
    assert "99490:2026-10" in billable(facts, double_tag_winner="ccm")


def test_distinct_minutes_of_two_programs_both_count() -> None:
    """RPM and chronic care in one month (04 §2)."""
    both = joined(paper(), paper(Program.CCM))
    facts = patient(enrolment=both, time_entries=(minutes(20, hour=12, program=Program.CCM), minutes(20)))
    assert billable(facts) == [FIRST, "99490:2026-10"]


@pytest.mark.parametrize(("length", "found"), [(1799, {Reason.QHP_TIME_LT_30}), (1800, set())])
def test_the_physicians_own_review_needs_thirty_minutes(length: int, found: set) -> None:
    """29:59 and 30:00, no midpoint; in its period, without live contact."""
    entry = seconds(length, credential="physician", mode="none", is_interactive=False)
    facts = patient(time_entries=(entry,), **WITH_PERIOD)
    answer = answers(facts)[OWN]
    assert set(answer.reasons) == found
    assert (answer.service_date, str(answer.amount)) == (date(2026, 10, 30), "55.45")


def test_staff_time_is_not_the_physicians() -> None:
    """40 minutes of a nurse."""
    entry = minutes(40, mode="none", is_interactive=False)
    assert reasons(patient(time_entries=(entry,), **WITH_PERIOD), OWN) == {Reason.QHP_TIME_LT_30}


def test_a_day_with_a_visit_is_left_out_of_the_review() -> None:
    """By the same person; the setting lets it count."""
    entry = minutes(30, credential="qhp", mode="none", is_interactive=False)
    for practitioner, found in ((1, {Reason.QHP_TIME_LT_30}), (2, set())):
        visit = a_circumstance(
            CircumstanceKind.EM_VISIT, date(2026, 10, 5), date(2026, 10, 5), practitioner_id=practitioner
        )
        facts = patient(time_entries=(entry,), circumstances=(visit,), **WITH_PERIOD)
        assert reasons(facts, OWN) == found
        assert reasons(facts, OWN, exclude_em_day_for_99091=False) == set()


def test_the_review_does_not_stand_beside_treatment() -> None:
    """99457 wins; with the setting on, what treatment is billed for (80 minutes with three further blocks) is taken."""
    own = minutes(30, credential="physician")
    both = patient(time_entries=(own, minutes(80, hour=14)), **WITH_PERIOD)
    short = patient(time_entries=(own, minutes(79, hour=14)), **WITH_PERIOD)
    alone = patient(time_entries=(own,), **WITH_PERIOD)
    assert reasons(both, OWN) == {Reason.EXCL_99091_99457}
    assert reasons(both, OWN, allow_99091_with_99457=True) == set()
    for too_little in (alone, short):
        assert reasons(too_little, OWN, allow_99091_with_99457=True) == {Reason.TIME_DOUBLE_COUNTED}


def test_a_review_that_went_out_keeps_treatment_back() -> None:
    """The fixed line stands, whoever would have won."""
    line = a_line("99091", date(2026, 10, 30))
    assert reasons(patient(time_entries=(minutes(20),), prior=(line,)), FIRST) == {Reason.EXCL_99091_99457}


CCM, PCM, APCM, RTM = (paper(program) for program in (Program.CCM, Program.PCM, Program.APCM, Program.RTM))
COMPLEX = a_circumstance(CircumstanceKind.COMPLEX_CARE, date(2026, 10, 1), date(2026, 10, 31))


def _right(facts, day: str = "2026-10") -> list[str]:
    """Return what is right but for its fee, which a practice enters."""
    found = answers(facts)
    return sorted(
        f"{one.code}x{one.units}"
        for one in found.values()
        if one.reasons <= {Reason.FEE_MISSING} and day in one.line_key
    )


@pytest.mark.parametrize(
    ("length", "credential", "right"),
    [
        (1199, "clinical", []), (1200, "clinical", ["99490x1"]), (2399, "clinical", ["99490x1"]),
        (2400, "clinical", ["99439x1", "99490x1"]), (3600, "clinical", ["99439x2", "99490x1"]),
        (6000, "clinical", ["99439x2", "99490x1"]), (1799, "physician", ["99490x1"]),
        (1800, "physician", ["99491x1"]), (3599, "physician", ["99491x1"]), (3600, "physician", ["99437x1", "99491x1"]),
    ],
)  # fmt: skip
def test_chronic_care_by_seconds(length: int, credential: str, right: list) -> None:
    """Staff 20 and 20 (twice at most), physician 30 and 30; one of the two ladders in a month."""
    assert (
        _right(patient(enrolment=CCM, time_entries=(seconds(length, program=Program.CCM, credential=credential),)))
        == right
    )


@pytest.mark.parametrize(
    ("length", "right"),
    [(3599, ["99439x1", "99490x1"]), (3600, ["99487x1"]), (5399, ["99487x1"]), (5400, ["99487x1", "99489x1"])],
)
def test_complex_chronic_care_by_seconds(length: int, right: list) -> None:
    """60 and 30, where complexity is documented."""
    entry = seconds(length, program=Program.CCM)
    assert _right(patient(enrolment=CCM, time_entries=(entry,), circumstances=(COMPLEX,))) == right
    plain = patient(enrolment=CCM, time_entries=(entry,))
    assert Reason.COMPLEXITY_NOT_DOCUMENTED in reasons(plain, "99487:2026-10")


@pytest.mark.parametrize(
    ("length", "credential", "right"),
    [
        (1799, "clinical", []), (1800, "clinical", ["99426x1"]), (3600, "clinical", ["99426x1", "99427x1"]),
        (1800, "physician", ["99424x1"]), (3600, "qhp", ["99424x1", "99425x1"]),
    ],
)  # fmt: skip
def test_principal_care_by_seconds(length: int, credential: str, right: list) -> None:
    """30 and 30, staff or physician."""
    assert (
        _right(patient(enrolment=PCM, time_entries=(seconds(length, program=Program.PCM, credential=credential),)))
        == right
    )


def test_chronic_care_needs_two_conditions() -> None:
    """One is not enough."""
    facts = patient(enrolment=paper(Program.CCM, diagnoses={"I10"}), time_entries=(minutes(20, program=Program.CCM),))
    assert Reason.NO_DX in reasons(facts, "99490:2026-10")


@pytest.mark.parametrize(
    ("length", "right"),
    [
        (599, []),
        (600, ["98979x1"]),
        (1199, ["98979x1"]),
        (1200, ["98980x1"]),
        (2399, ["98980x1"]),
        (2400, ["98980x1", "98981x1"]),
    ],
)
def test_therapy_monitoring_by_seconds(length: int, right: list) -> None:
    """As RPM's ladder."""
    assert _right(patient(enrolment=RTM, time_entries=(seconds(length, program=Program.RTM),))) == right


@pytest.mark.parametrize(
    ("conditions", "is_qmb", "code"),
    [(1, False, "G0556"), (1, True, "G0556"), (2, False, "G0557"), (2, True, "G0558")],
)
def test_advanced_primary_care_by_conditions(conditions: int, is_qmb: bool, code: str) -> None:
    """One level fits."""
    qmb = (a_circumstance(CircumstanceKind.QMB, date(2026, 1, 1)),) if is_qmb else ()
    papers = paper(Program.APCM, diagnoses={"I10", "E11.9"} if conditions == 2 else {"I10"})
    assert billable(patient(enrolment=papers, circumstances=qmb)) == [f"{code}:2026-10"]


def test_advanced_primary_care_swallows_chronic_and_principal_care_but_not_monitoring() -> None:
    """04 §2."""
    facts = patient(
        enrolment=joined(APCM, CCM, PCM, paper()),
        time_entries=(
            minutes(20, hour=12, program=Program.CCM),
            minutes(30, hour=14, program=Program.PCM),
            minutes(20),
        ),
    )
    assert billable(facts) == [FIRST, "G0557:2026-10"]
    assert Reason.APCM_BUNDLE in reasons(facts, "99490:2026-10") & reasons(facts, "99426:2026-10")


def test_chronic_care_that_went_out_keeps_advanced_primary_care_back() -> None:
    """Whatever stands, stands."""
    facts = patient(enrolment=joined(APCM, CCM), prior=(a_line("99490", date(2026, 10, 31)),))
    assert Reason.APCM_BUNDLE in reasons(facts, "G0557:2026-10")


@pytest.mark.parametrize("code", ["99495", "99496", "98016", "99446", "99452"])
def test_what_advanced_primary_care_includes_keeps_it_back_where_it_went_out(code: str) -> None:
    """Entered by hand in the month, it stands and is named; in another month it is in nobody's way."""
    line = a_line(code, date(2026, 10, 1))
    found = answers(patient(enrolment=APCM, prior=(line,)))["G0557:2026-10"]
    assert [(one.reason, one.ids) for one in found.findings] == [(Reason.APCM_BUNDLE, (line.id,))]
    before = a_line(code, date(2026, 9, 30))
    assert billable(patient(enrolment=APCM, prior=(before,))) == ["G0557:2026-10"]


@pytest.mark.parametrize("code", ["99495", "99496", "99484", "G0568", "G0570"])
def test_other_services_of_the_month_leave_monitoring_and_care_alone(code: str) -> None:
    """RPM and chronic care are billed beside them; of their minutes none is in the time log."""
    entries = (minutes(20), minutes(20, date(2026, 10, 6), program=Program.CCM))
    facts = patient(enrolment=joined(paper(), CCM), time_entries=entries, readings=readings(16))
    beside = changed(facts, prior=(a_line(code, date(2026, 10, 15)),))
    assert billable(beside) == billable(facts) != []


def test_what_is_billed_by_hand_is_never_made_by_the_engine() -> None:
    """Not even an add-on whose base is earned: nobody asked whether it was done."""
    assert "G0557:2026-10" in billable(patient(enrolment=APCM))
    assert {key.split(":")[0] for key in answers(patient(enrolment=APCM))} == {"G0556", "G0557", "G0558"}


def test_therapy_monitoring_gives_way_to_physiologic_monitoring_in_a_month() -> None:
    """From RTM to RPM in the middle of October; a line of RTM that stands turns it round."""
    papers = joined(paper(Program.RTM, ends_on=date(2026, 10, 15)), paper(start=date(2026, 10, 16)))
    entries = (minutes(20, program=Program.RTM), minutes(20, date(2026, 10, 20)))
    facts = patient(enrolment=papers, time_entries=entries)
    assert billable(facts) == [FIRST]
    assert Reason.RTM_CONFLICT in reasons(facts, "98980:2026-10")
    fixed = patient(enrolment=papers, time_entries=entries, prior=(a_line("98980", date(2026, 10, 15)),))
    assert reasons(fixed, FIRST) == {Reason.RTM_CONFLICT}


def test_monitoring_data_and_minutes_stand_side_by_side() -> None:
    """The whole month of a patient: device and treatment."""
    facts = patient(readings=readings(16), time_entries=(minutes(45),))
    assert billable(facts) == ["99454:2026-10-01", FIRST, MORE]
