"""What the demo's made-up people have besides a name: diagnoses, payers, whom to call, who cares for them."""

from datetime import date
from typing import Any

from app.domain.actor import Actor
from app.domain.patients import EmergencyContact, Payer

_DIAGNOSES = (
    ("I10",), ("I10", "E11.9"), ("I10", "E78.5"), ("I50.22", "I10"), ("I10", "N18.31"), ("E11.65", "I10"), (),
)  # fmt: skip
_PAYERS = (("Medicare",), ("Medicare", "Aetna"), ("UnitedHealthcare",), ("Humana",), ())
_LANGUAGES = ("en", "en", "en", "es", "vi")
_RELATIVES = (("Dana", "daughter"), ("Sam", "son"), ("Lou", "spouse"))
_COVERED_SINCE = date(2024, 1, 1)


def particulars(number: int, last_name: str, team: dict[str, Actor]) -> dict[str, Any]:
    """Return what the n-th made-up patient has; some have no diagnosis, no payer or nobody to call."""
    name, relationship = _RELATIVES[number % len(_RELATIVES)]
    kin = EmergencyContact(f"{name} {last_name}", f"+1217555{number:04d}", relationship) if number % 4 else None
    nurse = team.get("nurse")
    return {
        "conditions": _DIAGNOSES[number % len(_DIAGNOSES)],
        "payers": tuple(_payer(payer, number) for payer in _PAYERS[number % len(_PAYERS)]),
        "preferred_language": _LANGUAGES[number % len(_LANGUAGES)],
        "emergency_contact": kin,
        "provider_id": team["clinician"].user_id,
        "nurse_id": nurse.user_id if nurse else None,
    }


def _payer(name: str, number: int) -> Payer:
    return Payer(name, f"DEMO-{name[:3].upper()}-{number:05d}", _COVERED_SINCE)
