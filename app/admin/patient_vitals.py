"""The tabs of a patient's readings and devices."""

from uuid import UUID

from flask.typing import ResponseReturnValue

from app.admin.base import console_page
from app.admin.chart import pressure_chart
from app.admin.devices import held_devices
from app.admin.patients import patient_tab
from app.domain.roles import Permission
from app.services.readings.observations import get_vitals_history
from app.web.security import actor


@console_page("/patients/<uuid:patient_id>/vitals", Permission.READ_OBSERVATIONS)
def patient_vitals(patient_id: UUID) -> ResponseReturnValue:
    """Show the readings, as a chart and as a table."""
    vitals = get_vitals_history(actor(), patient_id)
    return patient_tab("patient_vitals", patient_id, vitals=vitals, chart=pressure_chart(vitals))


@console_page("/patients/<uuid:patient_id>/devices", Permission.READ_DEVICES)
def patient_devices(patient_id: UUID) -> ResponseReturnValue:
    """Show the devices that the patient holds and held."""
    return patient_tab("patient_devices", patient_id, devices=held_devices(patient_id))
