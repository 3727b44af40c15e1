"""Why something is not billable, in words, and where a person puts it right."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import url_for

from app.admin.base import console, may, permission_of
from app.domain.billing.answers import Answer
from app.domain.billing.codes import Reason

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
    _R.CODE_NOT_EFFECTIVE: "The code is not in force on the service date, or no rules are known for that day yet.",
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
# What puts a reason right, and on which page; a page whose address has a patient is that of the patient.
_CONSENTS, _KNOWN, _TIME = "admin.patient_consents", "admin.patient_billing", "admin.patient_time"
_REMEDIES: dict[Reason, tuple[str, str]] = {
    _R.NO_CONSENT: ("Record a consent", _CONSENTS),
    _R.NOT_ESTABLISHED: ("Record the visit with the enrolment", _CONSENTS),
    _R.NO_ORDER: ("Record an order", _CONSENTS),
    _R.NOT_ENROLLED: ("Enrol the patient", _CONSENTS),
    _R.NO_DX: ("Look at the diagnoses", "admin.patient"),
    _R.RTM_CONFLICT: ("End one of the two", _CONSENTS),
    _R.PAYER_NOT_COVERED: ("Look at the payer's policy", "admin.billing_payers"),
    _R.GLOBAL_PERIOD: ("See what is written down", _KNOWN),
    _R.OTHER_PRACTITIONER_CONFLICT: ("See what is written down", _KNOWN),
    _R.SETUP_NOT_DOCUMENTED: ("Write the training down", _KNOWN),
    _R.COMPLEXITY_NOT_DOCUMENTED: ("Write it down", _KNOWN),
    _R.FEE_MISSING: ("Price the code", "admin.fee_schedules"),
    _R.NO_INTERACTIVE: ("Log the call or visit", _TIME),
    **dict.fromkeys(
        (_R.TIME_LT_10, _R.TIME_LT_20, _R.TIME_LT_40, _R.QHP_TIME_LT_30, _R.TIME_LT_30, _R.TIME_LT_60, _R.TIME_LT_90),
        ("Log the time", _TIME),
    ),
}
_OF_NO_PATIENT = frozenset({"admin.billing_payers", "admin.fee_schedules"})


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing in the way: of which codes, in words, and the page where it is put right, if one may see it."""

    codes: tuple[str, ...]
    words: str
    remedy: str
    url: str


@console.app_template_filter()
def in_the_way(answers: Iterable[Answer], patient_id: UUID) -> list[Obstacle]:
    """Return what keeps codes of a month from being billed, beyond what its bars show; each once."""
    told: dict[Reason, set[str]] = {}
    for answer in answers:
        for reason in sorted(answer.reasons - _SEEN):
            told.setdefault(reason, set()).add(answer.code)
    return [_obstacle(reason, codes, patient_id) for reason, codes in told.items()]


@console.app_template_filter()
def obstacles(reasons: Iterable[str], patient_id: UUID) -> list[Obstacle]:
    """Return reasons with what puts them right."""
    return [_obstacle(Reason(one), (), patient_id) for one in reasons]


@console.app_template_filter()
def reason_words(code: str) -> str:
    """Return a reason in plain words."""
    return REASONS[Reason(code)]


def _obstacle(reason: Reason, codes: Iterable[str], patient_id: UUID) -> Obstacle:
    remedy, endpoint = _REMEDIES.get(reason, ("", ""))
    permission = permission_of(endpoint) if endpoint else None
    if permission is None or not may(permission):
        return Obstacle(tuple(sorted(codes)), REASONS[reason], "", "")
    values: dict[str, Any] = {} if endpoint in _OF_NO_PATIENT else {"patient_id": patient_id}
    return Obstacle(tuple(sorted(codes)), REASONS[reason], remedy, url_for(endpoint, **values))
