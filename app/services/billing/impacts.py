"""Impacts of late facts: the list of what a person should look at, and that they did."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.entries import ImpactQuery
from app.domain.errors import Conflict, NotFound
from app.domain.paging import Page
from app.models import BillingEntry, BillingImpact, Patient
from app.services.enrolment.checks import require_version
from app.services.transaction import now, transaction


@dataclass(frozen=True, slots=True)
class ShownImpact:
    """An impact with its line and patient."""

    impact: BillingImpact
    entry: BillingEntry
    patient: Patient


def list_impacts(actor: Actor, query: ImpactQuery) -> Page[ShownImpact]:
    """Return one page of the practice's impacts, the newest first."""
    conditions = _conditions(actor, query)
    with transaction() as session:
        count = session.scalar(select(func.count()).select_from(BillingImpact).where(*conditions)) or 0
        rows = session.execute(
            _shown()
            .where(*conditions)
            .order_by(BillingImpact.created_at.desc(), BillingImpact.id)
            .offset(query.paging.offset)
            .limit(query.paging.page_size)
        )
        shown = [ShownImpact(*row) for row in rows]
        events.record(
            session, "billing_impact:list", "billing_impact", subject_ids=sorted({one.patient.id for one in shown})
        )
        return Page(shown, count, query.paging)


def get_impact(actor: Actor, impact_id: UUID) -> ShownImpact:
    """Return an impact of the practice; raises NotFound."""
    with transaction() as session:
        mine = (BillingImpact.practice_id == actor.practice_id, BillingImpact.id == impact_id)
        row = session.execute(_shown().where(*mine)).one_or_none()
        if row is None:
            raise NotFound
        shown = ShownImpact(*row)
        events.record(
            session, "billing_impact:read", "billing_impact", resource_id=impact_id, patient_id=shown.patient.id
        )  # fmt: skip
        return shown


def acknowledge_impact(actor: Actor, impact_id: UUID, note: str | None, version: int | None) -> ShownImpact:
    """Say that somebody has seen an impact and settled it; raises NotFound, Conflict when somebody has before."""
    with transaction() as session:
        mine = (BillingImpact.practice_id == actor.practice_id, BillingImpact.id == impact_id)
        row = session.execute(_shown().where(*mine).with_for_update(of=BillingImpact)).one_or_none()
        if row is None:
            raise NotFound
        shown = ShownImpact(*row)
        require_version(shown.impact, version)
        if shown.impact.acknowledged_at is not None:
            raise Conflict("The impact was acknowledged before.")
        shown.impact.acknowledged_at, shown.impact.acknowledged_by = now(), actor.user_id
        shown.impact.note = note
        session.flush()
        return shown


def _shown() -> Select[BillingImpact, BillingEntry, Patient]:
    of_entry = (BillingEntry.practice_id == BillingImpact.practice_id) & (BillingEntry.id == BillingImpact.entry_id)
    of_patient = (Patient.practice_id == BillingImpact.practice_id) & (Patient.id == BillingImpact.patient_id)
    return select(BillingImpact, BillingEntry, Patient).join(BillingEntry, of_entry).join(Patient, of_patient)


def _conditions(actor: Actor, query: ImpactQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [BillingImpact.practice_id == actor.practice_id]
    if query.is_acknowledged is not None:
        conditions.append(BillingImpact.acknowledged_at.is_not(None) == query.is_acknowledged)
    if query.patient_id is not None:
        conditions.append(BillingImpact.patient_id == query.patient_id)
    if query.entry_id is not None:
        conditions.append(BillingImpact.entry_id == query.entry_id)
    return conditions
