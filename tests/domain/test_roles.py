"""The role table."""

import pytest

from app.domain.roles import GRANTS, Permission, Role, is_granted


def test_every_permission_has_a_line() -> None:
    """None is forgotten, none is unknown."""
    assert set(GRANTS) == set(Permission)


@pytest.mark.parametrize(
    ("role", "permission", "granted"),
    [
        (Role.PATIENT, Permission.READ_PATIENTS, True),
        (Role.PATIENT, Permission.READ_TRIAGE, False),
        (Role.PATIENT, Permission.USE_CONSOLE, False),
        (Role.DATA_MONITOR, Permission.WRITE_PATIENTS, False),
        (Role.DATA_MONITOR, Permission.READ_DEVICES, True),
        (Role.DATA_MONITOR, Permission.WRITE_DEVICES, False),
        (Role.MA, Permission.WRITE_DEVICES, True),
        (Role.PATIENT, Permission.READ_DEVICES, True),
        (Role.BILLING_MANAGER, Permission.READ_DEVICES, False),
        (Role.DATA_MONITOR, Permission.SUBMIT_READINGS, True),
        (Role.BILLING_MANAGER, Permission.SUBMIT_READINGS, False),
        (Role.BILLING_MANAGER, Permission.WRITE_BILLING, True),
        (Role.PROVIDER, Permission.WRITE_BILLING, False),
        (Role.PROVIDER, Permission.READ_BILLING, True),
        (Role.ADMIN, Permission.ACKNOWLEDGE_ALERTS, False),
        (Role.NURSE, Permission.READ_BILLING, False),
        (Role.CLINICAL_MANAGER, Permission.MERGE_PATIENTS, True),
        (Role.PROVIDER, Permission.MERGE_PATIENTS, False),
        (Role.BILLING_MANAGER, Permission.READ_NOTES, False),
        (Role.DATA_MONITOR, Permission.READ_NOTES, True),
        (Role.DATA_MONITOR, Permission.WRITE_NOTES, False),
        (Role.ADMIN, Permission.WRITE_NOTES, False),
    ],
)
def test_the_contracts_matrix(role: Role, permission: Permission, granted: bool) -> None:
    """Cells where a mistake would hurt."""
    assert is_granted(role, permission) is granted
