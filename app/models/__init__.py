"""Tables, one file per aggregate: columns, keys, constraints; no behaviour."""

from app.models.alert import Alert
from app.models.audit_event import AuditEvent
from app.models.base import Base
from app.models.billing_entry import BillingEntry
from app.models.idempotency_key import IdempotencyKey
from app.models.observation import Observation
from app.models.patient import Patient, PatientSearchToken
from app.models.patient_import import PatientImport, PatientImportError, PatientImportPiece
from app.models.practice import EmrConnection, Practice, PracticeKey, PracticeThresholds, SystemKey
from app.models.session import ConsoleSession, RefreshToken, TokenFamily
from app.models.triage import TriageSummary, TriageTransition
from app.models.user import LoginAttempt, User

__all__ = [
    "Alert",
    "AuditEvent",
    "Base",
    "BillingEntry",
    "ConsoleSession",
    "EmrConnection",
    "IdempotencyKey",
    "LoginAttempt",
    "Observation",
    "Patient",
    "PatientImport",
    "PatientImportError",
    "PatientImportPiece",
    "PatientSearchToken",
    "Practice",
    "PracticeKey",
    "PracticeThresholds",
    "RefreshToken",
    "SystemKey",
    "TokenFamily",
    "TriageSummary",
    "TriageTransition",
    "User",
]
