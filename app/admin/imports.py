"""The import wizard: choose a file, look at what it says, run it, see what became of it. Works without scripts."""

from uuid import UUID

from flask import Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from app.admin.base import console_page, load_query
from app.domain.errors import ValidationFailed
from app.domain.paging import PageRequest
from app.domain.patient_columns import COLUMNS
from app.domain.roles import Permission
from app.schemas.imports import ImportOptionsSchema
from app.schemas.patient_rows import read_patient
from app.schemas.patients import PatientSelectionSchema
from app.services.patient_files.export import export_patients
from app.services.patient_files.imports import (
    ImportReport,
    cancel_import,
    check_again,
    check_import,
    error_report,
    get_import,
    list_imports,
    start_import,
)
from app.web.errors import STATUS
from app.web.responses import csv_response
from app.web.security import actor
from app.web.uploads import chunks_of, uploaded

_NO_FILE = "Choose a file first."
_MARK = "\ufeff"  # by which Excel knows that a file is UTF-8
_RECENT = 10


@console_page("/patients/import", Permission.WRITE_PATIENTS, methods=("GET", "POST"))
def new_import() -> ResponseReturnValue:
    """Choose a file; it is checked, and nothing is imported yet."""
    if request.method == "GET":
        return _form()
    file = uploaded("file")
    if file is None:
        return _form(_NO_FILE)
    try:
        options = ImportOptionsSchema().load({})
        report = check_import(actor(), chunks_of(file), (file.filename or "")[:200], options, read_patient)
    except ValidationFailed as refusal:
        return _form(*refusal.field_errors.get("file", [refusal.detail]))
    return _to(report)


@console_page("/patients/import/<uuid:import_id>", Permission.WRITE_PATIENTS)
def patient_import(import_id: UUID) -> ResponseReturnValue:
    """Show an import: what the file says, how far the work is, or what became of it."""
    return _page(get_import(actor(), import_id, read_patient))


@console_page("/patients/import/<uuid:import_id>/check", Permission.WRITE_PATIENTS, methods=("POST",))
def check_patient_import(import_id: UUID) -> ResponseReturnValue:
    """Check the file again with other columns or options."""
    before = get_import(actor(), import_id, read_patient)
    try:
        return _to(check_again(actor(), import_id, ImportOptionsSchema().load(_chosen(before)), read_patient))
    except (ValidationFailed, ValidationError) as refusal:
        g.error_code = "validation_error"
        told = refusal.field_errors.get("file") if isinstance(refusal, ValidationFailed) else None
        return _page(before, *(told or ["These options do not make sense."])), STATUS["validation_error"]


@console_page("/patients/import/<uuid:import_id>/start", Permission.WRITE_PATIENTS, methods=("POST",))
def start_patient_import(import_id: UUID) -> ResponseReturnValue:
    """Import the file."""
    return _to(start_import(actor(), import_id, read_patient))


@console_page("/patients/import/<uuid:import_id>/cancel", Permission.WRITE_PATIENTS, methods=("POST",))
def cancel_patient_import(import_id: UUID) -> ResponseReturnValue:
    """Stop the import."""
    return _to(cancel_import(actor(), import_id, read_patient))


@console_page("/patients/import/<uuid:import_id>/errors", Permission.WRITE_PATIENTS)
def patient_import_errors(import_id: UUID) -> Response:
    """Return all errors as a file."""
    return csv_response(error_report(actor(), import_id), "import-errors.csv")


@console_page("/patients/export", Permission.EXPORT_PATIENTS)
def export() -> Response:
    """Return the list, all pages of it, as a file that Excel opens."""
    lines = export_patients(actor(), load_query(PatientSelectionSchema()))
    return csv_response((_MARK * (number == 0) + line for number, line in enumerate(lines)), "patients.csv")


def _form(*problems: str) -> ResponseReturnValue:
    if problems:
        g.error_code = "validation_error"
    recent = list_imports(actor(), PageRequest(1, _RECENT))
    page = render_template("admin/import_new.html", problems=problems, recent=recent.items, columns=COLUMNS)
    return page, STATUS["validation_error"] if problems else 200


def _page(report: ImportReport, *problems: str) -> str:
    return render_template("admin/import.html", report=report, one=report.about, columns=COLUMNS, problems=problems)


def _to(report: ImportReport) -> ResponseReturnValue:
    return redirect(url_for("admin.patient_import", import_id=report.about.id), 303)


def _chosen(report: ImportReport) -> dict[str, object]:
    """Return the form's options; its columns are numbered as the file's are."""
    mapping = {
        header: request.form.get(f"column-{number}", "")
        for number, header in enumerate(report.about.headers)
        if f"column-{number}" in request.form
    }
    options = {name: request.form.get(name, "") for name in ("on_error", "on_existing")}
    return {**options, "allow_duplicates": request.form.get("allow_duplicates") == "true", "mapping": mapping}
