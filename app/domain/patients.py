"""What a patient record is made of, and how its parts are written down."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from app.domain.paging import PageRequest
from app.domain.roles import Role

Gender = Literal["male", "female", "other", "unknown"]
PatientOrdering = Literal["last_name", "-last_name", "created_at", "-created_at"]
PATIENT_ORDERINGS: tuple[PatientOrdering, ...] = ("last_name", "-last_name", "created_at", "-created_at")

GENDERS: tuple[Gender, ...] = ("male", "female", "other", "unknown")

_STATES = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK"
    " OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR VI AA AE AP"
)
US_STATES = frozenset(_STATES.split())  # USPS Publication 28, appendix B

CARE_TEAM: dict[str, Role] = {"provider_id": Role.PROVIDER, "nurse_id": Role.NURSE}

_NOT_DIGITS = re.compile(r"\D", re.ASCII)
_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_PHONE_SIGNS = re.compile(r"[\d\s().+-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address; the state stands apart because it alone is not encrypted."""

    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""


@dataclass(frozen=True, slots=True)
class EmergencyContact:
    """Whom to call; the number in E.164."""

    name: str
    phone: str
    relationship: str = ""


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays, and the member's number there; both days are inclusive, and one that is open is None."""

    payer: str
    member_id: str
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class NewPatient:
    """A record as it is created; the medical record number is made when absent.

    `conditions` are ICD-10-CM codes, `payers` in the order in which they pay; `allow_duplicate` says that a record
    which looks like another one is of another person.
    """

    first_name: str
    last_name: str
    date_of_birth: date
    gender: Gender
    mrn: str | None = None
    phone: str | None = None
    email: str | None = None
    address: Address | None = None
    external_id: str | None = None
    timezone: str | None = None
    ssn: str | None = None
    preferred_language: str | None = None
    emergency_contact: EmergencyContact | None = None
    conditions: tuple[str, ...] = ()
    provider_id: int | None = None
    nurse_id: int | None = None
    payers: tuple[Payer, ...] = ()
    allow_duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientSelection:
    """Which patients are wanted, in which order."""

    search: str = ""
    active: bool = True
    ordering: PatientOrdering = "created_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientQuery(PatientSelection):
    """Which page of them."""

    paging: PageRequest


def format_mrn(number: int) -> str:
    """Return the record number of the n-th patient: MRN-00001, and longer beyond 99,999."""
    return f"MRN-{number:05d}"


def to_e164(phone: str) -> str | None:
    """Return the number in E.164 (`+15550100123`), ten digits read as US; None when it is no telephone number."""
    if not _PHONE_SIGNS.fullmatch(phone):
        return None
    digits = _NOT_DIGITS.sub("", phone)
    if not phone.strip().startswith("+"):
        digits = "1" + digits if len(digits) == 10 else digits  # noqa: PLR2004 - a US number
        if len(digits) != 11 or not digits.startswith("1"):  # noqa: PLR2004
            return None
    number = f"+{digits}"
    return number if _E164.fullmatch(number) else None


def format_zip(code: str) -> str | None:
    """Return a US postal code of five or nine digits as `12345` or `12345-6789`; None for anything else."""
    match = re.fullmatch(r"(\d{5})(?:-?(\d{4}))?", code, re.ASCII)
    if match is None:
        return None
    return "-".join(part for part in match.groups() if part)


def cleared(given: dict[str, Any]) -> dict[str, Any]:
    """Return a whole new state of a record from what was given: what may be empty and was left out becomes so.

    The record number, the time zone and the social security number (which nobody can read and send back) stay.
    """
    empty = dict.fromkeys(
        ("phone", "email", "address", "external_id", "preferred_language", "emergency_contact", *CARE_TEAM)
    )
    return {**empty, "conditions": (), "payers": (), **given}
