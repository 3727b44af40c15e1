"""Tables, one file per aggregate: columns, keys, constraints; no behaviour."""

from app.models.alert import Alert, AlertOccurrence
from app.models.audit_event import AuditEvent
from app.models.audit_seal import AuditGeneration, AuditSeal, AuditSealRoot
from app.models.base import Base
from app.models.billing_book import (
    BillingCircumstance,
    BillingPayer,
    BillingPeriod,
    BillingPolicy,
    FeeRow,
    FeeScheduleRow,
)
from app.models.billing_entry import BillingEntry, BillingEntryChange, BillingImpact
from app.models.break_glass import BreakGlassEpisode
from app.models.call import PatientCall
from app.models.care_order import CareOrder
from app.models.consent import Consent, ConsentDocument, ConsentDocumentChunk
from app.models.credential import PasswordToken, RecoveryCode
from app.models.device import Device, DeviceAssignment, DeviceContact, DeviceEvent, DeviceIdentifier
from app.models.enrollment import Enrollment
from app.models.escalation import Escalation
from app.models.gateway import GatewayAccount, GatewayIntegration
from app.models.idempotency_key import IdempotencyKey
from app.models.inbox import InboxItem, InboxReplay, WebhookDelivery
from app.models.mail import OutgoingMail
from app.models.note import PatientNote
from app.models.notification import (
    Notification,
    NotificationDelivery,
    NotificationPreferences,
    NotificationProvider,
    PushToken,
)
from app.models.observation import Observation
from app.models.on_call import OnCallShift, TriageSettings
from app.models.patient import Patient, PatientPayer, PatientSearchToken, PatientStatusChange
from app.models.patient_import import PatientImport, PatientImportError, PatientImportPiece
from app.models.patient_merge import PatientMerge
from app.models.practice import EmrConnection, Practice, PracticeKey, SystemKey
from app.models.review import TriageDecision, TriageReview
from app.models.session import ConsoleSession, RefreshToken, TokenFamily
from app.models.thresholds import (
    PatientThresholds,
    PracticeThresholds,
    ScoreOverrideRow,
    ShownScore,
    ThresholdVersion,
)
from app.models.time_log import TimeLog, TimeLogRevision, Timer, TimerStretch
from app.models.triage import TriageCount, TriageSummary, TriageTransition
from app.models.user import LoginAttempt, User

__all__ = [
    "Alert",
    "AlertOccurrence",
    "AuditEvent",
    "AuditGeneration",
    "AuditSeal",
    "AuditSealRoot",
    "Base",
    "BillingCircumstance",
    "BillingEntry",
    "BillingEntryChange",
    "BillingImpact",
    "BillingPayer",
    "BillingPeriod",
    "BillingPolicy",
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
    "Escalation",
    "FeeRow",
    "FeeScheduleRow",
    "GatewayAccount",
    "GatewayIntegration",
    "IdempotencyKey",
    "InboxItem",
    "InboxReplay",
    "LoginAttempt",
    "Notification",
    "NotificationDelivery",
    "NotificationPreferences",
    "NotificationProvider",
    "Observation",
    "OnCallShift",
    "OutgoingMail",
    "PasswordToken",
    "Patient",
    "PatientCall",
    "PatientImport",
    "PatientImportError",
    "PatientImportPiece",
    "PatientMerge",
    "PatientNote",
    "PatientPayer",
    "PatientSearchToken",
    "PatientStatusChange",
    "PatientThresholds",
    "Practice",
    "PracticeKey",
    "PracticeThresholds",
    "PushToken",
    "RecoveryCode",
    "RefreshToken",
    "ScoreOverrideRow",
    "ShownScore",
    "SystemKey",
    "ThresholdVersion",
    "TimeLog",
    "TimeLogRevision",
    "Timer",
    "TimerStretch",
    "TokenFamily",
    "TriageCount",
    "TriageDecision",
    "TriageReview",
    "TriageSettings",
    "TriageSummary",
    "TriageTransition",
    "User",
    "WebhookDelivery",
]
