"""Finding patients in the practice's medical record system and taking them over, each only once."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.audit import events
from app.crypto.blind_index import blind_index
from app.domain.actor import Actor
from app.domain.emr import EmrMatch, EmrOrder, EmrOutcome, EmrPage, EmrQuery, FieldChange
from app.domain.errors import Conflict, StaleVersion, ValidationFailed
from app.domain.fhir.patient import EmrPatient, patient_from_fhir
from app.domain.imports import ReadRow
from app.domain.patient_columns import REQUIRED
from app.domain.patients import Address, NewPatient
from app.domain.search import compact
from app.domain.text import is_storable
from app.integrations.fhir_client import Asked, FhirClient
from app.models import Patient
from app.services.emr.connection import access_of
from app.services.patients.changes import changes_of
from app.services.patients.duplicates import find_duplicates
from app.services.patients.records import create_patient, update_patient
from app.services.transaction import now, transaction

_LOOK_FIRST = "Ask for a preview first and confirm it: a record would be overwritten, or the patient is marked."

_NO_CURSOR = "Not a cursor of a page before."


@dataclass(frozen=True, slots=True)
class _Ours:
    """Our record of a patient of theirs; a survivor is one into which the record that they mean was merged."""

    patient: Patient
    is_survivor: bool


def search_emr(actor: Actor, query: EmrQuery) -> EmrPage:
    """Return a page of patients found there; raises EmrNotConfigured, EmrUnavailable, ValidationFailed."""
    asked = _unfolded(query.cursor) if query.cursor else _asked(query)
    found = FhirClient(access_of(actor)).search_patients(asked)
    people = [patient_from_fhir(one, now().date()) for one in found.resources]
    with transaction() as session:
        ours = _ours(session, actor, people)
        matches = [
            EmrMatch(one, ours[one.external_id].patient.id if one.external_id in ours else None) for one in people
        ]
        subjects = [match.patient_id for match in matches if match.patient_id]
        events.record(session, "emr:search", "emr_patient", subject_ids=subjects)
    return EmrPage(matches, found.total, _folded(found.following))


def import_from_emr(actor: Actor, order: EmrOrder, read: ReadRow) -> EmrOutcome:
    """Take a patient over, or with `preview` say what that would change.

    A patient is known by external id, else by record number, also where that record was merged into another one, which
    then keeps its own. Raises Conflict when a record would be overwritten, or a deceased, merged or inactive patient
    taken over, without the token of a preview; PossibleDuplicate when a new one looks like somebody we know, unless the
    order says otherwise; StaleVersion when either side changed since; ValidationFailed when what we need is missing.
    """
    theirs = patient_from_fhir(FhirClient(access_of(actor)).read_patient(order.external_id), now().date())
    theirs = replace(theirs, external_id=order.external_id)
    body, new, left_out = _readable({**theirs.fields, "external_id": theirs.external_id}, read)
    with transaction() as session:
        _one_at_a_time(session, actor, theirs)
        found = _ours(session, actor, [theirs]).get(theirs.external_id)
        ours, changes = found.patient if found else None, _changes(found, body, new)
        confirm = _token(actor, ours, changes)
        alike = find_duplicates(session, actor.practice_id, new) if order.preview and not ours else []
        shown = EmrOutcome("preview", ours, _shown(ours, changes), confirm, theirs.warnings, left_out, alike)
        _record_read(session, theirs, shown)
        if order.preview:
            return shown
        if ours and not changes:
            return replace(shown, status="unchanged", confirm=None)
        if ours or theirs.warnings or order.confirm is not None:
            _require_seen(order, confirm)
        return _taken_over(actor, ours, replace(new, allow_duplicate=order.allow_duplicate), changes, shown)


def _changes(found: _Ours | None, body: dict[str, Any], new: NewPatient) -> dict[str, Any]:
    """Return what differs; a record in which theirs was merged keeps its own number and external id."""
    if found is None:
        return {name: getattr(new, name) for name in body}
    changes = changes_of(found.patient, body, new)
    kept = {"mrn", "external_id"} if found.is_survivor else set()
    return {name: value for name, value in changes.items() if name not in kept}


def _record_read(session: Session, theirs: EmrPatient, shown: EmrOutcome) -> None:
    subjects = [candidate.id for candidate in shown.candidates]
    patient_id = shown.patient.id if shown.patient else None
    events.record(
        session, "emr:read", "emr_patient", resource_id=theirs.external_id, patient_id=patient_id,
        subject_ids=subjects or None,
    )  # fmt: skip


def _taken_over(
    actor: Actor, ours: Patient | None, new: NewPatient, changes: dict[str, Any], shown: EmrOutcome
) -> EmrOutcome:
    if ours is None:
        return replace(shown, status="created", patient=create_patient(actor, new), confirm=None)
    patient = update_patient(actor, ours.id, changes, ours.version)
    return replace(shown, status="updated", patient=patient, confirm=None)


def _require_seen(order: EmrOrder, confirm: str) -> None:
    if order.confirm is None:
        raise Conflict(_LOOK_FIRST)
    if order.confirm != confirm:
        raise StaleVersion


def _readable(body: dict[str, Any], read: ReadRow) -> tuple[dict[str, Any], NewPatient, Mapping[str, list[str]]]:
    """Return a body as our rules take it, and which optional fields they do not take, and why."""
    try:
        return body, read(body), {}
    except ValidationFailed as refusal:
        wrong = {name.partition(".")[0] for name in refusal.field_errors}
        if wrong & set(REQUIRED) or not wrong <= body.keys():
            raise
        rest = {name: value for name, value in body.items() if name not in wrong}
        return rest, read(rest), refusal.field_errors


def _ours(session: Session, actor: Actor, people: Sequence[EmrPatient]) -> dict[str, _Ours]:
    """Return our records of patients of theirs by their external ids.

    A record that has none yet is theirs when it has the record number. A record that was merged stands for the one
    that it went into.
    """
    ids = {one.external_id for one in people}
    numbers = {
        blind_index(actor.practice_id, "mrn", compact(mrn)): one.external_id
        for one in people
        if (mrn := one.fields.get("mrn"))
    }
    by_number = Patient.mrn_index.in_(numbers) & Patient.external_id.is_(None)
    known = select(Patient).where(
        Patient.practice_id == actor.practice_id, or_(Patient.external_id.in_(ids), by_number)
    )
    alive_first = Patient.external_id.is_(None), Patient.merged_into.is_not(None), Patient.created_at
    records = session.scalars(known.order_by(*alive_first)).all()
    into = [one.merged_into for one in records if one.merged_into]
    survivors = {one.id: one for one in session.scalars(select(Patient).where(Patient.id.in_(into)))} if into else {}
    found: dict[str, _Ours] = {}
    for one in records:
        ours = _Ours(survivors[one.merged_into], is_survivor=True) if one.merged_into else _Ours(one, is_survivor=False)
        found.setdefault(one.external_id or numbers[one.mrn_index], ours)
    return found


def _one_at_a_time(session: Session, actor: Actor, theirs: EmrPatient) -> None:
    """Let a second import of the same patient wait for the first, and then find what it made."""
    key = f"emr|{actor.practice_id}|{theirs.external_id}"
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def _token(actor: Actor, ours: Patient | None, changes: dict[str, Any]) -> str:
    """Return what one has seen as a keyed hash: the record's version and every change."""
    seen = [str(ours.id), ours.version] if ours else []
    text = json.dumps([*seen, {name: _plain(value) for name, value in changes.items()}], sort_keys=True)
    return blind_index(actor.practice_id, "emr_preview", text).hex()[:32]


def _shown(ours: Patient | None, changes: dict[str, Any]) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(name, _plain(getattr(ours, name)) if ours else None, _plain(after))
        for name, after in changes.items()
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Address):
        return asdict(value)
    return value.isoformat() if isinstance(value, date) else value


def _asked(query: EmrQuery) -> Asked:
    if not query.criteria:
        raise ValidationFailed({"name": ["Give a name, a birth date or an identifier."]})
    return Asked("/Patient", (*query.criteria, ("_count", str(query.page_size))))


def _folded(asked: Asked | None) -> str | None:
    if asked is None:
        return None
    return base64.urlsafe_b64encode(json.dumps([asked.path, list(asked.query)]).encode()).decode()


def _unfolded(cursor: str) -> Asked:
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode()
        path, query = json.loads(text)
        asked = Asked(str(path), tuple((str(name), str(value)) for name, value in query))
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise ValidationFailed({"cursor": [_NO_CURSOR]}) from error
    if not all(is_storable(text) for pair in asked.query for text in pair):
        raise ValidationFailed({"cursor": [_NO_CURSOR]})
    return asked
