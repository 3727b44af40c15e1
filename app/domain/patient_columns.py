"""The columns of a file of patients: what each is called, and how a row of cells becomes a body of the API. Pure.

What a cell may hold is decided by the same schema that reads the API's bodies.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.domain.patient_csv import CsvRefused, plain_cell

MAX_HEADERS = 200
_GENDERS = {"m": "male", "man": "male", "f": "female", "w": "female", "woman": "female", "o": "other", "u": "unknown",
            "x": "other", "nonbinary": "other"}  # fmt: skip
_LANGUAGES = {"english": "en", "spanish": "es", "espanol": "es", "chinese": "zh", "mandarin": "zh", "tagalog": "tl",
              "vietnamese": "vi", "french": "fr", "arabic": "ar", "korean": "ko", "russian": "ru", "german": "de",
              "haitiancreole": "ht", "portuguese": "pt", "hindi": "hi", "polish": "pl", "italian": "it"}  # fmt: skip
_HIDDEN = {"ssn": "***"}  # what is taken in but never shown
_US_DATE = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})")

# Our name of each column, then how other systems head it (letters and digits only).
COLUMNS: dict[str, tuple[str, ...]] = {
    "first_name": ("first", "firstname", "given", "givenname", "forename", "patientfirstname", "ptfirstname"),
    "last_name": ("last", "lastname", "surname", "family", "familyname", "patientlastname", "ptlastname"),
    "date_of_birth": ("dob", "birthdate", "dateofbirth", "birthday", "born", "patientdob", "birthdt"),
    "gender": ("sex", "gender", "patientsex", "administrativesex", "legalsex"),
    "mrn": ("mrn", "medicalrecordnumber", "medicalrecordno", "recordnumber", "chartnumber", "chartno", "patientnumber"),
    "phone": ("phone", "phonenumber", "telephone", "tel", "mobile", "mobilephone", "cell", "cellphone", "homephone"),
    "email": ("email", "emailaddress", "mail"),
    "line1": ("line1", "address", "address1", "addressline1", "street", "streetaddress", "street1"),
    "line2": ("line2", "address2", "addressline2", "apt", "unit", "street2"),
    "city": ("city", "town"),
    "state": ("state", "stateprovince", "province", "st"),
    "zip": ("zip", "zipcode", "postalcode", "postcode", "zippostalcode"),
    "external_id": ("externalid", "emrid", "ehrid", "fhirid"),
    "timezone": ("timezone", "tz"),
    "ssn": ("ssn", "socialsecuritynumber", "socialsecurity", "socialsecurityno", "patientssn", "ptssn"),
    "preferred_language": ("language", "preferredlanguage", "primarylanguage", "lang", "spokenlanguage"),
    "emergency_contact_name": ("emergencycontact", "emergencycontactname", "emergencyname"),
    "emergency_contact_phone": ("emergencyphone", "emergencycontactphone", "emergencycontactnumber"),
    "emergency_contact_relationship": ("emergencyrelationship", "emergencycontactrelationship", "emergencyrelation"),
    "conditions": ("conditions", "diagnoses", "diagnosis", "diagnosiscodes", "icd10", "icd10codes", "icd10cm", "dx"),
}
# The columns that are parts of a field, and which.
_PARTS: dict[str, tuple[str, str]] = {
    **{name: ("address", name) for name in ("line1", "line2", "city", "state", "zip")},
    **{f"emergency_contact_{name}": ("emergency_contact", name) for name in ("name", "phone", "relationship")},
}
_COLUMN_OF_PART = {part: column for column, part in _PARTS.items()}
REQUIRED = ("first_name", "last_name", "date_of_birth", "gender")
_BY_HEADER = {header: name for name, headers in COLUMNS.items() for header in (name.replace("_", ""), *headers)}


@dataclass(frozen=True, slots=True)
class HeaderMap:
    """Which of our columns each column of the file is; None where it is none."""

    headers: tuple[str, ...]
    names: tuple[str | None, ...]

    @property
    def ignored(self) -> tuple[str, ...]:
        """The headers that mean nothing to us."""
        return tuple(header for header, name in zip(self.headers, self.names, strict=True) if name is None)

    @property
    def as_dict(self) -> dict[str, str]:
        """Our name by the file's header, for those that are read."""
        return {header: name for header, name in zip(self.headers, self.names, strict=True) if name}


