"""How the pages of logged time say things: activities, ways, credentials, gaps, durations."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.admin.base import console

ACTIVITIES = {
    "data_review": "Data review",
    "patient_contact": "Patient contact",
    "care_coordination": "Care coordination",
    "education": "Education",
    "setup": "Set-up",
    "medication_management": "Medication management",
    "documentation": "Documentation",
    "other": "Other",
}
MODES = {"phone": "Phone", "video": "Video", "in_person": "In person", "message": "Message", "none": "Nobody reached"}
CREDENTIALS = {
    "physician": "Physician",
    "qhp": "Other professional who bills",
    "clinical": "Clinical staff",
    "non_clinical": "Non-clinical staff: never counts",
}
SOURCES = {"manual": "By hand", "timer": "Timer", "review": "Review", "call": "Call"}
CALL_MODES = {"phone": "Phone", "video": "Video"}
CALL_OUTCOMES = {"reached": "Reached", "no_answer": "No answer", "left_message": "Left a message"}
CALL_DIRECTIONS = {"outbound": "We called", "inbound": "The patient called"}
TIME_GAPS = {
    "NO_NOTE": "No note says what was done.",
    "NO_MODE": "A contact that does not say by which way.",
    "NON_CLINICAL": "Non-clinical staff: these minutes never count.",
    "TIME_DOUBLE_COUNTED": "Two people at once: these minutes count once.",
    "NO_INTERACTIVE": "No live contact in the month yet.",
    "NOT_ENROLLED": "The patient was not enrolled on that day.",
    "NO_CONSENT": "No consent with both notices holds on that day.",
    "NO_ORDER": "No order holds on that day.",
    "NO_DX": "Too few diagnoses are on record for the program.",
    "NOT_ESTABLISHED": "No initiating visit by that day.",
    "RTM_CONFLICT": "In RPM and RTM at once, which exclude each other.",
}


@console.app_context_processor
def _names() -> dict[str, Any]:
    names = {"ACTIVITIES": ACTIVITIES, "MODES": MODES, "CREDENTIALS": CREDENTIALS, "TIME_SOURCES": SOURCES}
    calls = {"CALL_MODES": CALL_MODES, "CALL_OUTCOMES": CALL_OUTCOMES, "CALL_DIRECTIONS": CALL_DIRECTIONS}
    return {**names, **calls, "TIME_GAPS": TIME_GAPS}


@console.app_template_filter()
def spent(time: timedelta) -> str:
    """Write a duration for people: hours when there are any, minutes, seconds; begun seconds are left off."""
    minutes, seconds = divmod(int(time.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s"


@console.app_template_filter()
def clock(time: timedelta) -> str:
    """Write a duration as a clock that runs: 4:05, or 1:04:05."""
    minutes, seconds = divmod(int(time.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


@console.app_template_filter()
def entered(moment: datetime, zone: str) -> str:
    """Write a moment as a field of date and time wants it, on the practice's clock."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S")
