"""Finding patients in the practice's medical record system and taking them over, each only once."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
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
from app.domain.patient_csv import REQUIRED
from app.domain.patients import Address, NewPatient
from app.domain.search import compact
from app.domain.text import is_storable
from app.integrations.fhir_client import Asked, FhirClient
from app.models import Patient
from app.services.emr_connection import access_of
from app.services.patient_batches import changes_of
from app.services.patients import create_patient, update_patient
from app.services.transaction import now, transaction

_LOOK_FIRST = "Ask for a preview first and confirm it: a record would be overwritten, or the patient is marked."

_NO_CURSOR = "Not a cursor of a page before."


def search_emr(actor: Actor, query: EmrQuery) -> EmrPage:
    """Return a page of patients found there; raises EmrNotConfigured, EmrUnavailable, ValidationFailed."""
    asked = _unfolded(query.cursor) if query.cursor else _asked(query)
    found = FhirClient(access_of(actor)).search_patients(asked)
    people = [patient_from_fhir(one, now().date()) for one in found.resources]
    with transaction() as session:
        ours = _ours(session, actor, people)
        matches = [EmrMatch(one, ours[one.external_id].id if one.external_id in ours else None) for one in people]
        subjects = [match.patient_id for match in matches if match.patient_id]
        events.record(session, "emr:search", "emr_patient", subject_ids=subjects)
    return EmrPage(matches, found.total, _folded(found.following))


def import_from_emr(actor: Actor, order: EmrOrder, read: ReadRow) -> EmrOutcome:
    """Take a patient over, or with `preview` say what that would change.

    A patient is known by external id, else by record number. Raises Conflict when a record would be overwritten, or a
    deceased, merged or inactive patient taken over, without the token of a preview; StaleVersion when either side
    changed since; ValidationFailed when what we need is missing there.
    """
    theirs = patient_from_fhir(FhirClient(access_of(actor)).read_patient(order.external_id), now().date())
    theirs = replace(theirs, external_id=order.external_id)
    body, new, left_out = _readable({**theirs.fields, "external_id": theirs.external_id}, read)
    with transaction() as session:
        _one_at_a_time(session, actor, theirs)
        ours = _ours(session, actor, [theirs]).get(theirs.external_id)
        changes = changes_of(ours, body, new) if ours else {name: getattr(new, name) for name in body}
        confirm = _token(actor, ours, changes)
        shown = EmrOutcome("preview", ours, _shown(ours, changes), confirm, theirs.warnings, left_out)
        events.record(
            session, "emr:read", "emr_patient", resource_id=theirs.external_id, patient_id=ours.id if ours else None
        )
        if order.preview:
            return shown
        if ours and not changes:
            return replace(shown, status="unchanged", confirm=None)
        if ours or theirs.warnings or order.confirm is not None:
            _require_seen(order, confirm)
        return _taken_over(actor, ours, new, changes, shown)


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


def _ours(session: Session, actor: Actor, people: Sequence[EmrPatient]) -> dict[str, Patient]:
    """Return our records of patients of theirs by their external ids.

    A record that has none yet is theirs when it has the record number.
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
    found: dict[str, Patient] = {}
    for patient in session.scalars(known.order_by(Patient.external_id.is_(None), Patient.created_at)):
        found.setdefault(patient.external_id or numbers[patient.mrn_index], patient)
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
