"""Forms: what was sent, what a use case refused, and the page that says so beside the fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from app.admin.forms import in_words
from app.domain.errors import (
    AccountLocked,
    AuthenticationFailed,
    Conflict,
    PermissionDenied,
    StaleVersion,
    ValidationFailed,
    VantrexiaError,
)
from app.web.errors import STATUS, flat_messages

REFUSALS = (
    ValidationError, ValidationFailed, AuthenticationFailed, AccountLocked, Conflict, StaleVersion, PermissionDenied,
)  # fmt: skip
_LOOK = "Please look at the fields marked below."
_CHANGED = "Somebody changed this meanwhile. Below stands how it is now."


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a form was not accepted: a sentence for all of it, and what is wrong with which field."""

    code: str
    detail: str
    fields: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def is_outdated(self) -> bool:
        """Say whether the form showed what is no longer so."""
        return self.code == StaleVersion.code


def problem_of(refusal: ValidationError | VantrexiaError) -> Problem:
    """Put a refusal into the words of a form."""
    if isinstance(refusal, ValidationError):
        return Problem(ValidationFailed.code, _LOOK, _in_words(flat_messages(refusal.messages)))
    if isinstance(refusal, ValidationFailed):
        return Problem(refusal.code, _LOOK, _in_words(refusal.field_errors))
    return Problem(refusal.code, _CHANGED if isinstance(refusal, StaleVersion) else refusal.detail)


def sent(*names: str) -> dict[str, str]:
    """Return the form's fields of these names, as the API's JSON would have them."""
    return {name: request.form[name] for name in names if name in request.form}


def shown(template: str, problem: Problem | None = None, **facts: Any) -> ResponseReturnValue:
    """Show a page with a form, and with what was wrong with it under the status that the API would answer."""
    if problem is not None:
        g.error_code = problem.code
    return render_template(template, problem=problem, **facts), STATUS[problem.code] if problem else 200


def _in_words(messages: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {name: [in_words(text) for text in texts] for name, texts in messages.items()}
