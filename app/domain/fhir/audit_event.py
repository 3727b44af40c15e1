"""Audit events as FHIR R4 AuditEvents in the shape of IHE's Basic Audit Log Patterns (BALP 1.1).

Source: https://profiles.ihe.net/ITI/BALP/ . A profile is claimed only where everything it demands is known; searches
never claim one, because their text is not stored.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.domain.audit import Outcome, Who

_BALP = "https://profiles.ihe.net/ITI/BALP"
_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_EVENT_TYPE = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_INTERACTION = "http://hl7.org/fhir/restful-interaction"
_ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ENTITY_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_SOURCE_TYPE = "http://terminology.hl7.org/CodeSystem/security-source-type"
_OUTCOMES = {Outcome.SUCCESS: "0", Outcome.REFUSED: "4", Outcome.FAILED: "8"}
_IP_ADDRESS = "2"  # http://hl7.org/fhir/network-type

# Our verbs: FHIR's action, its interaction, and the profile's name where one fits.
_VERBS = {
    "create": ("C", "create", "Create"),
    "read": ("R", "read", "Read"),
    "update": ("U", "update", "Update"),
    "archive": ("U", "update", "Update"),
    "unarchive": ("U", "update", "Update"),
    "delete": ("D", "delete", "Delete"),
    "list": ("E", "search-type", None),
    "search": ("E", "search-type", None),
}
_OTHER = ("E", "operation", None)
_LOGINS = {"login": ("110122", "Login"), "logout": ("110123", "Logout")}


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """One event with the person who acted, where there was one."""

    id: int
    at: datetime
    who: Who | None
    user_id: int | None
    action: str
    resource_type: str
    resource_id: str | None
    patient_id: UUID | None
    subject_ids: tuple[UUID, ...]
    outcome: Outcome
    ip: str | None
    request_id: str | None
    reason: str | None
    break_glass_id: UUID | None


def audit_event(facts: AuditFacts) -> dict[str, Any]:
    """Return the AuditEvent."""
    verb = facts.action.rpartition(":")[2]
    action, interaction, profile = _VERBS.get(verb, _OTHER)
    agents = _agents(facts)
    resource: dict[str, Any] = {"resourceType": "AuditEvent", "id": str(facts.id)}
    if profile and facts.user_id is not None and facts.ip and (facts.patient_id or facts.resource_id):
        patient = "Patient" if facts.patient_id else ""
        resource["meta"] = {"profile": [f"{_BALP}/StructureDefinition/IHE.BasicAudit.{patient}{profile}"]}
    kind = _kind(verb, interaction, facts)
    resource |= {
        **kind,
        "action": action,
        "recorded": facts.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "outcome": _OUTCOMES[facts.outcome],
        "agent": agents,
        "source": {"observer": {"display": "Vantrexia"}, "type": [_coding(_SOURCE_TYPE, "4", "Application Server")]},
    }
    if facts.reason:
        resource["outcomeDesc"] = facts.reason
    if facts.break_glass_id:
        resource["purposeOfEvent"] = [{"coding": [_coding(_REASON, "BTG", "break the glass")]}]
    entities = _entities(facts)
    return resource | ({"entity": entities} if entities else {})


def _kind(verb: str, interaction: str, facts: AuditFacts) -> dict[str, Any]:
    if facts.resource_type == "session":
        code, display = _LOGINS.get(verb, _LOGINS["login"])
        return {
            "type": _coding(_DICOM, "110114", "User Authentication"),
            "subtype": [_coding(_DICOM, code, display)],
        }
    return {
        "type": _coding(_EVENT_TYPE, "rest", "RESTful Operation"),
        "subtype": [_coding(_INTERACTION, interaction, interaction), {"display": facts.action}],
    }


def _agents(facts: AuditFacts) -> list[dict[str, Any]]:
    server = {
        "type": {"coding": [_coding(_DICOM, "110152", "Destination Role ID")]},
        "who": {"display": "Vantrexia"},
        "requestor": False,
    }
    agents: list[dict[str, Any]] = []
    if facts.ip:
        agents.append({
            "type": {"coding": [_coding(_DICOM, "110153", "Source Role ID")]},
            "who": {"display": facts.ip},
            "requestor": False,
            "network": {"address": facts.ip, "type": _IP_ADDRESS},
        })  # fmt: skip
    agents.append(server)
    if facts.user_id is not None:
        name = {"display": facts.who.name} if facts.who else {}
        agents.append({
            "type": {"coding": [_coding(_PARTICIPATION, "IRCP", "information recipient")]},
            "who": {"identifier": {"value": str(facts.user_id)}, **name},
            "requestor": True,
        })  # fmt: skip
    return agents


def _entities(facts: AuditFacts) -> list[dict[str, Any]]:
    entities = [_entity(f"Patient/{patient}", "1", "Person", "1", "Patient") for patient in _patients(facts)]
    if facts.resource_id and facts.resource_type != "patient":
        entities.append({
            "what": {"identifier": {"value": facts.resource_id}, "display": facts.resource_type},
            "type": _coding(_ENTITY_TYPE, "2", "System Object"),
            "role": _coding(_ENTITY_ROLE, "4", "Domain Resource"),
        })  # fmt: skip
    if facts.request_id:
        entities.append({
            "what": {"identifier": {"value": facts.request_id}},
            "type": _coding(f"{_BALP}/CodeSystem/BasicAuditEntityType", "XrequestId", "X-Request-Id"),
        })  # fmt: skip
    return entities


def _patients(facts: AuditFacts) -> list[UUID]:
    return list(dict.fromkeys([*([facts.patient_id] if facts.patient_id else []), *facts.subject_ids]))


def _entity(reference: str, kind: str, kind_name: str, role: str, role_name: str) -> dict[str, Any]:
    return {
        "what": {"reference": reference},
        "type": _coding(_ENTITY_TYPE, kind, kind_name),
        "role": _coding(_ENTITY_ROLE, role, role_name),
    }


def _coding(system: str, code: str, display: str) -> dict[str, str]:
    return {"system": system, "code": code, "display": display}
