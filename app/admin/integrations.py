"""The connection to the medical record system: its settings, and whether it works."""

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from app.admin.base import console_page
from app.domain.errors import EmrNotConfigured, EmrUnavailable, NotFound, ValidationFailed
from app.domain.roles import Permission
from app.schemas.emr import EmrSettingsSchema
from app.services.emr.connection import check_connection, get_connection, save_connection
from app.web.errors import STATUS, flat_messages
from app.web.security import actor

_SAVED = "The connection was saved."


@console_page("/integrations/emr", Permission.MANAGE_INTEGRATIONS, methods=("GET", "POST"))
def emr_connection() -> ResponseReturnValue:
    """Show the settings, and replace them."""
    if request.method == "GET":
        return _form()
    try:
        save_connection(actor(), EmrSettingsSchema().load(_entered()))
    except ValidationError as refusal:
        return _refused(flat_messages(refusal.messages))
    except ValidationFailed as refusal:
        return _refused(refusal.field_errors)
    flash(_SAVED)
    return redirect(url_for("admin.emr_connection"), 303)


@console_page("/integrations/emr/test", Permission.MANAGE_INTEGRATIONS, methods=("POST",))
def test_emr_connection() -> ResponseReturnValue:
    """Ask the medical record system what it is."""
    try:
        found = check_connection(actor())
        flash(f"It answers: {found.software or 'a server without a name'}, FHIR {found.fhir_version}.")
    except (EmrNotConfigured, EmrUnavailable) as refusal:
        flash(refusal.detail)
    except ValidationFailed as refusal:
        flash(" ".join(refusal.field_errors.get("base_url", [refusal.detail])))
    return redirect(url_for("admin.emr_connection"), 303)


def _form(errors: dict[str, list[str]] | None = None) -> str:
    try:
        connection = get_connection(actor())
    except NotFound:
        connection = None
    return render_template("admin/emr_connection.html", connection=connection, errors=errors or {}, form=request.form)


def _refused(errors: dict[str, list[str]]) -> ResponseReturnValue:
    g.error_code = "validation_error"
    return _form(errors), STATUS["validation_error"]


def _entered() -> dict[str, object]:
    """Return the form as the API's body; what was left blank is left out."""
    entered: dict[str, object] = {
        name: value
        for name in ("base_url", "auth", "username", "secret")
        if (value := request.form.get(name, "").strip())
    }
    return {**entered, "is_active": "is_active" in request.form}
