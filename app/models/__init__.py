"""Tables, one file per aggregate: columns, keys, constraints; no behaviour."""

from app.models.alert import Alert
from app.models.audit_event import AuditEvent
from app.models.audit_seal import AuditGeneration, AuditSeal, AuditSealRoot
from app.models.base import Base
from app.models.billing_entry import BillingEntry
from app.models.break_glass import BreakGlassEpisode
from app.models.care_order import CareOrder
from app.models.consent import Consent, ConsentDocument, ConsentDocumentChunk
from app.models.credential import PasswordToken, RecoveryCode
from app.models.device import Device, DeviceAssignment, DeviceContact, DeviceEvent, DeviceIdentifier
from app.models.enrollment import Enrollment
from app.models.gateway import GatewayIntegration
from app.models.idempotency_key import IdempotencyKey
from app.models.inbox import InboxItem, InboxReplay, WebhookDelivery
from app.models.mail import OutgoingMail
from app.models.note import PatientNote
from app.models.observation import Observation
from app.models.patient import Patient, PatientPayer, PatientSearchToken, PatientStatusChange
from app.models.patient_import import PatientImport, PatientImportError, PatientImportPiece
from app.models.patient_merge import PatientMerge
from app.models.practice import EmrConnection, Practice, PracticeKey, PracticeThresholds, SystemKey
from app.models.session import ConsoleSession, RefreshToken, TokenFamily
from app.models.triage import TriageSummary, TriageTransition
from app.models.user import LoginAttempt, User

__all__ = [
    "Alert",
    "AuditEvent",
    "AuditGeneration",
    "AuditSeal",
    "AuditSealRoot",
    "Base",
    "BillingEntry",
    "BreakGlassEpisode",
    "CareOrder",
    "Consent",
    "ConsentDocument",
    "ConsentDocumentChunk",
    "ConsoleSession",
    "Device",
    "DeviceAssignment",
    "DeviceContact",
    "DeviceEvent",
    "DeviceIdentifier",
    "EmrConnection",
    "Enrollment",
    "GatewayIntegration",
    "IdempotencyKey",
    "InboxItem",
    "InboxReplay",
    "LoginAttempt",
    "Observation",
    "OutgoingMail",
    "PasswordToken",
    "Patient",
    "PatientImport",
    "PatientImportError",
    "PatientImportPiece",
    "PatientMerge",
    "PatientNote",
    "PatientPayer",
    "PatientSearchToken",
    "PatientStatusChange",
    "Practice",
    "PracticeKey",
    "PracticeThresholds",
    "RecoveryCode",
    "RefreshToken",
    "SystemKey",
    "TokenFamily",
    "TriageSummary",
    "TriageTransition",
    "User",
    "WebhookDelivery",
]
