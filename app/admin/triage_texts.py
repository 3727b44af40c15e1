"""How the pages of triage say things: why a patient stands here, small lines, levels and outcomes in words."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.admin.base import console
from app.domain.roles import Role
from app.domain.triage.alerts import AlertOutcome
from app.domain.triage.decisions import DecisionKind
from app.domain.triage.escalation import EscalationLevel, can_answer
from app.domain.triage.parameters import readable
from app.domain.triage.thresholds import plain
from app.schemas.on_call import WEEKDAYS

ESCALATION_LEVELS = {
    EscalationLevel.STAT: "STAT: now",
    EscalationLevel.URGENT: "Urgent: within half an hour",
    EscalationLevel.ROUTINE: "Routine: today",
}
ESCALATION_SIGNS = {"stat": ("critical", "STAT"), "urgent": ("warning", "Urgent"), "routine": ("no_data", "Routine")}
OUTCOMES = {
    AlertOutcome.CONTACTED: "Patient contacted",
    AlertOutcome.TREATMENT_CHANGED: "Treatment changed",
    AlertOutcome.SENT_TO_CARE: "Sent to care",
    AlertOutcome.MEASURED_AGAIN: "Measured again",
    AlertOutcome.DEVICE_PROBLEM: "Problem of the device",
    AlertOutcome.NO_ACTION: "No action needed",
}
DECISIONS = {kind.value: kind.value.replace("_", " ").capitalize() for kind in DecisionKind}
ANSWERING_ROLES = [role.value for role in Role if can_answer(role)]
_WIDTH, _HEIGHT, _EDGE = 96, 26, 3
_REASONS = 2


@console.app_context_processor
def _triage_names() -> dict[str, Any]:
    return {
        "ESCALATION_LEVELS": ESCALATION_LEVELS, "ESCALATION_SIGNS": ESCALATION_SIGNS, "OUTCOMES": OUTCOMES,
        "DECISIONS": DECISIONS, "ANSWERING_ROLES": ANSWERING_ROLES, "WEEKDAYS": WEEKDAYS,
    }  # fmt: skip


@console.app_template_filter()
def why(summary: Any) -> str:
    """Return why a patient stands where they stand: what adds most to the score, in its own words."""
    if summary.risk_level == "no_data":
        return "No reading in the last 30 days" if summary.last_reading_at else "No reading yet"
    parts = sorted(summary.parts, key=lambda part: -part["points"])
    stat = [part["raw"] for part in parts if part["name"] == "active_stat"]
    others = [part["raw"] for part in parts if part["name"] != "active_stat" and part["points"] > 0]
    texts = [*stat, *others][:_REASONS]
    return "; ".join(texts)[:1].upper() + "; ".join(texts)[1:]


@console.app_template_filter()
def spark_points(values: Sequence[Decimal]) -> str:
    """Return the points of a small line for an SVG of 96 by 26, from the oldest value to the newest."""
    low, high = min(values), max(values)
    spread = float(high - low) or 1.0
    step = (_WIDTH - 2 * _EDGE) / max(len(values) - 1, 1)
    usable = _HEIGHT - 2 * _EDGE
    return " ".join(
        f"{_EDGE + number * step:.1f},{_HEIGHT - _EDGE - float(value - low) / spread * usable:.1f}"
        for number, value in enumerate(values)
    )


@console.app_template_filter("readable")
def readable_number(value: Decimal) -> str:
    """Return a vital as people read it: 81.65 for what was reckoned as 81.6466266 kg."""
    return plain(readable(value))


@console.app_template_filter()
def waited(seconds: float | None) -> str:
    """Return a span of time in its largest fitting unit: 45 s, 12 min, 3 h, 2 days."""
    if seconds is None:
        return ""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (unit == "min" and seconds >= size):
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


@console.app_template_filter()
def since(moment: datetime, at: datetime) -> str:
    """Return how long ago a moment was, seen from another one."""
    return waited(max((at - moment).total_seconds(), 0))
