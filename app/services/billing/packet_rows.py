"""What stands behind a line's evidence ids, of one patient alone, as an evidence packet writes it."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.billing.answers import Answer, Evidence
from app.domain.billing.clocks import Window, bounds
from app.domain.billing.packet import Hashes, instant, payload_hash
from app.models import (
    BillingCircumstance,
    CareOrder,
    Consent,
    Device,
    DeviceAssignment,
    Enrollment,
    Observation,
    Patient,
    TimeLog,
    WebhookDelivery,
)
from app.services.accounts.users import names_of

_HASHED = (
    "id", "patient_id", "observation_type", "measured_at", "systolic", "diastolic", "pulse", "weight_kg",
    "glucose_mg_dl", "spo2", "temperature_c", "respiratory_rate", "peak_flow", "height_cm", "posted_value",
    "posted_unit", "device_id", "source", "created_at",
)  # fmt: skip
_REPORTED = ("id", "patient_id", "kind", "starts_on", "ends_on", "note", "recorded_by", "created_at")
_SHOWN: tuple[tuple[str, type[Any], tuple[str, ...]], ...] = (
    ("consents", Consent, (
        "program", "method", "obtained_on", "cost_share_explained", "one_practitioner_explained", "revoked_on",
    )),
    ("orders", CareOrder, ("program", "ordered_on", "starts_on", "ends_on", "parameters", "diagnoses", "stopped_on")),
    ("enrollments", Enrollment, (
        "program", "episode_id", "starts_on", "ends_on", "diagnoses", "initiating_visit_on", "discharge_reason",
    )),
    ("circumstances", BillingCircumstance, ("kind", "program", "starts_on", "ends_on")),
)  # fmt: skip


def documents(session: Session, patient: Patient, evidence: Evidence) -> dict[str, list[dict[str, Any]]]:
    """Return consents, orders, enrolments and circumstances behind the evidence, each in order of its id."""
    ids = {
        "consents": evidence.consents, "orders": evidence.orders, "enrollments": evidence.enrolments,
        "circumstances": evidence.circumstances,
    }  # fmt: skip
    return {
        name: [_shown(row, columns) for row in _of(session, patient, model, ids[name])]
        for name, model, columns in _SHOWN
    }


def assignments(session: Session, patient: Patient, ids: Collection[UUID]) -> list[dict[str, Any]]:
    """Return which devices the patient held, with serial number and model."""
    rows = session.execute(
        select(DeviceAssignment, Device)
        .join(Device, (Device.practice_id == DeviceAssignment.practice_id) & (Device.id == DeviceAssignment.device_id))
        .where(
            DeviceAssignment.practice_id == patient.practice_id,
            DeviceAssignment.patient_id == patient.id,
            DeviceAssignment.id.in_(ids),
        )
        .order_by(DeviceAssignment.id)
    )
    return [
        {"device_serial": device.serial, "device_model": device.model_id, **_shown(row, ("started_at", "ended_at"))}
        for row, device in rows
    ]


def time_entries(session: Session, patient: Patient, evidence: Evidence) -> list[dict[str, Any]]:
    """Return the time behind a line: when, who, how, what it was about."""
    logs = _of(session, patient, TimeLog, evidence.time_entries)
    names = names_of(session, patient.practice_id, {log.user_id for log in logs})
    columns = ("program", "activity", "mode", "is_interactive", "credential", "started_at", "ended_at")
    return [
        {
            **_shown(log, columns),
            "seconds": (log.ended_at - log.started_at).total_seconds(),
            "staff_id": log.user_id,
            "staff_name": names[log.user_id],
            "narrative": log.note,
            "is_live_contact": log.id in evidence.contacts,
        }
        for log in sorted(logs, key=lambda one: (one.started_at, one.id))
    ]


def reading_hashes(session: Session, patient: Patient, window: Window) -> dict[UUID, Hashes]:
    """Return the hashes of each of the patient's readings in a window of local days, and of the message it came in."""
    since, until = bounds(window, patient.timezone)
    message = (WebhookDelivery.practice_id == Observation.practice_id) & (WebhookDelivery.id == Observation.inbox_id)
    rows = session.execute(
        select(*(getattr(Observation, name) for name in _HASHED), Observation.inbox_id, WebhookDelivery.sha256)
        .outerjoin(WebhookDelivery, message)
        .where(
            Observation.practice_id == patient.practice_id,
            Observation.patient_id == patient.id,
            Observation.measured_at >= since,
            Observation.measured_at < until,
        )
    )
    return {row.id: _hashes(row) for row in rows}


def report_hashes(session: Session, patient: Patient, answer: Answer) -> dict[UUID, Hashes]:
    """Return likewise the hashes of the reports of therapeutic data that prove a line."""
    reports = _of(session, patient, BillingCircumstance, {report for _, report in answer.evidence.days})
    return {
        row.id: Hashes(payload_hash({name: getattr(row, name) for name in _REPORTED}), None, None) for row in reports
    }


def _hashes(row: Any) -> Hashes:
    content = payload_hash({name: getattr(row, name) for name in _HASHED})
    return Hashes(content, str(row.inbox_id) if row.inbox_id else None, row.sha256)


def _of(session: Session, patient: Patient, model: type[Any], ids: Collection[UUID]) -> Sequence[Any]:
    if not ids:
        return []
    mine = (model.practice_id == patient.practice_id, model.patient_id == patient.id, model.id.in_(ids))
    return session.scalars(select(model).where(*mine).order_by(model.id)).all()


def _shown(row: Any, columns: Collection[str]) -> dict[str, Any]:
    return {"id": str(row.id), **{name: _plain(getattr(row, name)) for name in columns}}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, UUID) else value
