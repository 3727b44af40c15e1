"""How the pages of billing say things: kinds, states, dollars; and which of billing's pages there are."""

from decimal import Decimal
from typing import Any

from app.admin.base import console
from app.domain.billing.answers import Answer
from app.domain.billing.codes import CPT_LABELS, WAITING
from app.domain.billing.entries import MOVES, EntryStatus
from app.domain.billing.facts import CircumstanceKind
from app.domain.billing.local_months import Month
from app.domain.billing.month_close import CloseFilter, MarkState
from app.domain.billing.reconcile import ImpactKind

CIRCUMSTANCES = {
    CircumstanceKind.SETUP_TRAINING.value: "Set-up and training",
    CircumstanceKind.EM_VISIT.value: "Visit (evaluation and management)",
    CircumstanceKind.GLOBAL_PERIOD.value: "Surgical package",
    CircumstanceKind.OTHER_PRACTITIONER.value: "Another practitioner bills monitoring",
    CircumstanceKind.COMPLEX_CARE.value: "Complex decision making",
    CircumstanceKind.QMB.value: "Qualified Medicare Beneficiary",
    CircumstanceKind.THERAPY_RESPIRATORY.value: "Therapy data on these days: respiratory",
    CircumstanceKind.THERAPY_MUSCULOSKELETAL.value: "Therapy data on these days: musculoskeletal",
    CircumstanceKind.THERAPY_BEHAVIOURAL.value: "Therapy data on these days: behavioural",
}
ENTRY_STATES = {
    "pending": ("Pending", "no_data"),
    "submitted": ("Submitted", "warning"),
    "paid": ("Paid", "normal"),
    "denied": ("Denied", "critical"),
    "appealed": ("Appealed", "warning"),
    "void": ("Void", "no_data"),
}
IMPACT_KINDS = {
    ImpactKind.NO_LONGER_BILLABLE.value: "No longer billable",
    ImpactKind.REPLACED.value: "Another code is right",
    ImpactKind.UNITS_CHANGED.value: "Other units",
    ImpactKind.EVIDENCE_LOST.value: "Proof is gone",
}
CLOSE_FILTERS = {
    CloseFilter.DAYS_OPEN.value: "Can still reach 16 days",
    CloseFilter.DAYS_LOST.value: "Cannot reach 16 days",
    CloseFilter.MINUTES_SHORT.value: "Fewer than 20 minutes",
    CloseFilter.NO_CONTACT.value: "No live contact",
    CloseFilter.PAPERS.value: "Papers are missing",
}
MARK_WORDS = {MarkState.REACHED: "reached", MarkState.OPEN: "can be reached", MarkState.LOST: "cannot be reached"}


@console.app_context_processor
def _names() -> dict[str, Any]:
    names: dict[str, Any] = {"CPT_LABELS": CPT_LABELS, "CIRCUMSTANCES": CIRCUMSTANCES, "ENTRY_STATES": ENTRY_STATES}
    names |= {"IMPACT_KINDS": IMPACT_KINDS, "CLOSE_FILTERS": CLOSE_FILTERS, "MARK_WORDS": MARK_WORDS}
    return {**names, "may_become": may_become}


def may_become(status: str) -> list[str]:
    """Return the states that a line may go to."""
    return sorted(one.value for one in MOVES[EntryStatus(status)])


@console.app_template_filter()
def dollars(amount: Decimal | str | None) -> str:
    """Write US dollars; a dash when there are none."""
    return "–" if amount is None else f"${Decimal(amount):,.2f}"  # noqa: RUF001 - typographic


@console.app_template_filter()
def month_name(month: Month) -> str:
    """Write a month as people do: January 2026."""
    return f"{month.first_day:%B %Y}"


@console.app_template_filter()
def billable(answers: tuple[Answer, ...]) -> list[Answer]:
    """Return what may be billed."""
    return [answer for answer in answers if answer.is_billable]


@console.app_template_filter()
def waiting(answers: tuple[Answer, ...]) -> list[Answer]:
    """Return what may be billed as soon as its period or month is over."""
    return [answer for answer in answers if answer.findings and answer.reasons <= WAITING]
