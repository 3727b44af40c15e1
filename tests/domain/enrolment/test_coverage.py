"""Both sides of every boundary of coverage, as tables."""

from datetime import date

import pytest

from app.domain.enrolment.coverage import Cause, Reason, coverage_on
from app.domain.enrolment.programs import PHE_LAST_DAY, Program
from tests.domain.enrolment.facts import RPM, consent, day, enrolment, facts, order


def _gaps(on: int, *rows: object, program: Program = RPM) -> list[tuple[Reason, Cause]]:
    return [(gap.reason, gap.cause) for gap in coverage_on(program, day(on), facts(*rows)).gaps]  # type: ignore[arg-type]


def test_a_patient_of_whom_nothing_is_known_has_every_gap() -> None:
    """In the order in which a person would mend them; a visit is asked for only of the enrolled."""
    reasons = (Reason.NOT_ENROLLED, Reason.NO_CONSENT, Reason.NO_ORDER, Reason.NO_DX)
    assert _gaps(5) == [(reason, Cause.NONE) for reason in reasons]


def test_a_covered_day_names_the_rows_that_prove_it() -> None:
    """All four."""
    rows = consent(1), order(1), enrolment(1)
    found = coverage_on(RPM, day(1), facts(*rows))
    assert (found.is_covered, found.consent_id, found.order_id, found.enrollment_id, found.episode_id) == (
        True, rows[0].id, rows[1].id, rows[2].id, rows[2].episode_id,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("on", "gaps"),
    [(4, [(Reason.NO_CONSENT, Cause.NOT_YET)]), (5, []), (9, []), (10, [(Reason.NO_CONSENT, Cause.ENDED)])],
)
def test_consent_holds_from_its_day_until_the_day_of_revocation(on: int, gaps: list[object]) -> None:
    """Obtained on the 5th (counts), revoked on the 10th (no longer)."""
    assert _gaps(on, consent(5, 10), order(1), enrolment(1)) == gaps


@pytest.mark.parametrize("on", [9, 10, 11])
def test_a_new_consent_on_the_day_of_revocation_leaves_no_gap(on: int) -> None:
    """The new one takes over that very day."""
    first, second = consent(1, 10), consent(10)
    found = coverage_on(RPM, day(on), facts(first, second, order(1), enrolment(1)))
    assert (found.is_covered, found.consent_id) == (True, first.id if on < 10 else second.id)


def test_a_consent_revoked_on_the_day_it_was_given_never_held() -> None:
    """The same day is not covered either."""
    assert _gaps(5, consent(5, 5), order(1), enrolment(1)) == [(Reason.NO_CONSENT, Cause.ENDED)]


def test_a_consent_without_both_notices_does_not_count() -> None:
    """But it is named, so that somebody can mend it; beside a full one it harms nothing."""
    bare = consent(1, notices=False)
    gap = coverage_on(RPM, day(2), facts(bare, order(1), enrolment(1))).gaps[0]
    assert (gap.reason, gap.cause, gap.ids) == (Reason.NO_CONSENT, Cause.NOTICES_MISSING, (bare.id,))
    assert _gaps(2, bare, consent(1), order(1), enrolment(1)) == []


def test_consent_to_another_program_is_none() -> None:
    """Each is consented to by itself."""
    assert _gaps(2, consent(1, program=Program.CCM), order(1), enrolment(1)) == [(Reason.NO_CONSENT, Cause.NONE)]


@pytest.mark.parametrize(
    ("on", "reasons"),
    [
        (4, [(Reason.NO_ORDER, Cause.NOT_YET), (Reason.NO_DX, Cause.NONE)]), (5, []), (10, []),
        (11, [(Reason.NO_ORDER, Cause.ENDED), (Reason.NO_DX, Cause.NONE)]),
    ],
)  # fmt: skip
def test_an_order_holds_from_its_start_up_to_and_with_its_end(on: int, reasons: list[object]) -> None:
    """5th to 10th; its diagnosis holds as long as it does."""
    assert _gaps(on, consent(1), order(5, 10), enrolment(1)) == reasons


@pytest.mark.parametrize(("on", "is_covered"), [(6, True), (7, False)])
def test_a_stopped_order_no_longer_holds_on_the_day_it_was_stopped(on: int, *, is_covered: bool) -> None:
    """Stopped on the 7th, although it would have run to the 10th."""
    rows = consent(1), order(5, 10, stopped=7), enrolment(1)
    assert coverage_on(RPM, day(on), facts(*rows)).is_covered is is_covered


