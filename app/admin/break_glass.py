"""Emergency access in the console: asking for it, and giving it back."""

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from app.admin.base import console_page
from app.domain.errors import AccountLocked, AuthenticationFailed, Conflict
from app.domain.roles import Permission
from app.schemas.break_glass import DeclarationSchema
from app.services.accounts.break_glass import break_glass, end_break_glass
from app.web.errors import STATUS, flat_messages
from app.web.security import actor

_FIELDS = ("reason", "password", "totp_code")
_NAMES = {"reason": "Reason", "password": "Password", "minutes": "Minutes", "totp_code": "Code"}


@console_page("/emergency", Permission.BREAK_GLASS, methods=("GET", "POST"))
def emergency() -> ResponseReturnValue:
    """Ask for emergency access, with a reason and the password."""
    if request.method == "GET":
        return _form()
    try:
        break_glass(actor(), *DeclarationSchema().load(_sent()))
    except ValidationError as error:
        return _form("validation_error", _in_words(error))
    except (AuthenticationFailed, AccountLocked, Conflict) as refusal:
        return _form(refusal.code, refusal.detail)
    return redirect(url_for("admin.board"), 303)


@console_page("/emergency/end", Permission.BREAK_GLASS, methods=("POST",))
def end_emergency() -> ResponseReturnValue:
    """Give emergency access back before its time."""
    end_break_glass(actor())
    return redirect(url_for("admin.board"), 303)


def _sent() -> dict[str, str | int]:
    """Return what the form says, as the API's JSON would; what was left blank is left out."""
    minutes = request.form.get("minutes", "")
    texts = {name: request.form[name] for name in _FIELDS if request.form.get(name)}
    return {**texts, "minutes": int(minutes) if minutes.isdecimal() and len(minutes) < len("1000") else 0}


def _in_words(error: ValidationError) -> str:
    problems = flat_messages(error.messages).items()
    return " ".join(f"{_NAMES.get(name, name)}: {' '.join(messages)}" for name, messages in problems)


def _form(code: str | None = None, problem: str = "") -> ResponseReturnValue:
    if code is not None:
        g.error_code = code
    return render_template("admin/emergency.html", problem=problem), STATUS[code] if code else 200
