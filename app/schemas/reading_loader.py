"""Reading many items fast: a right one by its fields alone, any other by its schema, which knows what to say.

Of what marshmallow does around each field, a right item needs nothing. So there is one description of a kind, its
schema, and this is only a shorter way through it (a test holds the two side by side).
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from marshmallow import ValidationError, fields

from app.schemas.readings import NewReadingSchema, Posted

_Read = Callable[[Any, str, Mapping[str, Any]], Any]


class ReadingLoader:
    """Loads items of one kind as their schema does."""

    def __init__(self, schema: NewReadingSchema) -> None:
        self._schema = schema
        self._fields = {name: _reader(field) for name, field in schema.load_fields.items()}
        self._required = {name for name, field in schema.load_fields.items() if field.required}

    def load(self, values: Mapping[str, Any]) -> Posted:
        """Return whose reading it is and the reading; raises ValidationError with the schema's messages."""
        if self._required <= values.keys():
            with suppress(KeyError, ValidationError):  # then the schema says what is wrong, with all that is
                return self._shortly(values)
        posted: Posted = self._schema.load(values)
        return posted

    def _shortly(self, values: Mapping[str, Any]) -> Posted:
        data = {name: self._fields[name](value, name, values) for name, value in values.items()}
        posted: Posted = self._schema.reading_of(data)
        return posted


def _reader(field: fields.Field[Any]) -> _Read:
    """Return a field's own reading of a value, which is none; its validators and null are marshmallow's to judge."""
    own, whole = field._deserialize, field.deserialize  # noqa: SLF001 - what subclasses of a field define
    return whole if field.validators else lambda value, name, data: (whole if value is None else own)(value, name, data)