@pytest.mark.parametrize(
    ("renewed", "on", "is_covered"),
    [(11, 10, True), (11, 11, True), (12, 11, False), (12, 12, True), (9, 10, True)],
)
def test_a_renewal_that_follows_at_once_leaves_no_gap(renewed: int, on: int, *, is_covered: bool) -> None:
    """The old order ends on the 10th: the next day is in time, a day later is not, overlapping is harmless."""
    rows = consent(1), order(1, 10), order(renewed), enrolment(1)
    assert coverage_on(RPM, day(on), facts(*rows)).is_covered is is_covered


def test_of_two_orders_that_hold_the_later_one_proves_the_day() -> None:
    """Whatever the order in which they are read."""
    old, new = order(1), order(3)
    for rows in ((old, new), (new, old)):
        assert coverage_on(RPM, day(5), facts(consent(1), enrolment(1), *rows)).order_id == new.id


@pytest.mark.parametrize(
    ("on", "gaps"),
    [(4, [(Reason.NOT_ENROLLED, Cause.NOT_YET)]), (5, []), (10, []), (11, [(Reason.NOT_ENROLLED, Cause.ENDED)])],
)
def test_an_enrolment_holds_from_its_start_up_to_and_with_the_day_of_discharge(on: int, gaps: list[object]) -> None:
    """5th to 10th."""
    assert _gaps(on, consent(1), order(1), enrolment(5, 10)) == gaps


@pytest.mark.parametrize(
    ("visit", "on", "gaps"),
    [
        (5, 4, [(Reason.NOT_ESTABLISHED, Cause.NOT_YET)]), (5, 5, []),
        (None, 5, [(Reason.NOT_ESTABLISHED, Cause.NONE)]),
    ],
)  # fmt: skip
def test_a_day_counts_from_the_initiating_visit_on(visit: int | None, on: int, gaps: list[object]) -> None:
    """The visit's own day included."""
    assert _gaps(on, consent(1), order(1), enrolment(1, visit=visit)) == gaps


@pytest.mark.parametrize(("started", "is_covered"), [(PHE_LAST_DAY, True), (date(2023, 5, 12), False)])
def test_who_was_enrolled_in_the_emergency_needs_no_visit(started: date, *, is_covered: bool) -> None:
    """Up to and with 11 May 2023."""
    began = (started - day(0)).days
    rows = consent(began), order(began), enrolment(began, visit=None)
    assert coverage_on(RPM, day(1), facts(*rows)).is_covered is is_covered


def test_being_in_rpm_and_rtm_on_one_day_is_a_conflict_for_both() -> None:
    """The database allows no such rows; other sources might."""
    ours, theirs = enrolment(1), enrolment(5, program=Program.RTM)
    rows = consent(1), order(1), ours, theirs
    assert _gaps(4, *rows) == []
    gap = coverage_on(RPM, day(5), facts(*rows)).gaps[-1]
    assert (gap.reason, gap.ids) == (Reason.RTM_CONFLICT, (ours.id, theirs.id))
    assert (Reason.RTM_CONFLICT, Cause.BOTH_PROGRAMS) in _gaps(5, *rows, program=Program.RTM)


@pytest.mark.parametrize(
    ("program", "codes", "gaps"),
    [
        (Program.CCM, "I10 E11.9", []), (Program.CCM, "I10", [(Reason.NO_DX, Cause.TOO_FEW)]),
        (Program.PCM, "I10", []), (Program.PCM, "", [(Reason.NO_DX, Cause.NONE)]),
        (Program.APCM, "", []), (Program.RTM, "I10", [(Reason.NO_ORDER, Cause.NONE)]),
    ],
)  # fmt: skip
def test_each_program_asks_for_what_it_needs(program: Program, codes: str, gaps: list[object]) -> None:
    """CCM two conditions, PCM one, APCM none, and no order for the three; RTM an order."""
    rows = consent(1, program=program), enrolment(1, program=program, codes=codes)
    assert _gaps(2, *rows, program=program) == gaps


def test_the_same_code_on_order_and_enrolment_is_one_condition() -> None:
    """The enrolment's own code does for the order's."""
    assert _gaps(2, consent(1), order(1, codes=""), enrolment(1, codes="I10")) == []
    assert _gaps(2, consent(1), order(1, codes=""), enrolment(1)) == [(Reason.NO_DX, Cause.NONE)]
