"""What is in force for a practice: its payers, policies and fee schedules, founded on those that the product ships."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.billing.facts import Book
from app.domain.billing.fees import Fee, FeeBook, FeeSchedule, Locality, national_schedules
from app.domain.billing.policy import Policy, PolicyBook, PolicySettings, read_settings
from app.domain.billing.rules import rule_book
from app.models import BillingPayer, BillingPolicy, FeeRow, FeeScheduleRow
from app.models.base import new_id

_RECORDED = {"recorded": True}


def load_book(session: Session, practice_id: UUID) -> Book:
    """Return the practice's book, in four statements; the first question founds it, and the first after a new year's
    schedules were shipped adds those."""
    payers = dict(
        session.execute(select(BillingPayer.id, BillingPayer.name).where(BillingPayer.practice_id == practice_id)).all()
    )
    rows = session.scalars(_schedules_of(practice_id)).all()
    if _lacks({row.key for row in rows}):
        seed_defaults(session, practice_id)
        rows = session.scalars(_schedules_of(practice_id)).all()
    schedules = _schedules(session, practice_id, rows, payers)
    policies = session.scalars(select(BillingPolicy).where(BillingPolicy.practice_id == practice_id))
    return Book(rule_book(), FeeBook(tuple(schedules)), PolicyBook(tuple(_policy(row, payers) for row in policies)))


def found_book(session: Session, practice_id: UUID) -> None:
    """Found the practice's book from the shipped data, as far as nobody has asked for it yet."""
    if _lacks(session.scalars(select(FeeScheduleRow.key).where(FeeScheduleRow.practice_id == practice_id))):
        seed_defaults(session, practice_id)


def _lacks(keys: Iterable[str | None]) -> bool:
    """Say whether a schedule that is shipped is not among these; a practice never takes one away."""
    return not {one.id for one in national_schedules()} <= set(keys)


def seed_defaults(session: Session, practice_id: UUID) -> None:
    """Give a practice the national schedules and a policy with the defaults, where it has none; twice does nothing."""
    for schedule in national_schedules():
        row = insert(FeeScheduleRow).values(_schedule_values(practice_id, schedule)).on_conflict_do_nothing()
        schedule_id = session.scalar(row.returning(FeeScheduleRow.id), execution_options=_RECORDED)
        if schedule_id is not None:
            fees = [fee_values(practice_id, schedule_id, fee) for fee in schedule.fees.values()]
            session.execute(insert(FeeRow).values(fees))
            _tell(session, "billing_fee_schedule", schedule_id)
    first = min(schedule.effective_from for schedule in national_schedules())
    values = {
        "id": new_id(), "practice_id": practice_id, "payer_id": None, "effective_from": first, "version": 1,
        "settings": PolicySettings().as_json(),
    }  # fmt: skip
    policy = insert(BillingPolicy).values(values).on_conflict_do_nothing().returning(BillingPolicy.id)
    policy_id = session.scalar(policy, execution_options=_RECORDED)
    if policy_id is not None:
        _tell(session, "billing_policy", policy_id)


def _tell(session: Session, kind: str, row_id: UUID) -> None:
    events.record(session, f"{kind}:create", kind, resource_id=row_id)


def _schedules_of(practice_id: UUID) -> Select[FeeScheduleRow]:
    return select(FeeScheduleRow).where(FeeScheduleRow.practice_id == practice_id)


def _schedules(
    session: Session, practice_id: UUID, rows: Iterable[FeeScheduleRow], payers: dict[UUID, str]
) -> list[FeeSchedule]:
    fees: dict[UUID, dict[str, Fee]] = {}
    for row in session.scalars(select(FeeRow).where(FeeRow.practice_id == practice_id)):
        fees.setdefault(row.schedule_id, {})[row.code] = fee_of(row)
    return [schedule_of(row, fees.get(row.id, {}), payers) for row in rows]


def fee_of(row: FeeRow) -> Fee:
    """Return a line of a schedule as the engine takes it."""
    return Fee(
        row.code, row.total_rvu, row.work_rvu, row.practice_rvu, row.malpractice_rvu, row.amount, row.confidence,
        row.source,
    )  # fmt: skip


def schedule_of(row: FeeScheduleRow, fees: Mapping[str, Fee], payers: Mapping[UUID, str]) -> FeeSchedule:
    """Return a schedule as the engine takes it; `payers` names at least its own."""
    return FeeSchedule(
        str(row.id), row.name, row.effective_from, row.effective_to, row.conversion_factor, fees,
        payers[row.payer_id] if row.payer_id else None,
        Locality(row.gpci_work, row.gpci_practice, row.gpci_malpractice), row.in_use,
    )  # fmt: skip


def _policy(row: BillingPolicy, payers: dict[UUID, str]) -> Policy:
    payer = payers[row.payer_id] if row.payer_id else None
    return Policy(row.effective_from, read_settings(row.settings), row.effective_to, payer)


def _schedule_values(practice_id: UUID, schedule: FeeSchedule) -> dict[str, object]:
    return {
        "id": new_id(), "practice_id": practice_id, "key": schedule.id, "name": schedule.name, "payer_id": None,
        "effective_from": schedule.effective_from, "effective_to": schedule.effective_to,
        "conversion_factor": schedule.conversion_factor, "in_use": schedule.in_use, "version": 1,
        "gpci_work": Decimal(1), "gpci_practice": Decimal(1), "gpci_malpractice": Decimal(1),
    }  # fmt: skip


def fee_values(practice_id: UUID, schedule_id: UUID, fee: Fee) -> dict[str, object]:
    """Return the columns of a fee's row."""
    return {
        "practice_id": practice_id, "schedule_id": schedule_id, "code": fee.code, "total_rvu": fee.total_rvu,
        "work_rvu": fee.work_rvu, "practice_rvu": fee.practice_rvu, "malpractice_rvu": fee.malpractice_rvu,
        "amount": fee.amount, "confidence": fee.confidence, "source": fee.source,
    }  # fmt: skip
