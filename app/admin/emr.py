"""Looking patients up in the medical record system and taking them over, after a look at what would change."""

from uuid import UUID

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.domain.emr import EmrOrder, EmrPage, EmrQuery
from app.domain.errors import EmrNotConfigured, EmrUnavailable, PossibleDuplicate, StaleVersion
from app.domain.roles import Permission
from app.schemas.emr import EmrQuerySchema
from app.schemas.patient_rows import read_patient
from app.services.emr.patients import import_from_emr, search_emr
from app.web.errors import STATUS
from app.web.security import actor

_CHANGED = "The record changed since you looked at it. Look again."
_ALIKE = "Nothing was created: look at the records that may be of the same person."


@console_page("/patients/emr", Permission.WRITE_PATIENTS)
def emr_patients() -> ResponseReturnValue:
    """Search there by name, birth date or identifier."""
    query: EmrQuery = load_query(EmrQuerySchema())
    if not (query.criteria or query.cursor):
        return _list(query, None)
    try:
        return _list(query, search_emr(actor(), query))
    except (EmrNotConfigured, EmrUnavailable) as refusal:
        g.error_code = refusal.code
        return _list(query, None, refusal.detail), STATUS[refusal.code]


@console_page("/patients/emr/<string:external_id>", Permission.WRITE_PATIENTS, methods=("GET", "POST"))
def emr_patient(external_id: str) -> ResponseReturnValue:
    """Show what taking a patient over would change, and do it once that was seen."""
    if request.method == "GET":
        return _preview(external_id)
    try:
        return _to(import_from_emr(actor(), _order(external_id), read_patient).patient.id)
    except (StaleVersion, PossibleDuplicate) as refusal:
        g.error_code = refusal.code
        problem = _CHANGED if isinstance(refusal, StaleVersion) else _ALIKE
        return _preview(external_id, problem), STATUS[refusal.code]


def _order(external_id: str) -> EmrOrder:
    form = request.form
    return EmrOrder(external_id, confirm=form.get("confirm"), allow_duplicate=form.get("allow_duplicate") == "yes")


def _list(query: EmrQuery, page: EmrPage | None, problem: str = "") -> str:
    return render_template("admin/emr.html", query=query, page=page, problem=problem)


def _preview(external_id: str, problem: str = "") -> str:
    outcome = import_from_emr(actor(), EmrOrder(external_id, preview=True), read_patient)
    return render_template("admin/emr_patient.html", outcome=outcome, external_id=external_id, problem=problem)


def _to(patient_id: UUID) -> ResponseReturnValue:
    return redirect(url_for("admin.patient", patient_id=patient_id), 303)
