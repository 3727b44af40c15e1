"""Tables, one file per aggregate: columns, keys, constraints; no behaviour."""

from app.models.alert import Alert
from app.models.audit_event import AuditEvent
from app.models.base import Base
from app.models.billing_entry import BillingEntry
from app.models.care_order import CareOrder
from app.models.consent import Consent, ConsentDocument, ConsentDocumentChunk
from app.models.enrollment import Enrollment
from app.models.idempotency_key import IdempotencyKey
from app.models.observation import Observation
from app.models.patient import Patient, PatientSearchToken
from app.models.practice import EmrConnection, Practice, PracticeKey, PracticeThresholds, SystemKey
from app.models.session import ConsoleSession, RefreshToken, TokenFamily
from app.models.triage import TriageSummary, TriageTransition
from app.models.user import LoginAttempt, User

__all__ = [
    "Alert",
    "AuditEvent",
    "Base",
    "BillingEntry",
    "CareOrder",
    "Consent",
    "ConsentDocument",
    "ConsentDocumentChunk",
    "ConsoleSession",
    "EmrConnection",
    "Enrollment",
    "IdempotencyKey",
    "LoginAttempt",
    "Observation",
    "Patient",
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
