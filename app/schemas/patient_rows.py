"""Patients that come from elsewhere, a file or another system: read by the same schema as the API's bodies."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from app.domain.errors import ValidationFailed
from app.domain.patients import NewPatient
from app.schemas.patients import NewPatientSchema

_SCHEMA = NewPatientSchema()


def read_patient(body: Mapping[str, Any]) -> NewPatient:
    """Return the record that a body makes; raises ValidationFailed with inner fields named with a dot."""
    try:
        new: NewPatient = _SCHEMA.load(dict(body))
    except ValidationError as error:
        raise ValidationFailed(_flat(error.messages)) from error
    return new


def _flat(messages: Any, path: str = "") -> dict[str, list[str]]:
    if not isinstance(messages, Mapping):
        return {path or "non_field_errors": [str(message) for message in messages]}
    flat: dict[str, list[str]] = {}
    for name, inner in messages.items():
        flat |= _flat(inner, ".".join(filter(None, (path, "" if name == "_schema" else str(name)))))
    return flat
