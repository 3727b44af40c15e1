"""The life of an alert: opening, folding, clearing, being put off."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from app.domain.triage.alert_flow import (
    Decision,
    Finding,
    OpenAlert,
    Step,
    decide,
    may_snooze_until,
    to_clear,
)
from app.domain.triage.reaction import deadlines, is_overdue, reaction_seconds
from app.domain.triage.thresholds import AlertLevel

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)
HIGH = Finding("systolic_high", AlertLevel.WARNING, "Systolic BP 142 …", Decimal(142), Decimal(140))


def _alert(rule: str = "systolic_high", **fields: object) -> OpenAlert:
    basics: dict[str, object] = {
        "id": UUID(int=1), "rule": rule, "level": AlertLevel.WARNING, "is_cleared": False, "is_acknowledged": False,
        "snoozed_until": None, "measured_at": AT,
    }  # fmt: skip
    return OpenAlert(**{**basics, **fields})  # type: ignore[arg-type]


def test_the_first_of_a_rule_opens_an_alert() -> None:
    """Whatever other alerts there are."""
    assert decide(HIGH, [_alert("diastolic_high")], AT, AT) == Decision(Step.OPEN)


@pytest.mark.parametrize(
    ("alert", "step"),
    [
        (_alert(), Step.FOLD),
        (_alert(is_cleared=True), Step.FOLD),
        (_alert(is_acknowledged=True), Step.RAISE_AGAIN),
        (_alert(is_acknowledged=True, snoozed_until=AT + A_MINUTE), Step.FOLD),
        (_alert(is_acknowledged=True, is_cleared=True, snoozed_until=AT + A_MINUTE), Step.FOLD),
        (_alert(is_acknowledged=True, snoozed_until=AT), Step.RAISE_AGAIN),
    ],
    ids=["waiting", "cleared but not seen", "seen", "put off", "put off and cleared", "put off until this moment"],
)
def test_a_repeat_folds_and_asks_again_only_what_was_seen_and_is_not_put_off(alert: OpenAlert, step: Step) -> None:
    """One alert of a rule, never two."""
    assert decide(HIGH, [alert], AT, AT) == Decision(step, alert)


@pytest.mark.parametrize(("earlier", "is_newest"), [(timedelta(0), True), (timedelta(microseconds=1), False)])
def test_a_reading_measured_before_the_newest_is_only_counted(earlier: timedelta, is_newest: bool) -> None:
    """Even if somebody has seen the alert: what is older is no news."""
    decision = decide(HIGH, [_alert(is_acknowledged=True)], AT - earlier, AT)
    assert (decision.is_newest, decision.step is Step.RAISE_AGAIN) == (is_newest, is_newest)


def test_what_the_clock_finds_folds_without_a_reading() -> None:
    """Such as a silence that lasts."""
    assert decide(HIGH, [_alert(measured_at=None)], None, AT).step is Step.FOLD


def test_the_newest_of_two_alerts_of_a_rule_takes_the_repeat() -> None:
    """Two records that were merged may have brought one each."""
    newest, older = _alert(id=UUID(int=2)), _alert(id=UUID(int=1))
    assert decide(HIGH, [newest, older], AT, AT).alert is newest


@pytest.mark.parametrize(
    ("alert", "is_cleared"),
    [
        (_alert(), True),
        (_alert(is_acknowledged=True), True),
        (_alert(is_cleared=True), False),
        (_alert("diastolic_high"), False),
        (_alert(measured_at=AT + timedelta(microseconds=1)), False),
    ],
    ids=["active", "seen", "cleared before", "another rule", "a newer reading stands"],
)
def test_a_reading_within_the_limit_clears_the_rules_alert(alert: OpenAlert, is_cleared: bool) -> None:
    """By a reading no older than the alert's own."""
    assert bool(to_clear([alert], frozenset({"systolic_high"}), AT)) is is_cleared


@pytest.mark.parametrize(
    ("level", "ahead", "may"),
    [
        (AlertLevel.CRITICAL, timedelta(hours=4), True),
        (AlertLevel.CRITICAL, timedelta(hours=4, microseconds=1), False),
        (AlertLevel.WARNING, timedelta(days=7), True),
        (AlertLevel.WARNING, timedelta(days=7, microseconds=1), False),
        (AlertLevel.WARNING, timedelta(microseconds=1), True),
        (AlertLevel.WARNING, timedelta(0), False),
    ],
)
def test_how_far_an_alert_may_be_put_off(level: AlertLevel, ahead: timedelta, may: bool) -> None:
    """A critical one 4 hours, a warning 7 days."""
    assert may_snooze_until(level, AT + ahead, AT) is may


def test_a_critical_alert_is_due_at_once_and_escalates_after_five_minutes() -> None:
    """Whatever the practice chose for warnings."""
    due = deadlines(AlertLevel.CRITICAL, AT, 30)
    assert (due.due_at, due.escalates_at) == (AT, AT + timedelta(minutes=5))


def test_a_warning_is_due_when_the_practices_time_has_passed() -> None:
    """And escalates then; an hour by default."""
    assert deadlines(AlertLevel.WARNING, AT).due_at == AT + timedelta(hours=1)
    assert deadlines(AlertLevel.WARNING, AT, 15).escalates_at == AT + timedelta(minutes=15)


@pytest.mark.parametrize(
    ("due_at", "acknowledged_at", "is_late"),
    [(AT, None, False), (AT - timedelta(microseconds=1), None, True), (AT - A_MINUTE, AT, False), (None, None, False)],
)
def test_an_alert_is_overdue_only_while_nobody_has_seen_it(
    due_at: datetime | None, acknowledged_at: datetime | None, is_late: bool
) -> None:
    """On the moment itself it is in time."""
    assert is_overdue(due_at, acknowledged_at, AT) is is_late


def test_the_reaction_is_measured_from_when_the_alert_began_to_wait() -> None:
    """In whole seconds, never below zero; nothing while it waits."""
    assert reaction_seconds(AT, AT + timedelta(seconds=90.9)) == 90
    assert reaction_seconds(AT, AT - A_MINUTE) == 0
    assert reaction_seconds(AT, None) is None
