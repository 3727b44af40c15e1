"""A clinician's own score instead of the computed one, on the patient's page: set for some days, or taken back."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console, console_page
from app.admin.forms import Refusal, attempt, filled_in, whole
from app.admin.patients import overview
from app.domain.roles import Permission
from app.schemas.scores import NewScoreOverrideSchema
from app.services.triage.scores import end_override, override_score
from app.web.security import actor

_DAYS = {1: "1 day", 3: "3 days", 7: "a week", 14: "two weeks", 30: "30 days"}


@console.app_context_processor
def _choices() -> dict[str, object]:
    return {"OVERRIDE_DAYS": _DAYS}


@console_page("/patients/<uuid:patient_id>/score-override", Permission.OVERRIDE_SCORES, methods=("POST",))
def set_score(patient_id: UUID) -> ResponseReturnValue:
    """Show another score than the computed one for a while."""
    return _after(patient_id, attempt("override", lambda: _set(patient_id)))


@console_page("/patients/<uuid:patient_id>/score-override/end", Permission.OVERRIDE_SCORES, methods=("POST",))
def withdraw_score(patient_id: UUID) -> ResponseReturnValue:
    """Show the computed score again."""
    return _after(patient_id, attempt("override", lambda: end_override(actor(), patient_id).patient_id))


def _after(patient_id: UUID, done: UUID | Refusal) -> ResponseReturnValue:
    if isinstance(done, Refusal):
        return overview(patient_id, refusal=done)
    return redirect(url_for("admin.patient", patient_id=patient_id, _anchor="risk"), 303)


def _set(patient_id: UUID) -> UUID:
    body = {name: whole(text) if name == "risk_score" else text for name, text in _entered().items()}
    return override_score(actor(), patient_id, NewScoreOverrideSchema().load(body)).patient_id


def _entered() -> dict[str, str]:
    """Return what was filled in, the number of days as the moment when they are over."""
    entered, days = filled_in("risk_score", "reason"), whole(request.form.get("days", ""))
    if days in _DAYS:
        entered["expires_at"] = (datetime.now(UTC) + timedelta(days=int(days))).isoformat()
    return entered
