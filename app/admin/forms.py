"""Forms of the console: read by the schemas of the API, and shown again with what was wrong beside each field."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import g, request
from marshmallow import ValidationError

from app.domain.errors import Conflict, NotFound, ValidationFailed
from app.web.errors import STATUS, flat_messages

_OK = 200
_INVALID = "Some entries need another look."


@dataclass(slots=True)
class Refusal:
    """Which form was refused and why; one that says nothing has been accepted."""

    form: str
    status: int = _OK
    detail: str = ""
    fields: dict[str, list[str]] = field(default_factory=dict)

    def of(self, form: str) -> bool:
        """Say whether this form was refused."""
        return self.status != _OK and self.form == form

    def tell(self, code: str, detail: str, fields: dict[str, list[str]] | None = None) -> None:
        """Note why."""
        g.error_code = code
        self.status, self.detail, self.fields = STATUS[code], detail, fields or {}


NO_REFUSAL = Refusal("")


def attempt(form: str, work: Callable[[], UUID], not_found: str = "") -> UUID | Refusal:
    """Do what a form asks for and return the id to show next, or a refusal of what a person can put right.

    What is not found is said beside the field `not_found`; without one it is the page that does not exist.
    """
    refusal = Refusal(form)
    try:
        return work()
    except ValidationError as error:
        refusal.tell(ValidationFailed.code, _INVALID, flat_messages(error.messages))
    except ValidationFailed as error:
        refusal.tell(error.code, _INVALID, error.field_errors)
    except Conflict as error:
        refusal.tell(error.code, error.detail)
    except NotFound as error:
        if not not_found:
            raise
        refusal.tell(ValidationFailed.code, _INVALID, {not_found: [error.detail]})
    return refusal


def filled_in(*names: str) -> dict[str, str]:
    """Return the fields of the form that were filled in; a blank one counts as absent."""
    return {name: request.form[name] for name in names if request.form.get(name, "").strip()}


def moment_in(zone: str, name: str) -> dict[str, str]:
    """Return a date and time that was entered on the practice's clock, with its zone; nothing when it was left open."""
    entered = filled_in(name)
    for text in entered.values():
        try:
            entered[name] = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).isoformat()
        except ValueError:
            return entered  # the schema says what is wrong with it
    return entered
