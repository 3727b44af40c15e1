"""How the pages say things: names of levels and roles, plain numbers, ages, links to a list asked differently."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from flask import request

from app.admin.base import console, may
from app.domain.roles import Permission
from app.domain.users import AccountState
from app.web.headers import script_nonce

LEVELS = {"critical": "Critical", "warning": "Warning", "normal": "Normal", "no_data": "No data"}
ROLES = {
    "admin": "Administrator",
    "clinical_manager": "Clinical manager",
    "provider": "Provider",
    "nurse": "Nurse",
    "ma": "Medical assistant",
    "data_monitor": "Data monitor",
    "billing_manager": "Billing manager",
    "patient": "Patient",
}
SCORE_PARTS = {
    "vital_deviation": "Latest reading",
    "alert_frequency": "Recent alerts",
    "review_gap": "Time without review",
    "missing_data": "Silence",
    "clinician_override": "A clinician's own score",
    "active_stat": "Open STAT",
}
DEVICE_STATUSES = {
    "in_stock": "In stock",
    "shipped": "Shipped",
    "delivered": "Delivered",
    "active": "Active",
    "lost": "Lost",
    "returned": "Returned",
    "retired": "Retired",
}
DEVICE_KINDS = {
    "blood_pressure_monitor": "Blood pressure monitor",
    "scale": "Scale",
    "glucose_meter": "Glucose meter",
    "pulse_oximeter": "Pulse oximeter",
}
INBOX_STATES = {
    "received": "Received",
    "parsed": "Being applied",
    "applied": "Applied",
    "duplicate": "Duplicate",
    "quarantined": "Quarantined",
    "orphan": "Unknown device",
    "rejected": "Refused",
    "failed": "Failed, tried again",
    "dead": "Given up",
    "ignored": "Not kept",
    "waiting": "Being fetched",
    "create": "Create a reading",
    "correct": "Correct a reading",
    "none": "Change nothing",
    "wait": "Stay waiting",
}
IMPORT_STATES = {
    "checked": "Checked",
    "queued": "Waiting",
    "running": "Running",
    "done": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
EMR_WARNINGS = {
    "deceased": "The medical record says that this patient has died.",
    "merged": "This record was merged into another one there.",
    "inactive": "This record is not active there.",
}
PATIENT_FIELDS = {
    "first_name": "First name",
    "last_name": "Last name",
    "date_of_birth": "Date of birth",
    "gender": "Gender",
    "mrn": "Record number",
    "phone": "Phone",
    "email": "E-mail",
    "address": "Address",
    "line1": "Address line 1",
    "line2": "Address line 2",
    "city": "City",
    "state": "State",
    "zip": "ZIP code",
    "external_id": "External id",
    "timezone": "Time zone",
    "ssn": "Social Security number",
    "preferred_language": "Language",
    "emergency_contact_name": "Emergency contact",
    "emergency_contact_phone": "Emergency phone",
    "emergency_contact_relationship": "Emergency contact is their",
    "conditions": "Diagnoses",
}
LIKENESSES = {"name_and_birth_date": "name and birth date", "phone": "phone", "ssn": "Social Security number"}
_YESTERDAY = "24\u00a0h\u00a0ago"
PERMISSIONS = {
    Permission.READ_PATIENTS: "See patients",
    Permission.WRITE_PATIENTS: "Add and change patients",
    Permission.MERGE_PATIENTS: "Merge two records of one person",
    Permission.EXPORT_PATIENTS: "Export all patients",
    Permission.READ_NOTES: "Read notes",
    Permission.WRITE_NOTES: "Write notes",
    Permission.READ_CALLS: "Read calls with patients",
    Permission.WRITE_CALLS: "Record calls with patients",
    Permission.READ_DEVICES: "See devices",
    Permission.WRITE_DEVICES: "Register, assign and swap devices",
    Permission.MANAGE_INTEGRATIONS: "Connect the medical record system",
    Permission.READ_OBSERVATIONS: "See readings",
    Permission.READ_DAYS: "See which days count, without values",
    Permission.VOID_READINGS: "Void and correct readings",
    Permission.DECIDE_READINGS: "Decide on readings that wait",
    Permission.READ_INBOX: "See what vendors sent",
    Permission.SUBMIT_READINGS: "Submit readings",
    Permission.READ_TRIAGE: "See the triage board and alerts",
    Permission.ACKNOWLEDGE_ALERTS: "Acknowledge alerts",
    Permission.READ_TIME_LOGS: "See their own time logs",
    Permission.READ_ALL_TIME_LOGS: "See everybody's time logs",
    Permission.WRITE_TIME_LOGS: "Log and correct their own time",
    Permission.WRITE_ALL_TIME_LOGS: "Log and correct everybody's time",
    Permission.READ_THRESHOLDS: "See a patient's thresholds",
    Permission.READ_PRACTICE_THRESHOLDS: "See the practice's thresholds",
    Permission.WRITE_THRESHOLDS: "Set and confirm thresholds",
    Permission.OVERRIDE_SCORES: "Set a patient's score",
    Permission.ACKNOWLEDGE_ALERTS: "Acknowledge alerts and escalations",
    Permission.WRITE_TRIAGE: "Resolve and put off alerts, escalate, review patients",
    Permission.SET_ON_CALL: "Set who is on call and how soon alerts are due",
    Permission.READ_BILLING: "See billing",
    Permission.WRITE_BILLING: "Make and change billing entries",
    Permission.READ_FHIR: "Read FHIR resources",
    Permission.READ_USERS: "See accounts and roles",
    Permission.WRITE_USERS: "Make, change and disable accounts",
    Permission.READ_AUDIT: "See the audit trail",
    Permission.READ_ACCESS_LOG: "See who opened a record",
    Permission.BREAK_GLASS: "Take emergency access",
    Permission.USE_CONSOLE: "Use this console",
    Permission.OWN_ACCOUNT: "Manage the own password and second factor",
    Permission.SIGNED_IN: "Change the own name, end own sessions",
}
STATES = {
    AccountState.ACTIVE: ("Active", "normal"),
    AccountState.INVITED: ("Invited", "no_data"),
    AccountState.LOCKED: ("Locked", "warning"),
    AccountState.DISABLED: ("Disabled", "critical"),
}
GENDERS = {"male": "Male", "female": "Female", "other": "Other", "unknown": "Unknown"}


@console.app_context_processor
def _names() -> dict[str, Any]:
    names: dict[str, Any] = {"LEVELS": LEVELS, "ROLES": ROLES, "SCORE_PARTS": SCORE_PARTS, "GENDERS": GENDERS}
    names |= {"DEVICE_STATUSES": DEVICE_STATUSES, "DEVICE_KINDS": DEVICE_KINDS}
    names |= {"INBOX_STATES": INBOX_STATES}
    names |= {"IMPORT_STATES": IMPORT_STATES, "EMR_WARNINGS": EMR_WARNINGS, "PATIENT_FIELDS": PATIENT_FIELDS}
    names |= {"STATES": STATES, "PERMISSIONS": PERMISSIONS}
    names |= {"LIKENESSES": LIKENESSES}
    return {**names, "may": may, "script_nonce": script_nonce, "same_list": same_list, "moved": moved}


@console.app_template_filter()
def options(rows: Iterable[object], value: str = "id", label: str = "name") -> list[tuple[object, object]]:
    """Return rows as the choices of a select: what each sends, and what it shows."""
    return [(getattr(row, value), getattr(row, label)) for row in rows]


@console.app_template_filter()
def plain(value: Decimal | str | int | None) -> str:
    """Write a number without needless zeros; a dash when there is none."""
    if value is None:
        return "–"  # noqa: RUF001 - typographic
    text = format(Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@console.app_template_filter()
def instant(value: datetime | str) -> datetime:
    """Return a moment in UTC, also from its ISO text."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.astimezone(UTC)


@console.app_template_filter()
def age(born: date) -> int:
    """Return full years since birth."""
    today = datetime.now(UTC).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


@console.app_template_filter()
def filters_only(query: dict[str, str]) -> dict[str, str]:
    """Return what narrows a list, without its order and page."""
    return {name: value for name, value in query.items() if value and name not in {"ordering", "page", "page_size"}}


def same_list(**changes: str | int | None) -> str:
    """Return the address of this list with parts of its query changed, or left out when None."""
    query = {**request.args.to_dict(), **changes}
    text = urlencode({name: value for name, value in query.items() if value not in {None, ""}})
    return f"{request.path}?{text}" if text else request.path


def moved(count: int, previous: int) -> str:
    """Return in words how a count stands against 24 hours before."""
    if count == previous:
        return f"same as {_YESTERDAY}"
    return f"{abs(count - previous)} {'more' if count > previous else 'fewer'} than {_YESTERDAY}"
