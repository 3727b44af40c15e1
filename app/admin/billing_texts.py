"""How the pages of billing say things: reasons, kinds, states, dollars; and which of billing's pages there are."""

from decimal import Decimal
from functools import cache
from typing import Any

from flask import current_app

from app.admin.base import console
from app.domain.billing.answers import Answer
from app.domain.billing.codes import CPT_LABELS, WAITING, Reason
from app.domain.billing.entries import MOVES, EntryStatus
from app.domain.billing.facts import CircumstanceKind
from app.domain.billing.month_close import CloseFilter, MarkState
from app.domain.billing.reconcile import ImpactKind

_R = Reason
REASONS: dict[Reason, str] = {
    _R.NO_CONSENT: "No consent with both notices holds.",
    _R.NOT_ESTABLISHED: "No initiating visit is on record.",
    _R.NO_ORDER: "No order holds.",
    _R.NO_DX: "Too few diagnoses are on record for the program.",
    _R.PAYER_NOT_COVERED: "The payer does not cover it for these diagnoses.",
    _R.GLOBAL_PERIOD: "Within days that a surgical package pays for.",
    _R.RTM_CONFLICT: "In RPM and RTM at once, which exclude each other.",
    _R.DAYS_LT_2: "Fewer than 2 days with data.",
    _R.DAYS_LT_16: "Fewer than 16 days with data.",
    _R.DAYS_GE_16: "16 days or more: the long supply code is right.",
    _R.PERIOD_OPEN: "The time is not over yet.",
    _R.PERIOD_OVERLAP: "Another line bills supply in these days.",
    _R.OTHER_PRACTITIONER_CONFLICT: "Another practitioner bills the patient's monitoring.",
    _R.CODE_NOT_EFFECTIVE: "The code is not in force on the service date.",
    _R.SETUP_ALREADY_BILLED: "Set-up was billed in this episode.",
    _R.SETUP_NOT_DOCUMENTED: "Set-up and training are not written down.",
    _R.SETUP_MIN_DAYS: "Too few days with data for set-up.",
    _R.TIME_LT_10: "Fewer than 10 minutes.",
    _R.TIME_LT_20: "Fewer than 20 minutes.",
    _R.TIME_LT_40: "Fewer than 40 minutes.",
    _R.TIME_GE_20: "20 minutes or more: the longer code is right.",
    _R.NO_INTERACTIVE: "No live contact in the month.",
    _R.BASE_NOT_BILLED: "The first block is not billable.",
    _R.MUE_CAP: "More units than may be billed; the rest is left out.",
    _R.TIME_DOUBLE_COUNTED: "Minutes that were written down twice count once.",
    _R.QHP_TIME_LT_30: "Fewer than 30 minutes of the physician's own.",
    _R.EXCL_99091_99457: "Does not stand beside treatment management.",
    _R.APCM_BUNDLE: "Included in advanced primary care.",
    _R.DUPLICATE: "Billed for this time already.",
    _R.NOT_ENROLLED: "Not enrolled.",
    _R.FEE_MISSING: "No fee schedule prices the code.",
    _R.TIME_LT_30: "Fewer than 30 minutes.",
    _R.TIME_LT_60: "Fewer than 60 minutes.",
    _R.TIME_LT_90: "Fewer than 90 minutes.",
    _R.EXCLUDED_BY_CODE: "Another code of the same time excludes it.",
    _R.COMPLEXITY_NOT_DOCUMENTED: "Complex decision making is not written down.",
    _R.LEVEL_NOT_MET: "The patient's conditions call for another level.",
}
# What a bar or a mark of the month shows already, and what says only that another code is the right one.
_SEEN = frozenset({
    _R.DAYS_LT_2, _R.DAYS_LT_16, _R.DAYS_GE_16, _R.PERIOD_OPEN, _R.TIME_LT_10, _R.TIME_LT_20, _R.TIME_LT_40,
    _R.TIME_GE_20, _R.NO_INTERACTIVE, _R.BASE_NOT_BILLED, _R.QHP_TIME_LT_30, _R.EXCL_99091_99457, _R.DUPLICATE,
    _R.EXCLUDED_BY_CODE, _R.PERIOD_OVERLAP, _R.SETUP_ALREADY_BILLED,
})  # fmt: skip
CIRCUMSTANCES = {
    CircumstanceKind.SETUP_TRAINING.value: "Set-up and training",
    CircumstanceKind.EM_VISIT.value: "Visit (evaluation and management)",
    CircumstanceKind.GLOBAL_PERIOD.value: "Surgical package",
    CircumstanceKind.OTHER_PRACTITIONER.value: "Another practitioner bills monitoring",
    CircumstanceKind.COMPLEX_CARE.value: "Complex decision making",
    CircumstanceKind.QMB.value: "Qualified Medicare Beneficiary",
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
EVIDENCE_FILE = "/admin/billing/entries/<uuid:entry_id>/evidence"


@console.app_context_processor
def _names() -> dict[str, Any]:
    names: dict[str, Any] = {"CPT_LABELS": CPT_LABELS, "CIRCUMSTANCES": CIRCUMSTANCES, "ENTRY_STATES": ENTRY_STATES}
    names |= {"IMPACT_KINDS": IMPACT_KINDS, "CLOSE_FILTERS": CLOSE_FILTERS, "MARK_WORDS": MARK_WORDS}
    return {**names, "has_evidence_file": has_evidence_file, "may_become": may_become}


def has_evidence_file() -> bool:
    """Say whether a line's evidence can be downloaded."""
    return EVIDENCE_FILE in _served()


def may_become(status: str) -> list[str]:
    """Return the states that a line may go to."""
    return sorted(one.value for one in MOVES[EntryStatus(status)])


@console.app_template_filter()
def dollars(amount: Decimal | str | None) -> str:
    """Write US dollars; a dash when there are none."""
    return "–" if amount is None else f"${Decimal(amount):,.2f}"  # noqa: RUF001 - typographic


@console.app_template_filter()
def in_the_way(answers: tuple[Answer, ...]) -> list[str]:
    """Return in words what keeps codes of a month from being billed, beyond what its bars show; each once."""
    told: dict[str, set[str]] = {}
    for answer in answers:
        for reason in sorted(answer.reasons - _SEEN):
            told.setdefault(REASONS[reason], set()).add(answer.code)
    return list(told)


@console.app_template_filter()
def billable(answers: tuple[Answer, ...]) -> list[Answer]:
    """Return what may be billed."""
    return [answer for answer in answers if answer.is_billable]


@console.app_template_filter()
def waiting(answers: tuple[Answer, ...]) -> list[Answer]:
    """Return what may be billed as soon as its period or month is over."""
    return [answer for answer in answers if answer.findings and answer.reasons <= WAITING]


@console.app_template_filter()
def reason_words(code: str) -> str:
    """Return a reason in plain words."""
    return REASONS[Reason(code)]


def _served() -> frozenset[str]:
    return _rules_of(len(list(current_app.url_map.iter_rules())))


@cache
def _rules_of(_count: int) -> frozenset[str]:
    return frozenset(rule.rule for rule in current_app.url_map.iter_rules())