def map_headers(headers: Sequence[str], wanted: Mapping[str, str] | None = None) -> HeaderMap:
    """Return which column is which: as `wanted` (header to our name, empty for none) says, else by synonyms.

    Raises CsvRefused for unknown names, headers that are not there, doubles, and required columns that are missing.
    """
    headers = tuple(header.strip() for header in headers)
    if len(headers) > MAX_HEADERS:
        raise CsvRefused(f"The file has more than {MAX_HEADERS} columns.")
    wanted = wanted or {}
    if strange := [name for name in wanted.values() if name and name not in COLUMNS]:
        raise CsvRefused(f"The mapping names a column that does not exist: {strange[0][:50]}.")
    if absent := [header for header in wanted if header not in headers]:
        raise CsvRefused(f"The mapping names a header that the file does not have: {absent[0][:50]}.")
    names = [
        wanted.get(header) or None if header not in headers[:place] else None for place, header in enumerate(headers)
    ]
    for place, header in enumerate(headers):
        guess = _BY_HEADER.get(_letters(header))
        if header not in wanted and guess not in names:
            names[place] = guess
    return _complete(HeaderMap(headers, tuple(names)))


def _complete(found: HeaderMap) -> HeaderMap:
    named = [name for name in found.names if name]
    if doubles := sorted({name for name in named if named.count(name) > 1}):
        raise CsvRefused(f"Two columns are mapped to {doubles[0]}.")
    if missing := [name for name in REQUIRED if name not in named]:
        raise CsvRefused(f"No column for {', '.join(missing)}. Rename a header, or give a mapping.")
    return found


def body_of(columns: HeaderMap, cells: Sequence[str]) -> dict[str, Any]:
    """Return a row as a body of the API; what is blank is left out.

    Dates are read as YYYY-MM-DD or, month first, as M/D/YYYY or M-D-YYYY; years have four digits.
    """
    body: dict[str, Any] = {}
    for name, cell in zip(columns.names, cells, strict=False):
        text = plain_cell(cell)
        if name is None or not text:
            continue
        if name in _PARTS:
            field, inner = _PARTS[name]
            body.setdefault(field, {})[inner] = text
        else:
            body[name] = _READERS[name](text) if name in _READERS else text
    return body


def column_of(field: str) -> str | None:
    """Return the column that a schema's field stands in: `address.zip` in `zip`, `conditions.0` in `conditions`."""
    if field == "non_field_errors":
        return None
    outer, _, inner = field.partition(".")
    return _COLUMN_OF_PART.get((outer, inner), outer)


def shown(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body as it may be shown: without what is never given out."""
    return {name: _HIDDEN.get(name, value) for name, value in body.items()}


def cells_of(body: Mapping[str, Any]) -> dict[str, str]:
    """Return a body by our columns, as it may be shown."""
    flat: dict[str, str] = {}
    for name, value in shown(body).items():
        if isinstance(value, Mapping):
            flat |= {
                column: str(value[inner])
                for column, (field, inner) in _PARTS.items()
                if field == name and inner in value
            }
        else:
            flat[name] = "; ".join(value) if isinstance(value, list) else str(value)
    return flat


def iso_date(text: str) -> str:
    """Return a US date as ISO 8601; anything else as it is, for the schema to judge."""
    found = _US_DATE.fullmatch(text)
    if found is None:
        return text
    month, day, year = (int(part) for part in found.groups())
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return text


def _gender(text: str) -> str:
    return _GENDERS.get(_letters(text), text.lower())


def _language(text: str) -> str:
    return _LANGUAGES.get(_letters(text), text)


def _codes(text: str) -> list[str]:
    """Return diagnosis codes that stand between semicolons, each once."""
    return list(dict.fromkeys(code.strip().upper() for code in text.split(";") if code.strip()))


_READERS: dict[str, Callable[[str], Any]] = {
    "gender": _gender,
    "date_of_birth": iso_date,
    "preferred_language": _language,
    "conditions": _codes,
}


def _letters(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())
