"""How the pages of a patient's record say things: programs, reasons, kinds of events, days."""

from datetime import date
from typing import Any

from app.admin.base import console
from app.admin.forms import filled
from app.domain.roles import Permission

TABS = (
    ("admin.patient", "Overview", Permission.READ_PATIENTS),
    ("admin.patient_vitals", "Vitals", Permission.READ_OBSERVATIONS),
    ("admin.patient_thresholds", "Thresholds", Permission.READ_THRESHOLDS),
    ("admin.patient_devices", "Devices", Permission.READ_DEVICES),
    ("admin.patient_consents", "Consents", Permission.READ_PATIENTS),
    ("admin.patient_time", "Time", Permission.READ_TIME_LOGS),
    ("admin.patient_billing", "Billing", Permission.READ_PATIENTS),
    ("admin.patient_timeline", "Timeline", Permission.READ_PATIENTS),
)
PROGRAMS = {
    "RPM": "Remote physiologic monitoring",
    "RTM": "Remote therapeutic monitoring",
    "CCM": "Chronic care management",
    "PCM": "Principal care management",
    "APCM": "Advanced primary care management",
}
PARAMETERS = {
    "blood_pressure": "Blood pressure",
    "weight": "Weight",
    "glucose": "Glucose",
    "pulse_oximetry": "Oxygen saturation",
    "heart_rate": "Heart rate",
    "temperature": "Temperature",
    "respiratory_rate": "Respiratory rate",
    "peak_flow": "Peak flow",
    "respiratory_status": "Respiratory status",
    "musculoskeletal_status": "Musculoskeletal status",
    "cognitive_behavioral_therapy": "Cognitive behavioral therapy",
    "therapy_adherence": "Therapy adherence",
}
METHODS = {"verbal": "Verbal", "written": "Written", "electronic": "Electronic"}
DISCHARGE_REASONS = {
    "goals_met": "Goals met",
    "patient_request": "Patient asked for it",
    "not_adherent": "Did not take part",
    "transferred": "Transferred to another practice",
    "moved_away": "Moved away",
    "not_covered": "No longer covered",
    "deceased": "Deceased",
    "entered_in_error": "Entered in error: never counted",
    "other": "Other",
}
DISCHARGE_OUTCOMES = {"improved": "Improved", "stable": "Stable", "worsened": "Worsened", "unknown": "Unknown"}
TIMELINE_KINDS = {
    "reading": "Reading",
    "alert": "Alert",
    "note": "Note",
    "call": "Call",
    "record": "Record",
    "consent": "Consent",
    "care_order": "Order",
    "enrollment": "Enrolment",
    "device": "Device",
    "time_log": "Time",
    "billing_entry": "Billing",
}


@console.app_context_processor
def _names() -> dict[str, Any]:
    names = {"TABS": TABS, "PROGRAMS": PROGRAMS, "PARAMETERS": PARAMETERS}
    names |= {"METHODS": METHODS, "TIMELINE_KINDS": TIMELINE_KINDS}
    names |= {"DISCHARGE_REASONS": DISCHARGE_REASONS, "DISCHARGE_OUTCOMES": DISCHARGE_OUTCOMES}
    return {**names, "filled": filled}


@console.app_template_filter()
def day(value: date | None) -> str:
    """Write a date for people; a dash when there is none."""
    return "–" if value is None else value.strftime("%b %-d, %Y")  # noqa: RUF001 - typographic


@console.app_template_filter()
def parameter(name: str) -> str:
    """Return what is monitored in words."""
    return PARAMETERS.get(name, name)
