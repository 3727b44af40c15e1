"""Reporting values that do not open in their place: an audit event each, and a count for the health report."""

import threading
from collections.abc import Sequence
from uuid import UUID

from app.audit import events
from app.crypto.damage import DamagedPlace
from app.models import Patient
from app.services.transaction import transaction

_lock = threading.Lock()
_met: set[DamagedPlace] = set()
_MOST = 10_000


def report_damage(places: Sequence[DamagedPlace]) -> None:
    """Store one `integrity_error` event for each place; called where damage was met, after its transaction."""
    with _lock:
        _met.update(places[: max(0, _MOST - len(_met))])
    with transaction() as session:
        for place in places:
            patient_id = UUID(place.row) if place.table == Patient.__tablename__ else None
            events.record(
                session, "integrity_error", place.table, resource_id=place.row, patient_id=patient_id,
                outcome=events.FAILED, fields=[place.column.removesuffix("_enc")],
            )  # fmt: skip


def damaged_places() -> int:
    """Return how many different places this process has met damage in since it started."""
    return len(_met)
