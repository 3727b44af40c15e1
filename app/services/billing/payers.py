"""Payers of a practice: who pays, under which name patients' records and the clearing house know them."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.books import NewPayer
from app.domain.billing.fees import payer_key
from app.domain.errors import Conflict, NotFound
from app.domain.paging import Page, PageRequest
from app.models import BillingPayer
from app.models.base import new_id
from app.services.enrolment.checks import require_version
from app.services.transaction import transaction


def list_payers(actor: Actor, paging: PageRequest) -> Page[BillingPayer]:
    """Return one page of the practice's payers by name."""
    mine = BillingPayer.practice_id == actor.practice_id
    with transaction() as session:
        count = session.scalar(select(func.count()).select_from(BillingPayer).where(mine)) or 0
        wanted = select(BillingPayer).where(mine).order_by(BillingPayer.name_key, BillingPayer.id)
        rows = session.scalars(wanted.offset(paging.offset).limit(paging.page_size))
        events.record(session, "billing_payer:list", "billing_payer")
        return Page(list(rows), count, paging)


def get_payer(actor: Actor, payer_id: UUID) -> BillingPayer:
    """Return a payer of the practice; raises NotFound."""
    with transaction() as session:
        payer = find_payer(session, actor, payer_id)
        events.record(session, "billing_payer:read", "billing_payer", resource_id=payer.id)
        return payer


def create_payer(actor: Actor, new: NewPayer) -> BillingPayer:
    """Write a payer down; raises Conflict when one of that name, whatever its case and spaces, is there."""
    row = BillingPayer(
        id=new_id(), practice_id=actor.practice_id, name=new.name, name_key=payer_key(new.name),
        claim_payer_id=new.claim_payer_id,
    )  # fmt: skip
    with transaction() as session:
        _flush(session, row)
        return row


def update_payer(actor: Actor, payer_id: UUID, changes: dict[str, Any], version: int | None) -> BillingPayer:
    """Change the named fields; raises NotFound, StaleVersion, Conflict. Lines that exist keep the name they have."""
    with transaction() as session:
        payer = find_payer(session, actor, payer_id, lock=True)
        require_version(payer, version)
        for name, value in changes.items():
            setattr(payer, name, value)
        payer.name_key = payer_key(payer.name) or ""
        _flush(session, payer)
        return payer


def find_payer(session: Session, actor: Actor, payer_id: UUID, *, lock: bool = False) -> BillingPayer:
    """Return a payer of the practice; raises NotFound for any other."""
    mine = (BillingPayer.practice_id == actor.practice_id, BillingPayer.id == payer_id)
    wanted = select(BillingPayer).where(*mine)
    payer = session.scalar(wanted.with_for_update() if lock else wanted)
    if payer is None:
        raise NotFound
    return payer


def _flush(session: Session, payer: BillingPayer) -> None:
    session.add(payer)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict("There is a payer of that name already.") from error
