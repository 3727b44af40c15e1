"""The tabs of a patient's readings and devices."""

from datetime import timedelta
from uuid import UUID

from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.admin.chart import daily_charts, reading_charts
from app.admin.devices import held_devices
from app.admin.patients import patient_tab
from app.domain.billing.days import Exclusion
from app.domain.enrolment.programs import Program
from app.domain.roles import Permission
from app.domain.vitals.kinds import KINDS
from app.domain.vitals.measures import MEASURES
from app.domain.vitals.queries import StatsQuery
from app.schemas.observations import DaysQuerySchema, VitalsPageSchema
from app.schemas.readings import shown_values
from app.services.readings.days import get_days
from app.services.readings.listing import list_readings
from app.services.readings.observations import get_vitals_history
from app.services.readings.statistics import get_stats
from app.services.transaction import now
from app.services.triage.live import get_patient_mark
from app.web.security import actor

SPANS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=31), "year": timedelta(days=366)}
READING_STATUSES = {
    "final": "Counts", "quarantined": "In quarantine", "rejected": "Rejected", "void": "Void",
}  # fmt: skip


@console_page("/patients/<uuid:patient_id>/vitals", Permission.READ_OBSERVATIONS)
def patient_vitals(patient_id: UUID) -> ResponseReturnValue:
    """Show the readings: a chart and a summary a kind, and all of them as a table."""
    span, query = load_query(VitalsPageSchema()).for_patient(patient_id)
    mark = get_patient_mark(actor(), patient_id)  # before what it stands for
    since = now() - SPANS[span]
    history = get_vitals_history(actor(), patient_id, since)
    stats = get_stats(actor(), patient_id, StatsQuery(since, by="day" if span == "year" else None))
    daily = span == "year"
    charts = daily_charts(stats.buckets, history.thresholds, stats.timezone) if daily else reading_charts(history)
    return patient_tab(
        "patient_vitals", patient_id, mark=mark, span=span, spans=SPANS, query=query, stats=stats.overall,
        charts=charts, page=list_readings(actor(), query), kinds=KINDS, measures=MEASURES, shown=shown_values,
        statuses=READING_STATUSES,
    )  # fmt: skip


@console_page("/patients/<uuid:patient_id>/vitals/days", Permission.READ_DAYS, otherwise="admin.patients")
def patient_days(patient_id: UUID) -> ResponseReturnValue:
    """Show which of the patient's dates count, by which reading, and why others do not."""
    days = get_days(actor(), patient_id, load_query(DaysQuerySchema()))
    reasons = {reason: reason.value.replace("_", " ") for reason in Exclusion}
    return patient_tab("patient_days", patient_id, days=days, programs=list(Program), reasons=reasons, kinds=KINDS)


@console_page("/patients/<uuid:patient_id>/devices", Permission.READ_DEVICES)
def patient_devices(patient_id: UUID) -> ResponseReturnValue:
    """Show the devices that the patient holds and held."""
    return patient_tab("patient_devices", patient_id, devices=held_devices(patient_id))
