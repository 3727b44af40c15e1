"""A patient as a FHIR R4 Patient (US Core 6.1.0) and back: pure functions; no JSON text and no network lives here.

What comes in is any server's data, so every part may be missing or of the wrong kind: what cannot be read is left out,
and the schema of our own API judges the rest.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from app.domain.text import is_storable

US_CORE_PATIENT = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"
IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
MEDICAL_RECORD_NUMBER = "MR"
_GENDERS = frozenset({"male", "female", "other", "unknown"})
_NAME_USES = ("official", "usual", None, "temp")  # never old, nickname, anonymous, maiden
_PHONE_USES = ("mobile", "home", None, "work", "temp")
_EMAIL_USES = ("home", None, "work", "mobile", "temp")
_ADDRESS_USES = ("home", None, "temp", "work")  # never old, billing
_IDENTIFIER_USES = ("usual", "official", None, "secondary", "temp")
_LAST_RANK = 10**6
Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EmrPatient:
    """A Patient of another system: the fields of our API it gives, and what one must know before taking it over."""

    external_id: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    is_active: bool = True
    is_deceased: bool = False
    replaced_by: str | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should look at before importing."""
        found = {
            "deceased": self.is_deceased,
            "merged": self.replaced_by is not None,
            "inactive": not self.is_active,
        }
        return tuple(name for name, is_so in found.items() if is_so)


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """What a Patient resource needs to know of one record."""

    id: UUID
    version: int
    last_updated: datetime
    first_name: str
    last_name: str
    date_of_birth: date
    gender: str
    mrn: str
    mrn_system: str
    active: bool
    phone: str | None = None
    email: str | None = None
    address: Mapping[str, str] | None = None


def patient_from_fhir(resource: Resource, today: date) -> EmrPatient:
    """Return what a Patient resource says of a person on a day.

    Of several names the official one is taken, then the usual; of telephones and mail addresses that of the first rank,
    then mobile or home ones; of addresses the home. What is old, or whose period does not include the day, is not.
    """
    given = {
        **_names(resource, today),
        "date_of_birth": _text(resource.get("birthDate")),
        "gender": resource.get("gender") if resource.get("gender") in _GENDERS else "unknown",
        "mrn": _mrn(resource, today),
        "phone": _telecom(resource, "phone", _PHONE_USES, today),
        "email": _telecom(resource, "email", _EMAIL_USES, today),
        "address": _address(resource, today),
    }
    return EmrPatient(
        external_id=_text(resource.get("id")) or "",
        fields={name: value for name, value in given.items() if value},
        is_active=resource.get("active") is not False,
        is_deceased=bool(resource.get("deceasedBoolean") is True or resource.get("deceasedDateTime")),
        replaced_by=_replacement(resource),
    )


def patient_to_fhir(facts: PatientFacts) -> dict[str, Any]:
    """Return a record as a US Core Patient; what it does not have is left out."""
    number = {
        "use": "usual",
        "type": {"coding": [{"system": IDENTIFIER_TYPES, "code": MEDICAL_RECORD_NUMBER}]},
        "system": facts.mrn_system,
        "value": facts.mrn,
    }
    reached = [("phone", facts.phone), ("email", facts.email)]
    resource: dict[str, Any] = {
        "resourceType": "Patient",
        "id": str(facts.id),
        "meta": {
            "versionId": str(facts.version),
            "lastUpdated": facts.last_updated.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "profile": [US_CORE_PATIENT],
        },
        "identifier": [number],
        "active": facts.active,
        "name": [{"use": "official", "family": facts.last_name, "given": [facts.first_name]}],
        "telecom": [{"system": system, "value": value} for system, value in reached if value],
        "gender": facts.gender,
        "birthDate": facts.date_of_birth.isoformat(),
        "address": [_fhir_address(facts.address)] if facts.address else [],
    }
    return {name: value for name, value in resource.items() if value != []}


def _fhir_address(address: Mapping[str, str]) -> dict[str, Any]:
    lines = [address[name] for name in ("line1", "line2") if address.get(name)]
    parts = {"city": address.get("city"), "state": address.get("state"), "postalCode": address.get("zip")}
    return {
        "use": "home",
        **({"line": lines} if lines else {}),
        **{name: value for name, value in parts.items() if value},
        "country": "US",
    }


def _names(resource: Resource, today: date) -> dict[str, str | None]:
    name = _best(resource, "name", _NAME_USES, today, lambda one: bool(_text(one.get("family"))))
    given = [text for text in _list(name.get("given")) if _text(text)]
    return {"first_name": _text(given[0]) if given else None, "last_name": _text(name.get("family"))}


def _mrn(resource: Resource, today: date) -> str | None:
    return _text(_best(resource, "identifier", _IDENTIFIER_USES, today, _is_record_number).get("value"))


def _is_record_number(identifier: Resource) -> bool:
    kind = identifier.get("type")
    codings = _dicts(kind.get("coding")) if isinstance(kind, Mapping) else []
    return any(
        coding.get("code") == MEDICAL_RECORD_NUMBER and coding.get("system") in {IDENTIFIER_TYPES, None}
        for coding in codings
    )


def _telecom(resource: Resource, system: str, uses: tuple[str | None, ...], today: date) -> str | None:
    found = _best(resource, "telecom", uses, today, lambda one: one.get("system") == system and bool(one.get("value")))
    return _text(found.get("value"))


def _address(resource: Resource, today: date) -> dict[str, str]:
    found = _best(resource, "address", _ADDRESS_USES, today, lambda one: one.get("use") != "billing")
    lines = [text for line in _list(found.get("line")) if (text := _text(line))]
    parts = {
        "line1": lines[0] if lines else None,
        "line2": ", ".join(lines[1:]),
        "city": _text(found.get("city")),
        "state": _text(found.get("state")),
        "zip": _text(found.get("postalCode")),
    }
    return {name: value for name, value in parts.items() if value}


def _replacement(resource: Resource) -> str | None:
    for link in _dicts(resource.get("link")):
        other = link.get("other")
        if link.get("type") == "replaced-by" and isinstance(other, Mapping):
            return (_text(other.get("reference")) or "").rpartition("/")[2] or "unknown"
    return None


def _best(
    resource: Resource, part: str, uses: tuple[str | None, ...], today: date, fits: Callable[[Resource], bool]
) -> Resource:
    """Return the entry in force that comes first by rank, then by use; an empty one when there is none."""
    found = [
        one
        for one in _dicts(resource.get(part))
        if one.get("use") in uses and fits(one) and _is_in_force(one.get("period"), today)
    ]
    return min(found, key=lambda one: (_rank(one), uses.index(one.get("use"))), default={})


def _rank(one: Resource) -> int:
    rank = one.get("rank")
    return rank if isinstance(rank, int) and not isinstance(rank, bool) else _LAST_RANK


def _is_in_force(period: Any, today: date) -> bool:
    """Compare as far as a FHIR date goes: a period that ends `2020` ends with that year."""
    if not isinstance(period, Mapping):
        return True
    start, end = (str(period.get(name) or "")[:10] for name in ("start", "end"))
    day = today.isoformat()
    return (not start or start <= day[: len(start)]) and (not end or day[: len(end)] <= end)


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) and is_storable(value) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: Any) -> Iterable[Resource]:
    return [one for one in _list(value) if isinstance(one, Mapping)]
