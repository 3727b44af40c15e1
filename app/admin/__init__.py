"""The console: HTML pages over the services and schemas of the API; no session, no model, no rule of its own."""

from app.admin import (
    account,
    alerts,
    audit,
    auth,
    break_glass,
    device_custody,
    devices,
    emr,
    forgery,
    gateways,
    imports,
    inbox,
    integrations,
    passwords,
    patient_consents,
    patient_enrollments,
    patient_forms,
    patient_orders,
    patient_programs,
    patient_status,
    patient_timeline,
    patient_vitals,
    patients,
    record_texts,
    roles,
    second_factor,
    sessions,
    texts,
    triage,
    user_actions,
    users,
)
from app.admin.base import console

__all__ = [
    "account", "alerts", "audit", "auth", "break_glass", "console", "device_custody", "devices", "emr", "forgery",
    "gateways", "imports", "inbox", "integrations", "passwords", "patient_consents", "patient_enrollments",
    "patient_forms",
    "patient_orders", "patient_programs", "patient_status", "patient_timeline", "patient_vitals", "patients",
    "record_texts", "roles", "second_factor", "sessions", "texts", "triage", "user_actions", "users",
]  # fmt: skip
