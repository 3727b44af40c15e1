"""Taking in many readings at once: judged as one by one, stored in a number of statements that does not grow."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.audit import events
from app.database.many import fold_waiting
from app.domain.actor import Actor
from app.domain.errors import DeviceNotHeld, NotFound, PatientArchived, ValidationFailed
from app.domain.roles import Role
from app.domain.vitals.batch import BatchItem, BatchResult, ItemResult, NewBatch, errors_by_item
from app.domain.vitals.reading import is_from_the_future, natural_key
from app.models.base import new_id
from app.services.readings.batch_facts import BatchFacts, Candidate, lock_and_ask_all
from app.services.readings.intake import AHEAD
from app.services.readings.judging import put_on_board, take_in
from app.services.transaction import now, transaction

_ONE_BY_ONE = "Corrections are posted one by one."


def record_batch(actor: Actor, batch: NewBatch) -> BatchResult:
    """Store the readings of a batch, each as `record_reading` would, and return what became of each.

    Several readings of a patient are judged in the order they were measured. Raises ValidationFailed when one item is
    wrong and the batch is atomic: then nothing is stored.
    """
    at = now()
    candidates, refused = _sorted_out(actor, batch.items, at)
    with transaction() as session:
        results = refused + (_take_in_all(session, actor, candidates, at) if candidates else [])
        results.sort(key=lambda result: result.index)
        if batch.atomic and any(result.status == "error" for result in results):
            raise ValidationFailed(errors_by_item(results))
        answer = BatchResult(new_id(), results)
        stored = {one.patient_id for one in _stored(candidates, results)}
        events.record(session, "observation:batch", "observation", resource_id=answer.id, subject_ids=sorted(stored))
        return answer


def _sorted_out(actor: Actor, items: Sequence[BatchItem], at: datetime) -> tuple[list[Candidate], list[ItemResult]]:
    """Split the items into those that may be stored and those that need not be asked about."""
    candidates, refused = [], []
    for index, item in enumerate(items):
        errors = _own_errors(actor, item, at)
        if item.patient_id is None or item.reading is None or errors:
            refused.append(ItemResult(index, "error", None, errors))
        else:
            key = natural_key(item.patient_id, item.reading)
            candidates.append(Candidate(index, item.patient_id, item.reading, key))
    candidates.sort(key=lambda one: (one.patient_id.int, one.reading.measured_at, one.index))
    return candidates, refused


def _own_errors(actor: Actor, item: BatchItem, at: datetime) -> dict[str, list[str]]:
    if item.reading is None:
        return {name: list(messages) for name, messages in item.field_errors.items()}
    if item.reading.corrects_id is not None:
        return {"corrects_id": [_ONE_BY_ONE]}
    if is_from_the_future(item.reading.measured_at, at):
        return {"measured_at": [AHEAD]}
    if actor.role is Role.PATIENT and actor.patient_id != item.patient_id:
        return {"patient_id": [NotFound.default_detail]}
    return {}


def _take_in_all(session: Session, actor: Actor, candidates: Sequence[Candidate], at: datetime) -> list[ItemResult]:
    facts = lock_and_ask_all(session, actor, candidates, at)
    results = [_take_in(session, actor, facts, one, at) for one in candidates]
    by_index = {result.index: result for result in results}
    counted = dict.fromkeys(one.patient_id for one in candidates if by_index[one.index].status == "created")
    for patient_id in counted:
        put_on_board(session, facts.patients[patient_id], at)
    fold_waiting(session)
    return results


def _take_in(session: Session, actor: Actor, facts: BatchFacts, one: Candidate, at: datetime) -> ItemResult:
    known = facts.patients.get(one.patient_id)
    if known is None:
        return ItemResult(one.index, "error", None, {"patient_id": [NotFound.default_detail]})
    if not known.is_active:
        return ItemResult(one.index, "error", None, {"patient_id": [PatientArchived.default_detail]})
    if (known_id := facts.find_known(one)) is not None:
        return ItemResult(one.index, "duplicate", known_id)
    device = facts.device_of(one.patient_id, one.reading)
    if not device.may_claim:
        return ItemResult(one.index, "error", None, {"device_id": [DeviceNotHeld.default_detail]})
    stored = take_in(session, actor, known, device, one.reading, one.key, at).observation
    facts.now_known(one, stored.id)
    return ItemResult(one.index, "created" if stored.status == "final" else "quarantined", stored.id)


def _stored(candidates: Iterable[Candidate], results: Iterable[ItemResult]) -> list[Candidate]:
    """Return the items whose reading is there now: whom the batch is about."""
    there = {result.index for result in results if result.id is not None}
    return [one for one in candidates if one.index in there]
