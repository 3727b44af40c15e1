"""Forms of the console: read by the schemas of the API, and shown again with what was wrong beside each field."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from app.domain.duplicates import Candidate
from app.domain.errors import (
    AccountLocked,
    AuthenticationFailed,
    Conflict,
    NotFound,
    PermissionDenied,
    PossibleDuplicate,
    StaleVersion,
    ValidationFailed,
    VantrexiaError,
)
from app.services.patients.duplicates import record_shown
from app.web.errors import STATUS, flat_messages

T = TypeVar("T")
REFUSALS = (
    ValidationError, ValidationFailed, AuthenticationFailed, AccountLocked, Conflict, StaleVersion, PermissionDenied,
)  # fmt: skip
_OK = 200
_INVALID = "Some entries need another look."
_STALE = "Somebody changed this since you opened it, so nothing was saved. Open it anew and make your changes again."
_UNVERSIONED = "The form does not say which state of the record it was filled in for. Open it anew."
_LONGEST_VERSION = 9
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_IN_WORDS = {
    "Missing data for required field.": "Please fill this in.",
    "This field may not be blank.": "Please fill this in.",
}


@dataclass(slots=True)
class Refusal:
    """Which form was refused and why; one that says nothing has been accepted."""

    form: str
    status: int = _OK
    detail: str = ""
    fields: dict[str, list[str]] = field(default_factory=dict)
    candidates: Sequence[Candidate] = ()

    def of(self, form: str) -> bool:
        """Say whether this form was refused."""
        return self.status != _OK and self.form == form

    def fields_of(self, name: str) -> list[str]:
        """Return what is wrong with a field, or with an item of its list."""
        own = {at: told for at, told in self.fields.items() if at.rstrip("0123456789").rstrip(".") == name}
        return [message for told in own.values() for message in told]

    @property
    def is_outdated(self) -> bool:
        """Say whether the form showed what is no longer so."""
        return self.status == STATUS[StaleVersion.code]


NO_REFUSAL = Refusal("")


@dataclass(frozen=True, slots=True)
class Filled:
    """One form of a page with what stands in it, and what is wrong with that."""

    name: str
    refusal: Refusal
    values: Mapping[str, object]

    @property
    def is_refused(self) -> bool:
        """Say whether it came back."""
        return self.refusal.of(self.name)

    def id(self, name: str) -> str:
        """Return the id of a field, unique on the page."""
        return f"{self.name}-{name}".replace(".", "-")

    def value(self, name: str) -> str:
        """Return what stands in a field."""
        return str(self.values.get(name) or "")

    def has(self, name: str, choice: str) -> bool:
        """Say whether a box is ticked."""
        if self.is_refused:
            return choice in request.form.getlist(name)
        chosen = self.values.get(name)
        return choice in chosen if isinstance(chosen, list | tuple) else choice == chosen

    def wrong(self, name: str) -> str:
        """Return what is wrong with a field or with an item of its list, as one text."""
        told = self.refusal.fields_of(name) if self.is_refused else []
        return " ".join(told)


def filled(refusal: Refusal, name: str, initial: Mapping[str, object] | None = None) -> Filled:
    """Return a form of this request: as it was sent when it was refused, else with its initial values."""
    return Filled(name, refusal, request.form if refusal.of(name) else initial or {})


def refused(error: ValidationError | VantrexiaError, form: str = "") -> Refusal:
    """Put what a schema or a use case refused into the words of a form, and note it for the log."""
    if isinstance(error, ValidationError):
        return _refusal(form, ValidationFailed.code, _INVALID, flat_messages(error.messages))
    if isinstance(error, ValidationFailed):
        return _refusal(form, error.code, _INVALID, error.field_errors)
    return _refusal(form, error.code, _STALE if isinstance(error, StaleVersion) else error.detail)


def attempt(form: str, work: Callable[[], T], not_found: str = "") -> T | Refusal:
    """Do what a form asks for and return what to show next, or a refusal of what a person can put right.

    What is not found is said beside the field `not_found`; without one it is the page that does not exist. Who may not
    do it at all gets no form back: the pages of accounts, where that depends on what was typed, catch REFUSALS instead.
    """
    try:
        return work()
    except PossibleDuplicate as error:
        record_shown(error.candidates)
        return replace(refused(error, form), candidates=error.candidates)
    except (ValidationError, ValidationFailed, Conflict, StaleVersion) as error:
        return refused(error, form)
    except NotFound as error:
        if not not_found:
            raise
        return refused(ValidationFailed({not_found: [error.detail]}), form)


def shown(template: str, problem: Refusal | None = None, **facts: Any) -> ResponseReturnValue:
    """Show a page with one form, and with what was wrong with it under the status that the API would answer."""
    return render_template(template, problem=problem, **facts), problem.status if problem else _OK


def sent(*names: str) -> dict[str, str]:
    """Return the fields of the form, blank ones too, as the API's JSON would have them."""
    return {name: request.form[name] for name in names if name in request.form}


def filled_in(*names: str) -> dict[str, str]:
    """Return the fields of the form that were filled in; a blank one counts as absent."""
    return {name: request.form[name] for name in names if request.form.get(name, "").strip()}


def ticked(*names: str) -> dict[str, bool]:
    """Return for each box of the form whether it is ticked."""
    return {name: name in request.form for name in names}


def whole(text: str) -> int | str:
    """Return a number that was chosen; any other text as it is, for the schema to say what is wrong with it."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_VERSION else text


def number(text: str) -> Decimal | str:
    """Return a decimal number that was typed; any other text as it is, for the schema to say what is wrong with it."""
    return Decimal(text.strip()) if _NUMBER.fullmatch(text.strip()) else text


def listed(text: str) -> list[str]:
    """Return the parts of a text that commas, spaces or lines set apart, in capitals."""
    return re.split(r"[\s,;]+", text.strip().upper()) if text.strip() else []


def version_seen() -> int:
    """Return the version that the form was filled in for; raises ValidationFailed when it does not say."""
    version = whole(request.form.get("version", ""))
    if not isinstance(version, int):
        raise ValidationFailed({"version": [_UNVERSIONED]})
    return version


def moment_in(zone: str, name: str) -> dict[str, str]:
    """Return a date and time that was entered on the practice's clock, with its zone; nothing when it was left open."""
    entered = filled_in(name)
    for text in entered.values():
        try:
            entered[name] = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).isoformat()
        except ValueError:
            return entered  # the schema says what is wrong with it
    return entered


def _refusal(form: str, code: str, detail: str, fields: Mapping[str, list[str]] | None = None) -> Refusal:
    g.error_code = code
    told = {name: [_IN_WORDS.get(text, text) for text in texts] for name, texts in (fields or {}).items()}
    return Refusal(form, STATUS[code], detail, told)
