"""The patient list and one patient's page."""

from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query, may
from app.admin.chart import pressure_chart
from app.admin.devices import held_devices
from app.domain.roles import Permission
from app.schemas.patients import PatientQuerySchema
from app.services.alerts import list_recent_alerts
from app.services.observations import get_vitals_history
from app.services.patient_directory import list_patients
from app.services.patients import get_patient
from app.services.triage import get_board_line
from app.web.security import actor


@console_page("/patients", Permission.READ_PATIENTS)
def patients() -> ResponseReturnValue:
    """List and search the practice's patients."""
    query = load_query(PatientQuerySchema())
    return render_template("admin/patients.html", query=query, page=list_patients(actor(), query))


@console_page("/patients/<uuid:patient_id>", Permission.READ_PATIENTS)
def patient(patient_id: UUID) -> ResponseReturnValue:
    """Show one patient: who they are, their risk, their blood pressure, their alerts."""
    shown = get_patient(actor(), patient_id)
    line = get_board_line(actor(), patient_id) if may(Permission.READ_TRIAGE) else None
    alerts = list_recent_alerts(actor(), patient_id) if may(Permission.READ_TRIAGE) else []
    vitals = get_vitals_history(actor(), patient_id) if may(Permission.READ_OBSERVATIONS) else None
    chart = pressure_chart(vitals) if vitals else None
    return render_template(
        "admin/patient.html",
        patient=shown, line=line, alerts=alerts, vitals=vitals, chart=chart, devices=held_devices(patient_id),
    )  # fmt: skip
