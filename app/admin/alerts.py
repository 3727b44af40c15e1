"""Saying that an alert has been seen."""

from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, is_htmx
from app.domain.roles import Permission
from app.services.triage.alert_actions import acknowledge_alert
from app.services.triage.board import get_board_line
from app.web.security import actor


@console_page("/alerts/<uuid:alert_id>/acknowledge", Permission.ACKNOWLEDGE_ALERTS, methods=("POST",))
def acknowledge(alert_id: UUID) -> ResponseReturnValue:
    """Acknowledge an alert; htmx gets its line anew, a browser without scripts the patient's page."""
    alert = acknowledge_alert(actor(), alert_id).alert
    if is_htmx():
        line = get_board_line(actor(), alert.patient_id)
        return render_template("admin/_acknowledged.html", alert=alert, line=line)
    return redirect(url_for("admin.patient", patient_id=alert.patient_id, _anchor="alerts"), 303)
