"""The role matrix (S28): as the contract has it, and as every operation obeys it."""

import re

from flask import Flask
from flask.testing import FlaskClient

from app.domain.roles import GRANTS, Permission, Role
from tests.attack.operations import Operation
from tests.attack.world import World, bearer, visit, visitor

# §1 of the API contract, word for word.
MATRIX = """
| permission area | admin | clinical_manager | provider | nurse | ma | data_monitor | billing_manager | patient |
|---|---|---|---|---|---|---|---|---|
| users, roles, practice settings, integrations | rw | - | - | - | - | - | - | - |
| patients (demographics, consent, enrolment) | rw | rw | rw | rw | rw | r | r | own r |
| devices | rw | rw | rw | rw | rw | r | - | own r |
| submit readings | yes | yes | yes | yes | yes | yes | - | own |
| observations | r | r | r | r | r | r | counts and days only | own r |
| thresholds | - | rw | rw | r | r | r | - | own r |
| alerts, escalations, reviews | r | rw | rw | rw | ack | r | - | - |
| time logs | r | rw | rw own | rw own | rw own | - | r | - |
| billing, claims, remittance | rw | r | r | - | - | - | rw | - |
| FHIR read / write | r | rw | rw | rw | r | r | - | own r |
| audit log | r | clinical part | - | - | - | - | - | own access report |
"""
READ, WRITE = r"(own )?rw?\b.*", r"(own )?rw\b.*"
# Which cells of an area hold a permission. A new permission belongs here, in its area, or in OURS.
AREAS: dict[str, dict[str, str]] = {
    "users, roles, practice settings, integrations": {
        "users:read": READ,
        "users:write": WRITE,
        "integrations:manage": WRITE,
    },
    "patients (demographics, consent, enrolment)": {"patients:read": READ, "patients:write": WRITE},
    "devices": {"devices:read": READ, "devices:write": WRITE},
    "submit readings": {"readings:submit": "yes|own"},
    "observations": {"observations:read": READ, "observations:days": r"(own )?r|counts and days only"},
    "time logs": {
        "time_logs:read": READ,
        "time_logs:read_all": "rw?",
        "time_logs:write": WRITE,
        "time_logs:write_all": "rw",
    },
    "thresholds": {"thresholds:read": READ, "thresholds:read_practice": "rw|r", "thresholds:write": WRITE},
    "alerts, escalations, reviews": {
        "triage:read": f"{READ}|ack",
        "alerts:acknowledge": f"{WRITE}|ack",
        "scores:override": WRITE,
        "triage:write": WRITE,
    },
    "billing, claims, remittance": {"billing:read": READ, "billing:write": WRITE},
    "FHIR read / write": {"fhir:read": READ, "fhir:write": WRITE},
    "audit log": {"audit:read": "r", "access_log:read": "r|clinical part|own access report"},
}
_STAFF = set(Role) - {Role.PATIENT}
_CARE_TEAM = {Role.CLINICAL_MANAGER, Role.PROVIDER, Role.NURSE, Role.MA}
OURS = {
    "signed_in": set(Role),
    "account:own": set(Role),
    "console:use": _STAFF,
    "emergency:break_glass": _STAFF,
    "inbox:read": _CARE_TEAM | {Role.ADMIN},
    "patients:merge": {Role.ADMIN, Role.CLINICAL_MANAGER},
    "patients:export": {Role.ADMIN, Role.CLINICAL_MANAGER},
    "notes:read": _CARE_TEAM | {Role.ADMIN, Role.DATA_MONITOR},
    "notes:write": _CARE_TEAM,
    "calls:read": _CARE_TEAM | {Role.ADMIN, Role.DATA_MONITOR},
    "calls:write": _CARE_TEAM,
    "on_call:write": {Role.ADMIN, Role.CLINICAL_MANAGER},
    "readings:void": _CARE_TEAM,
    "readings:decide": {Role.CLINICAL_MANAGER, Role.PROVIDER, Role.NURSE},
}


READING_POSTS = {
    "billing_evidence.BillingEvidence",
    "billing_simulations.BillingSimulation",
}  # operations that take a body but only look, such as a preview


def _expected() -> dict[str, set[Role]]:
    head, _, *lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in MATRIX.strip().splitlines()]
    expected: dict[str, set[Role]] = dict(OURS)
    for area, *cells in lines:
        for permission, pattern in AREAS[area].items():
            holders = {Role(role) for role, cell in zip(head[1:], cells, strict=True) if re.fullmatch(pattern, cell)}
            expected[permission] = holders
    return expected


def test_s28_the_grants_are_those_of_the_contract() -> None:
    """Cell by cell; a permission that is in no area is named here."""
    expected = _expected()
    assert [f"add to AREAS or OURS: {permission}" for permission in Permission if permission not in expected] == []
    assert {permission: set(GRANTS[permission]) for permission in Permission} == {
        permission: expected[permission] for permission in Permission
    }


def test_s28_every_operation_lets_in_the_roles_of_the_table_and_nobody_else(
    client: FlaskClient, operations: list[Operation], home: World
) -> None:
    """Every operation, every role; an empty body, so that being let in is all that happens."""
    wrong = []
    for operation in operations:
        if operation.permission is None:
            continue
        for role in Role:
            answer = client.open(
                operation.path({}), method=operation.method, json={}, headers=bearer(home.person(role))
            )
            refused = answer.status_code == 403 and answer.json["code"] == "permission_denied"
            if answer.status_code in {401, 500} or refused is (role in operation.roles):
                wrong.append((operation.name, role.value, answer.status_code))
    assert wrong == []


def test_s28_no_operation_that_writes_asks_for_a_permission_to_read(operations: list[Operation]) -> None:
    """A matrix can only be right when each operation asks for the right thing; READING_POSTS are the exceptions."""
    loose = {one.endpoint for one in operations if one.writes and str(one.permission).endswith(":read")}
    assert loose == READING_POSTS


def test_s28_an_anonymous_caller_is_let_into_nothing_that_asks_for_a_permission(
    client: FlaskClient, operations: list[Operation]
) -> None:
    """401, not even with a well-formed path of nobody's."""
    locked = [one for one in operations if one.permission is not None]
    answers = {one.name: client.open(one.path({}), method=one.method, json={}).status_code for one in locked}
    assert answers == dict.fromkeys(answers, 401)


def test_s28_every_page_of_the_console_lets_in_the_roles_of_the_table(app: Flask, pages: list[Operation]) -> None:
    """Who may not is refused, or led to a page of theirs; in a practice that asks a second factor of nobody."""
    wrong, home = [], World("Matrix")
    for page in (one for one in pages if one.permission is not None):
        for role in Role:
            answer = visit(visitor(app, home.person(role)), page, {})
            is_in = role in page.roles and role in GRANTS[Permission.USE_CONSOLE]
            led_away = answer.status_code == 302 and page.method == "GET"
            if (answer.status_code == 403 or led_away) is is_in or "/admin/login?" in answer.headers.get(
                "Location", ""
            ):
                wrong.append((page.name, role.value, answer.status_code))
    assert wrong == []


def test_s28_an_anonymous_visitor_is_led_to_the_login(client: FlaskClient, pages: list[Operation]) -> None:
    """From every page."""
    locked = [one for one in pages if one.permission is not None]
    led_to = {one.name: client.open(one.path({}), method=one.method).headers.get("Location", "") for one in locked}
    assert {name: place for name, place in led_to.items() if not place.startswith("/admin/login")} == {}
