"""What a FHIR server says it can do; pure."""

from collections.abc import Iterable, Mapping
from typing import Any


def can_search_patients(statement: Mapping[str, Any]) -> bool:
    """Say whether a CapabilityStatement offers the search for Patients."""
    return any(
        interaction.get("code") == "search-type"
        for rest in _dicts(statement.get("rest"))
        for resource in _dicts(rest.get("resource"))
        if resource.get("type") == "Patient"
        for interaction in _dicts(resource.get("interaction"))
    )


def _dicts(value: Any) -> Iterable[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
