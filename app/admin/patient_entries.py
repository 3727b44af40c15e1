"""Between a patient record and its form: what the fields show, and the body that the schemas of the API read."""

import re
from collections.abc import Mapping
from typing import Any

from flask import request

from app.admin.forms import whole
from app.schemas.patients import MAX_PAYERS

NEEDED = ("first_name", "last_name", "date_of_birth", "gender", "mrn", "timezone")
OPTIONAL = ("phone", "email", "preferred_language")
CARE_TEAM = ("provider_id", "nurse_id")
ADDRESS = ("line1", "line2", "city", "state", "zip")
CONTACT = ("name", "phone", "relationship")
PAYER = ("payer", "member_id", "starts_on", "ends_on")
_BETWEEN_CODES = re.compile(r"[\s,;]+")

Entries = dict[str, str]


def entries_of(patient: Any) -> Entries:
    """Return what the form shows of a record; never the social security number."""
    entries = {name: _text(getattr(patient, name)) for name in (*NEEDED, *OPTIONAL, *CARE_TEAM)}
    entries["conditions"] = ", ".join(patient.conditions)
    entries |= _inner("address", ADDRESS, patient.address or {})
    entries |= _inner("emergency_contact", CONTACT, patient.emergency_contact or {})
    for place, payer in enumerate(patient.payers):
        entries |= _inner(f"payers.{place}", PAYER, {name: getattr(payer, name) for name in PAYER})
    return entries


def entries_sent() -> Entries:
    """Return what was typed, the payers in the order that was asked for and without blank rows."""
    sent = {name: text for name, text in request.form.items() if not name.startswith("payers.")}
    rows = [sent_row for place in range(MAX_PAYERS) if (sent_row := _payer_row(place))]
    in_order = [row for _, row in sorted(rows, key=lambda one: one[0])]
    for place, row in enumerate(in_order):
        sent |= _inner(f"payers.{place}", PAYER, row)
    return sent


def count_payers(entries: Entries) -> int:
    """Return how many payers stand in the form."""
    return len({name.split(".")[1] for name in entries if name.startswith("payers.")})


def codes_in(text: str) -> list[str]:
    """Return the diagnosis codes of a text, however they are set apart."""
    return [code.upper() for code in _BETWEEN_CODES.split(text) if code]


def body_of(entries: Entries, *, is_new: bool) -> dict[str, Any]:
    """Return the body that the entries mean: a blank of a new record is absent, one of a known record empties."""
    body: dict[str, Any] = {name: entries.get(name, "") for name in NEEDED}
    body |= {name: entries.get(name, "").strip() or None for name in OPTIONAL}
    body |= {name: whole(entries[name]) if entries.get(name) else None for name in CARE_TEAM}
    body |= {"address": _part(entries, "address", ADDRESS)}
    body |= {"emergency_contact": _part(entries, "emergency_contact", CONTACT)}
    body |= {"conditions": codes_in(entries.get("conditions", ""))}
    body |= {"payers": [_part(entries, f"payers.{place}", PAYER) for place in range(count_payers(entries))]}
    if is_new:
        body = {name: value for name, value in body.items() if value is not None and value != ""}
    return body | _social_security(entries, is_new=is_new)


def changed_body(before: Entries, after: Entries) -> dict[str, Any]:
    """Return what the person changed and nothing else: what they left alone is neither judged nor written anew."""
    known = body_of(before, is_new=False)
    return {name: value for name, value in body_of(after, is_new=False).items() if known.get(name, ...) != value}


def _social_security(entries: Entries, *, is_new: bool) -> dict[str, str | None]:
    """Leave the number alone when nothing is typed, since nobody can read it and send it back."""
    if entries.get("ssn", "").strip():
        return {"ssn": entries["ssn"]}
    return {"ssn": None} if not is_new and "remove_ssn" in entries else {}


def _payer_row(place: int) -> tuple[int, Entries] | None:
    row = {name: request.form.get(f"payers.{place}.{name}", "") for name in PAYER}
    if not any(text.strip() for text in row.values()):
        return None
    order = whole(request.form.get(f"payers.{place}.order", ""))
    return (order if isinstance(order, int) else place + 1), row


def _part(entries: Entries, part: str, names: tuple[str, ...]) -> dict[str, str] | None:
    given = {name: text for name in names if (text := entries.get(f"{part}.{name}", "").strip())}
    return given or None


def _inner(part: str, names: tuple[str, ...], values: Mapping[str, Any]) -> Entries:
    return {f"{part}.{name}": _text(values.get(name)) for name in names}


def _text(value: object) -> str:
    return "" if value is None else str(value)
