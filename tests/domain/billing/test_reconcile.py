"""What a run does to the ledger, and what it never does."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from app.domain.billing.answers import Answer, read_evidence
from app.domain.billing.entries import MOVES, EntryStatus, may_move
from app.domain.billing.reconcile import ImpactKind, OwnLine, Plan, VoidCause, fingerprint, reconcile
from tests.domain.billing.facts import a_line, an_id, answers, minutes, patient, readings

SHORT, LONG = "99445:2026-10-01", "99454:2026-10-01"


def _line(answer: Answer, status: EntryStatus = EntryStatus.PENDING, **fields) -> OwnLine:
    basics = {
        "id": an_id(answer.line_key), "line_key": answer.line_key, "code": answer.code, "status": status,
        "units": answer.units, "amount": answer.amount, "service_date": answer.service_date,
        "fingerprint": fingerprint(answer), "evidence": answer.evidence,
    }  # fmt: skip
    return OwnLine(**{**basics, **fields})


def _answers(**fields) -> list[Answer]:
    return list(answers(patient(**fields)).values())


def test_what_is_billable_and_not_there_is_entered_and_then_nothing_is_left_to_do() -> None:
    """Idempotent."""
    found = _answers(readings=readings(16), time_entries=(minutes(40),))
    plan = reconcile(found, [])
    assert sorted(one.code for one in plan.enter) == ["99454", "99457", "99458"]
    assert reconcile(found, [_line(one) for one in plan.enter]) == Plan()


def test_a_pending_line_follows_the_facts() -> None:
    """A second further block, then none at all."""
    before = {one.line_key: one for one in _answers(time_entries=(minutes(40),))}
    more = reconcile(_answers(time_entries=(minutes(60),)), [_line(before["99458:2026-10"])])
    assert [(line.code, answer.units) for line, answer in more.refresh] == [("99458", 2)]
    less = reconcile(_answers(time_entries=(minutes(20),)), [_line(before["99458:2026-10"])])
    assert [line.code for line, _ in less.take_back] == ["99458"]


def test_the_engine_brings_back_what_it_took_itself_and_not_what_a_person_voided() -> None:
    """By the cause of the void."""
    found = _answers(readings=readings(16))
    answer = next(one for one in found if one.line_key == LONG)
    for cause, count in ((VoidCause.ENGINE, 1), (VoidCause.PERSON, 0)):
        plan = reconcile(found, [_line(answer, EntryStatus.VOID, void_cause=cause)])
        assert (len(plan.reinstate), plan.enter) == (count, ())


@pytest.mark.parametrize("status", [EntryStatus.SUBMITTED, EntryStatus.PAID, EntryStatus.DENIED, EntryStatus.APPEALED])
def test_a_late_reading_raises_an_impact_and_changes_nothing(status: EntryStatus) -> None:
    """15 days went out, the 16th arrived: a corrected claim is suggested, and nothing is entered beside it."""
    sent = next(one for one in _answers(readings=readings(15)) if one.line_key == SHORT)
    line = _line(sent, status)
    prior = (
        a_line(
            "99445",
            sent.service_date,
            id=line.id,
            is_auto=True,
            status=status.value,
            line_key=SHORT,
            window=sent.window,
        ),
    )
    plan = reconcile(_answers(readings=readings(16), prior=prior), [line])
    assert (plan.enter, plan.refresh, plan.take_back) == ((), (), ())
    (impact,) = plan.impacts
    assert (impact.kind, impact.before["days"], impact.after["days"]) == (ImpactKind.REPLACED, 15, 16)
    assert impact.suggestion == "Send a corrected claim: 99454 ($52.11) replaces 99445 ($52.11)."


def test_a_voided_reading_that_leaves_too_few_days_raises_an_impact() -> None:
    """16 went out, 15 are left; the same impact is known by its fingerprint."""
    sent = next(one for one in _answers(readings=readings(16)) if one.line_key == LONG)
    found = _answers(readings=readings(15))
    first, again = (reconcile(found, [_line(sent, EntryStatus.SUBMITTED)]).impacts for _ in range(2))
    assert [one.kind for one in first] == [ImpactKind.NO_LONGER_BILLABLE]
    assert first[0].after["reasons"] == ["DAYS_LT_16"]
    assert first[0].fingerprint == again[0].fingerprint


def test_other_units_raise_an_impact() -> None:
    """Minutes edited after the line went out."""
    sent = next(one for one in _answers(time_entries=(minutes(60),)) if one.line_key == "99458:2026-10")
    impact = reconcile(_answers(time_entries=(minutes(40),)), [_line(sent, EntryStatus.PAID)]).impacts[0]
    assert (impact.kind, impact.before["units"], impact.after["units"]) == (ImpactKind.UNITS_CHANGED, 2, 1)


def test_lost_proof_is_told_although_the_line_still_stands_and_more_proof_is_not() -> None:
    """20 days, one of them voided; one day more."""
    sent = next(one for one in _answers(readings=readings(20)) if one.line_key == LONG)
    line = _line(sent, EntryStatus.SUBMITTED)
    fewer = reconcile(_answers(readings=readings(20)[:-1]), [line]).impacts
    assert [(one.kind, one.after["lost"]) for one in fewer] == [(ImpactKind.EVIDENCE_LOST, [str(readings(20)[-1].id)])]
    assert reconcile(_answers(readings=readings(21)), [line]).impacts == ()


def test_evidence_survives_json() -> None:
    """As the database keeps it."""
    sent = next(one for one in _answers(readings=readings(3), time_entries=(minutes(20),)) if one.line_key == SHORT)
    assert read_evidence(sent.evidence.as_json()) == sent.evidence


def test_the_life_cycle_leads_forward_and_ends_at_void() -> None:
    """pending, submitted, paid or denied, appealed; void from everywhere."""
    order = [EntryStatus.PENDING, EntryStatus.SUBMITTED, EntryStatus.DENIED, EntryStatus.APPEALED, EntryStatus.PAID]
    assert all(may_move(one, other) for one, other in pairwise(order))
    assert all(may_move(one, EntryStatus.VOID) for one in order)
    assert not any(EntryStatus.PENDING in moves for moves in MOVES.values())
    assert MOVES[EntryStatus.VOID] == frozenset()


def test_the_same_answer_has_the_same_fingerprint() -> None:
    """And another one another."""
    one, other = (next(a for a in _answers(readings=readings(n)) if a.line_key == SHORT) for n in (2, 3))
    assert fingerprint(one) == fingerprint(replace(one)) != fingerprint(other)


def test_a_run_in_the_middle_of_the_month_holds_what_may_still_change() -> None:
    """Open period, open month: only the long treatment code is entered."""
    facts = patient(readings=readings(10), time_entries=(minutes(20),))
    found = answers(facts, as_of=datetime(2026, 10, 12, tzinfo=UTC)).values()
    assert [(one.code, one.service_date) for one in reconcile(found, []).enter] == [("99457", date(2026, 10, 5))]
