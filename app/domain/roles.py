"""The role table: who may do what. The API, the console and the docs all read it from here.

Source: the role matrix of the product's API contract (§1); `billing_manager` is ours.
"""

from enum import StrEnum


class Role(StrEnum):
    """What a person is to the practice."""

    ADMIN = "admin"
    CLINICAL_MANAGER = "clinical_manager"
    PROVIDER = "provider"
    NURSE = "nurse"
    MA = "ma"
    DATA_MONITOR = "data_monitor"
    BILLING_MANAGER = "billing_manager"
    PATIENT = "patient"


class Permission(StrEnum):
    """One thing a route may ask for."""

    SIGNED_IN = "signed_in"
    OWN_ACCOUNT = "account:own"  # the only one before a second factor that must be set up is set up
    READ_USERS = "users:read"
    WRITE_USERS = "users:write"
    READ_PATIENTS = "patients:read"
    WRITE_PATIENTS = "patients:write"
    READ_DEVICES = "devices:read"
    WRITE_DEVICES = "devices:write"
    MERGE_PATIENTS = "patients:merge"
    READ_NOTES = "notes:read"
    WRITE_NOTES = "notes:write"
    READ_CALLS = "calls:read"
    WRITE_CALLS = "calls:write"
    EXPORT_PATIENTS = "patients:export"
    MANAGE_INTEGRATIONS = "integrations:manage"
    READ_INBOX = "inbox:read"
    SUBMIT_READINGS = "readings:submit"
    READ_OBSERVATIONS = "observations:read"
    READ_DAYS = "observations:days"  # on which days there was data, and never what was measured
    VOID_READINGS = "readings:void"  # and correct them
    DECIDE_READINGS = "readings:decide"  # on those that wait in quarantine
    READ_TRIAGE = "triage:read"
    ACKNOWLEDGE_ALERTS = "alerts:acknowledge"
    READ_TIME_LOGS = "time_logs:read"  # one's own; all of the practice's with the next
    READ_ALL_TIME_LOGS = "time_logs:read_all"
    WRITE_TIME_LOGS = "time_logs:write"  # one's own; anybody's with the next
    WRITE_ALL_TIME_LOGS = "time_logs:write_all"
    READ_THRESHOLDS = "thresholds:read"
    READ_PRACTICE_THRESHOLDS = "thresholds:read_practice"
    WRITE_THRESHOLDS = "thresholds:write"
    OVERRIDE_SCORES = "scores:override"
    WRITE_TRIAGE = "triage:write"
    SET_ON_CALL = "on_call:write"
    READ_BILLING = "billing:read"
    WRITE_BILLING = "billing:write"
    READ_FHIR = "fhir:read"
    READ_AUDIT = "audit:read"
    READ_ACCESS_LOG = "access_log:read"
    USE_CONSOLE = "console:use"
    BREAK_GLASS = "emergency:break_glass"


_STAFF = frozenset(Role) - {Role.PATIENT}
_CARE_TEAM = frozenset({Role.CLINICAL_MANAGER, Role.PROVIDER, Role.NURSE, Role.MA})
_MONITORS = _CARE_TEAM | {Role.ADMIN, Role.DATA_MONITOR}

GRANTS: dict[Permission, frozenset[Role]] = {
    Permission.SIGNED_IN: frozenset(Role),
    Permission.OWN_ACCOUNT: frozenset(Role),
    Permission.READ_USERS: frozenset({Role.ADMIN}),
    Permission.WRITE_USERS: frozenset({Role.ADMIN}),
    Permission.READ_PATIENTS: frozenset(Role),
    Permission.WRITE_PATIENTS: _CARE_TEAM | {Role.ADMIN},
    Permission.READ_DEVICES: _MONITORS | {Role.PATIENT},
    Permission.WRITE_DEVICES: _CARE_TEAM | {Role.ADMIN},
    Permission.MERGE_PATIENTS: frozenset({Role.ADMIN, Role.CLINICAL_MANAGER}),
    Permission.READ_NOTES: _MONITORS,
    Permission.WRITE_NOTES: _CARE_TEAM,
    Permission.READ_CALLS: _MONITORS,
    Permission.WRITE_CALLS: _CARE_TEAM,  # whose minutes are logged
    Permission.EXPORT_PATIENTS: frozenset({Role.ADMIN, Role.CLINICAL_MANAGER}),  # everybody's data at once
    Permission.MANAGE_INTEGRATIONS: frozenset({Role.ADMIN}),
    Permission.READ_INBOX: _CARE_TEAM | {Role.ADMIN},  # who may give a device to a patient sees what came from it
    Permission.SUBMIT_READINGS: _MONITORS | {Role.PATIENT},
    Permission.READ_OBSERVATIONS: _MONITORS | {Role.PATIENT},
    Permission.READ_DAYS: _MONITORS | {Role.PATIENT, Role.BILLING_MANAGER},
    Permission.VOID_READINGS: _CARE_TEAM,
    Permission.DECIDE_READINGS: frozenset({Role.CLINICAL_MANAGER, Role.PROVIDER, Role.NURSE}),
    Permission.READ_TRIAGE: _MONITORS,
    Permission.ACKNOWLEDGE_ALERTS: _CARE_TEAM,
    Permission.READ_TIME_LOGS: _CARE_TEAM | {Role.ADMIN, Role.BILLING_MANAGER},
    Permission.READ_ALL_TIME_LOGS: frozenset({Role.ADMIN, Role.CLINICAL_MANAGER, Role.BILLING_MANAGER}),
    Permission.WRITE_TIME_LOGS: _CARE_TEAM,
    Permission.WRITE_ALL_TIME_LOGS: frozenset({Role.CLINICAL_MANAGER}),
    Permission.READ_THRESHOLDS: _CARE_TEAM | {Role.DATA_MONITOR, Role.PATIENT},
    Permission.READ_PRACTICE_THRESHOLDS: _CARE_TEAM | {Role.DATA_MONITOR},
    Permission.WRITE_THRESHOLDS: frozenset({Role.CLINICAL_MANAGER, Role.PROVIDER}),
    Permission.OVERRIDE_SCORES: _CARE_TEAM - {Role.MA},
    Permission.WRITE_TRIAGE: _CARE_TEAM - {Role.MA},
    Permission.SET_ON_CALL: frozenset({Role.ADMIN, Role.CLINICAL_MANAGER}),  # how the practice is run
    Permission.READ_BILLING: frozenset({Role.ADMIN, Role.CLINICAL_MANAGER, Role.PROVIDER, Role.BILLING_MANAGER}),
    Permission.WRITE_BILLING: frozenset({Role.ADMIN, Role.BILLING_MANAGER}),
    Permission.READ_FHIR: _MONITORS | {Role.PATIENT},
    Permission.READ_AUDIT: frozenset({Role.ADMIN}),
    Permission.READ_ACCESS_LOG: frozenset({Role.ADMIN, Role.CLINICAL_MANAGER, Role.PATIENT}),
    Permission.USE_CONSOLE: _STAFF,
    Permission.BREAK_GLASS: _STAFF,
}

# What staff whose role lacks it may do while they have broken the glass: look, so as to help. Nothing is changed under
# it, and it never reaches billing, accounts or the audit trail. Source: 45 CFR 164.312(a)(2)(ii).
EMERGENCY_GRANTS = frozenset(
    {Permission.READ_PATIENTS, Permission.READ_OBSERVATIONS, Permission.READ_TRIAGE, Permission.READ_FHIR}
)


def is_granted(role: Role, permission: Permission) -> bool:
    """Say whether the role holds the permission."""
    return role in GRANTS[permission]
