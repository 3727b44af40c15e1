"""Fee schedules by date, locality and payer. A price that was in force stays: a new one is a newer schedule."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.books import NewFeeSchedule, ScheduleQuery, is_priced
from app.domain.billing.fees import Fee, FeeSchedule
from app.domain.errors import Conflict, NotFound, ValidationFailed
from app.domain.paging import Page
from app.models import BillingPayer, FeeRow, FeeScheduleRow
from app.models.base import new_id
from app.services.billing.books import fee_of, fee_values, found_book, schedule_of
from app.services.billing.payers import find_payer
from app.services.enrolment.checks import require_version
from app.services.transaction import transaction


@dataclass(frozen=True, slots=True)
class ShownFee:
    """A line of a schedule and what one unit pays there; None where total RVUs alone meet a locality."""

    fee: Fee
    pays: Decimal | None


@dataclass(frozen=True, slots=True)
class ShownSchedule:
    """A schedule with its payer's name and its fees by code."""

    row: FeeScheduleRow
    payer: str | None
    fees: tuple[ShownFee, ...]


def list_fee_schedules(actor: Actor, query: ScheduleQuery) -> Page[ShownSchedule]:
    """Return one page of the practice's schedules, the newest first."""
    with transaction() as session:
        found_book(session, actor.practice_id)
        conditions = _conditions(actor, query)
        count = session.scalar(select(func.count()).select_from(FeeScheduleRow).where(*conditions)) or 0
        newest = select(FeeScheduleRow).where(*conditions).order_by(
            FeeScheduleRow.effective_from.desc(), FeeScheduleRow.id.desc()
        )  # fmt: skip
        rows = session.scalars(newest.offset(query.paging.offset).limit(query.paging.page_size)).all()
        events.record(session, "billing_fee_schedule:list", "billing_fee_schedule")
        return Page(_shown(session, rows), count, query.paging)


def get_fee_schedule(actor: Actor, schedule_id: UUID) -> ShownSchedule:
    """Return a schedule of the practice; raises NotFound."""
    with transaction() as session:
        row = _find(session, actor, schedule_id)
        events.record(session, "billing_fee_schedule:read", "billing_fee_schedule", resource_id=row.id)
        return _shown(session, [row])[0]


def create_fee_schedule(actor: Actor, new: NewFeeSchedule) -> ShownSchedule:
    """Add a schedule with its fees: the newest that prices a code on its service date holds, a payer's before all.

    Raises ValidationFailed for a payer that the practice does not have and for dates that cannot be.
    """
    with transaction() as session:
        found_book(session, actor.practice_id)
        _require_payer(session, actor, new.payer_id)
        row = FeeScheduleRow(
            id=new_id(), practice_id=actor.practice_id, key=None, name=new.name, payer_id=new.payer_id,
            effective_from=new.effective_from, effective_to=new.effective_to, conversion_factor=new.conversion_factor,
            gpci_work=new.locality.work, gpci_practice=new.locality.practice,
            gpci_malpractice=new.locality.malpractice, in_use=True,
        )  # fmt: skip
        _refuse_wrong_end(row)
        _refuse_unpriced(*new.fees)
        session.add(row)
        session.flush()
        session.add_all(FeeRow(**fee_values(actor.practice_id, row.id, fee)) for fee in new.fees)
        session.flush()
        return _shown(session, [row])[0]


def update_fee_schedule(
    actor: Actor, schedule_id: UUID, changes: dict[str, Any], version: int | None
) -> ShownSchedule:  # fmt: skip
    """Change name, end, or whether it is used; raises NotFound, StaleVersion, ValidationFailed."""
    with transaction() as session:
        row = _find(session, actor, schedule_id, lock=True)
        require_version(row, version)
        for name, value in changes.items():
            setattr(row, name, value)
        _refuse_wrong_end(row)
        session.flush()
        return _shown(session, [row])[0]


def add_fee(actor: Actor, schedule_id: UUID, fee: Fee, version: int | None) -> ShownSchedule:
    """Price one more code in a schedule; raises NotFound, StaleVersion, ValidationFailed for no price,
    and Conflict when the code has one there."""
    with transaction() as session:
        row = _find(session, actor, schedule_id, lock=True)
        require_version(row, version)
        _refuse_unpriced(fee)
        session.add(FeeRow(**fee_values(actor.practice_id, row.id, fee)))
        try:
            session.flush()
        except IntegrityError as error:
            raise Conflict(f"{fee.code} has a price in this schedule. For another one add a newer schedule.") from error
        events.record(session, "billing_fee_schedule:update", "billing_fee_schedule", resource_id=row.id)
        return _shown(session, [row])[0]


def _conditions(actor: Actor, query: ScheduleQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [FeeScheduleRow.practice_id == actor.practice_id]
    if query.on is not None:
        conditions.append(FeeScheduleRow.effective_from <= query.on)
        conditions.append(func.coalesce(FeeScheduleRow.effective_to, date.max) >= query.on)
    if query.payer_id is not None:
        conditions.append(FeeScheduleRow.payer_id == query.payer_id)
    return conditions


def _shown(session: Session, rows: Sequence[FeeScheduleRow]) -> list[ShownSchedule]:
    fees: dict[UUID, dict[str, Fee]] = defaultdict(dict)
    wanted = select(FeeRow).where(FeeRow.schedule_id.in_(row.id for row in rows)).order_by(FeeRow.code)
    for one in session.scalars(wanted):
        fees[one.schedule_id][one.code] = fee_of(one)
    payers = _payers(session, {row.payer_id for row in rows if row.payer_id})
    shown = [(row, schedule_of(row, fees[row.id], payers)) for row in rows]
    return [ShownSchedule(row, schedule.payer, _priced(schedule)) for row, schedule in shown]


def _priced(schedule: FeeSchedule) -> tuple[ShownFee, ...]:
    return tuple(ShownFee(fee, schedule.amount(code)) for code, fee in schedule.fees.items())


def _payers(session: Session, ids: Iterable[UUID]) -> dict[UUID, str]:
    wanted = select(BillingPayer.id, BillingPayer.name).where(BillingPayer.id.in_(ids))
    return dict(session.execute(wanted).all())


def _find(session: Session, actor: Actor, schedule_id: UUID, *, lock: bool = False) -> FeeScheduleRow:
    mine = (FeeScheduleRow.practice_id == actor.practice_id, FeeScheduleRow.id == schedule_id)
    wanted = select(FeeScheduleRow).where(*mine)
    row = session.scalar(wanted.with_for_update() if lock else wanted)
    if row is None:
        raise NotFound
    return row


def _require_payer(session: Session, actor: Actor, payer_id: UUID | None) -> None:
    try:
        if payer_id is not None:
            find_payer(session, actor, payer_id)
    except NotFound as error:
        raise ValidationFailed({"payer_id": ["No such payer."]}) from error


def _refuse_wrong_end(row: FeeScheduleRow) -> None:
    if row.effective_to is not None and row.effective_to < row.effective_from:
        raise ValidationFailed({"effective_to": ["Must not lie before the first day."]})


def _refuse_unpriced(*fees: Fee) -> None:
    unpriced = [fee.code for fee in fees if not is_priced(fee)]
    if unpriced:
        wanted = f"{', '.join(unpriced)} needs dollars, total RVUs, or all three parts of them."
        raise ValidationFailed({"amount": [wanted]})
