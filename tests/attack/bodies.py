"""Bodies made from their documented schemas: valid ones, so that an attack gets past the first check."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.builders import PASSWORD

Schema = Mapping[str, Any]

# What a schema cannot say by itself. A new field of a body whose made-up value is refused belongs here.
EXAMPLES: dict[str, Any] = {
    "password": PASSWORD,
    "current_password": PASSWORD,
    "new_password": "a longer and a fresh passphrase",
    "first_name": "Mallory",
    "last_name": "Attacker",
    "timezone": "America/Chicago",
    "phone": "+12175550147",
    "state": "IL",
    "zip": "62701",
    "reason": "a reason that is long enough",
    "icd10_codes": ["I10"],
    "mrn": "M-4711",
    "duration_minutes": 20,
    "email": "mallory@attack.example",
    "totp_code": "123456",
    "code": "123456",
    "require_2fa_for": [],
    "npi": "1234567893",
    "vendor": "tenovi",
    "auth_mode": "custom_header",
    "header": "X-Key",
    "networks": ["192.0.2.0/24"],
    "options": {"weight_unit": "kg"},
    "ordering_provider": {"name": "Dr Ada Outside", "npi": "1234567893"},
    "diagnosis_codes": ["I10"],
    "expires_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
    "quiet_start": "22:00",
    "quiet_end": "07:00",
    "month": "2026-10",
    "cpt_code": "99457",
    "service_date": "2026-10-31",
    "units": 1,
    "amount": 21,
    "covered_dx_prefixes": ["I50"],
    "rule_set": "2026",
    "fee_schedule": None,
    "overrides": {},
}


class Bodies:
    """Makes bodies for the schemas of one OpenAPI document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def resolve(self, schema: Schema) -> Schema:
        """Follow a reference to its schema."""
        while schema.keys() & {"$ref", "allOf", "anyOf"}:
            if "anyOf" in schema:
                schema = schema["anyOf"][-1]  # the first is null
            elif "$ref" in schema:
                _, _, group, name = schema["$ref"].split("/")
                schema = self._document["components"][group][name]
            else:
                schema = self._merged(schema)
        return schema

    def properties(self, schema: Schema) -> dict[str, Schema]:
        """Return the properties of an object."""
        found: dict[str, Schema] = self.resolve(schema).get("properties", {})
        return {name: one for name, one in found.items() if not one.get("readOnly")}

    def valid(self, schema: Schema, ids: Mapping[str, object], *, full: bool = False) -> dict[str, Any]:
        """Return a valid body with the required fields, or with all; ids come from `ids` by their names."""
        required = set(self.resolve(schema).get("required", ()))
        return {
            name: self.value(name, one, ids)
            for name, one in self.properties(schema).items()
            if full or name in required
        }

    def value(self, name: str, schema: Schema, ids: Mapping[str, object]) -> Any:
        """Return a value that the schema, and the rules behind it, allow."""
        schema = self.resolve(schema)
        if name in ids:
            return str(ids[name]) if schema.get("format") == "uuid" or schema.get("type") == "string" else ids[name]
        if schema.get("enum"):
            return next(value for value in schema["enum"] if value is not None)
        if name in EXAMPLES and (schema.get("type") == "object") is isinstance(EXAMPLES[name], dict):
            return EXAMPLES[name]
        return self._by_type(name, schema, ids)

    def fields(self, schema: Schema, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Schema]]:
        """Return every field of a body, inner ones too, with its path."""
        for name, one in self.properties(schema).items():
            inner = self.resolve(one)
            yield (*path, name), inner
            if inner.get("properties"):
                yield from self.fields(inner, (*path, name))

    def _merged(self, schema: Schema) -> Schema:
        merged = {name: value for name, value in schema.items() if name != "allOf"}
        for part in schema["allOf"]:
            merged = {**self.resolve(part), **merged}
        return merged

    def _by_type(self, name: str, schema: Schema, ids: Mapping[str, object]) -> Any:
        kind = schema.get("type", "string")
        kind = next(one for one in kind if one != "null") if isinstance(kind, list) else kind
        if kind == "object":
            return self.valid(schema, ids, full=True)
        if kind == "array":
            return [self.value(name.removesuffix("s"), schema.get("items", {}), ids)]
        if kind in {"integer", "number"}:
            low, high = schema.get("minimum", 1), schema.get("maximum", schema.get("minimum", 1) + 100)
            return int((low + min(high, low + 200)) / 2)
        return {"boolean": False}.get(kind, self._text(name, schema))

    @staticmethod
    def _text(name: str, schema: Schema) -> str:
        now = datetime.now(UTC)
        by_format = {
            "date-time": (now - timedelta(minutes=5)).isoformat(),
            "date": (now - timedelta(days=9000 if "birth" in name else 1)).date().isoformat(),
            "uuid": "01a20af7-0000-7000-8000-0000feedf00d",  # another one than a random path has
            "email": EXAMPLES["email"],
        }
        text = by_format.get(schema.get("format", ""), "something")
        return text.ljust(schema.get("minLength", 0), "x")[: max(schema.get("maxLength", 200), 1)]


def replaced(body: Mapping[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return the body with one field, maybe an inner one, set to the value."""
    first, *rest = path
    inner = body.get(first)
    below = replaced(inner if isinstance(inner, Mapping) else {}, tuple(rest), value) if rest else value
    return {**body, first: below}
