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
    READ_PATIENTS = "patients:read"
    WRITE_PATIENTS = "patients:write"
    EXPORT_PATIENTS = "patients:export"
    MANAGE_INTEGRATIONS = "integrations:manage"
    SUBMIT_READINGS = "readings:submit"
    READ_OBSERVATIONS = "observations:read"
    READ_TRIAGE = "triage:read"
    ACKNOWLEDGE_ALERTS = "alerts:acknowledge"
    READ_BILLING = "billing:read"
    WRITE_BILLING = "billing:write"
    READ_FHIR = "fhir:read"
    READ_AUDIT = "audit:read"
    USE_CONSOLE = "console:use"


_STAFF = frozenset(Role) - {Role.PATIENT}
_CARE_TEAM = frozenset({Role.CLINICAL_MANAGER, Role.PROVIDER, Role.NURSE, Role.MA})
_MONITORS = _CARE_TEAM | {Role.ADMIN, Role.DATA_MONITOR}

GRANTS: dict[Permission, frozenset[Role]] = {
    Permission.SIGNED_IN: frozenset(Role),
    Permission.READ_PATIENTS: frozenset(Role),
    Permission.WRITE_PATIENTS: _CARE_TEAM | {Role.ADMIN},
    Permission.EXPORT_PATIENTS: frozenset({Role.ADMIN, Role.CLINICAL_MANAGER}),  # everybody's data at once
    Permission.MANAGE_INTEGRATIONS: frozenset({Role.ADMIN}),
    Permission.SUBMIT_READINGS: _MONITORS | {Role.PATIENT},
    Permission.READ_OBSERVATIONS: _MONITORS | {Role.PATIENT},
    Permission.READ_TRIAGE: _MONITORS,
    Permission.ACKNOWLEDGE_ALERTS: _CARE_TEAM,
    Permission.READ_BILLING: frozenset({Role.ADMIN, Role.CLINICAL_MANAGER, Role.PROVIDER, Role.BILLING_MANAGER}),
    Permission.WRITE_BILLING: frozenset({Role.ADMIN, Role.BILLING_MANAGER}),
    Permission.READ_FHIR: _MONITORS | {Role.PATIENT},
    Permission.READ_AUDIT: frozenset({Role.ADMIN}),
    Permission.USE_CONSOLE: _STAFF,
}


def is_granted(role: Role, permission: Permission) -> bool:
    """Say whether the role holds the permission."""
    return role in GRANTS[permission]
