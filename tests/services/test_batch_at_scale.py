"""What a batch costs where there are many readings: it looks up its own, not those of its time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text

from app.domain.actor import Actor
from app.domain.vitals.batch import BatchItem, NewBatch
from app.domain.vitals.reading import blood_pressure
from app.services.readings.batch import record_batch
from app.services.transaction import transaction
from deploy.local_postgres import LocalPostgres
from tests.builders import a_device, a_patient, a_user, in_house

STORED, SENT = 3_000, 200
AT_MOST = 4 * SENT  # rows of readings: each looked up by its key, by its device, by the alert that it raised
_LOOKED_AT = text(
    "SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables WHERE relname LIKE 'observations%'"
)


def _batch(patients: list[UUID], count: int, device: str) -> NewBatch:
    first = datetime.now(UTC) - timedelta(hours=2)
    times = (first + timedelta(seconds=number) for number in range(count))
    values = Decimal(150), Decimal(80), Decimal(70)
    items = [
        BatchItem(patients[number % len(patients)], blood_pressure(at, *values, device_id=device))
        for number, at in enumerate(times)
    ]
    return NewBatch(items, atomic=True)


def _looked_at(actor: Actor, batch: NewBatch) -> int:
    with in_house(actor), transaction() as session:
        before = session.scalar(_LOOKED_AT) or 0  # what was not handed to the server's own statistics yet
        record_batch(actor, batch)
        return int(session.scalar(_LOOKED_AT) or 0) - int(before)


@pytest.mark.parametrize("is_registered", [True, False])
def test_a_batch_looks_at_its_own_readings_among_thousands_of_the_same_hour(
    postgres: LocalPostgres, *, is_registered: bool
) -> None:
    """New ones and ones that are known, from devices that are known or not: a look into an index for each."""
    doctor = a_user().actor
    patients = [a_patient(doctor).id for _ in range(5)]
    held = a_device(doctor, patients[0], datetime.now(UTC) - timedelta(days=1))
    with in_house(doctor):
        record_batch(doctor, _batch(patients, STORED, "another cuff"))
    postgres.query("ANALYZE observations")
    batch = _batch(patients[:1], SENT, held.serial) if is_registered else _batch(patients, SENT, "a cuff")
    assert _looked_at(doctor, batch) < AT_MOST
    assert _looked_at(doctor, batch) < AT_MOST
