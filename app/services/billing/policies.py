"""Payers' policies by date. What was in force stays as it was: a policy whose first day has come can only be ended."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.books import NewPolicy
from app.domain.billing.policy import PolicySettings
from app.domain.days import local_day
from app.domain.errors import Conflict, NotFound, ValidationFailed
from app.domain.paging import Page, PageRequest
from app.models import BillingPolicy, Practice
from app.models.base import new_id
from app.services.billing.books import found_book
from app.services.billing.payers import find_payer
from app.services.enrolment.checks import require_version
from app.services.transaction import now, transaction


def list_policies(actor: Actor, payer_id: UUID | None, paging: PageRequest) -> Page[BillingPolicy]:
    """Return one page of a payer's policies, or of those for all others when none is named, the newest first.

    Raises NotFound for a payer that the practice does not have.
    """
    with transaction() as session:
        if payer_id is not None:
            find_payer(session, actor, payer_id)
        found_book(session, actor.practice_id)
        mine = (BillingPolicy.practice_id == actor.practice_id, BillingPolicy.payer_id.is_not_distinct_from(payer_id))
        count = session.scalar(select(func.count()).select_from(BillingPolicy).where(*mine)) or 0
        newest = select(BillingPolicy).where(*mine).order_by(BillingPolicy.effective_from.desc(), BillingPolicy.id)
        rows = session.scalars(newest.offset(paging.offset).limit(paging.page_size))
        events.record(session, "billing_policy:list", "billing_policy")
        return Page(list(rows), count, paging)


def create_policy(actor: Actor, payer_id: UUID | None, new: NewPolicy) -> BillingPolicy:
    """Add a policy. Of those in force on a service date the one that began last holds.

    Raises NotFound for the payer, ValidationFailed for dates that cannot be, Conflict when one begins on that day.
    """
    with transaction() as session:
        if payer_id is not None:
            find_payer(session, actor, payer_id)
        found_book(session, actor.practice_id)
        row = BillingPolicy(
            id=new_id(), practice_id=actor.practice_id, payer_id=payer_id, effective_from=new.effective_from,
            effective_to=new.effective_to, settings=new.settings.as_json(),
        )  # fmt: skip
        _flush(session, row)
        return row


def get_policy(actor: Actor, policy_id: UUID) -> BillingPolicy:
    """Return a policy of the practice; raises NotFound."""
    with transaction() as session:
        row = _find(session, actor, policy_id)
        events.record(session, "billing_policy:read", "billing_policy", resource_id=row.id)
        return row


def update_policy(actor: Actor, policy_id: UUID, changes: dict[str, Any], version: int | None) -> BillingPolicy:
    """Change a policy of the future, or the end of one that is in force.

    Raises NotFound, StaleVersion, ValidationFailed, and Conflict for what can no longer be changed.
    """
    with transaction() as session:
        row = _find(session, actor, policy_id)
        require_version(row, version)
        today = _today(session, actor)
        if row.effective_from <= today and changes.keys() - {"effective_to"}:
            raise Conflict("This policy is in force. End it, and add another from a later day.")
        if changes.get("effective_from", date.max) <= today:
            raise ValidationFailed({"effective_from": ["Must lie in the future."]})
        settings: PolicySettings | None = changes.get("settings")
        for name, value in changes.items():
            setattr(row, name, settings.as_json() if name == "settings" and settings else value)
        _flush(session, row)
        return row


def _find(session: Session, actor: Actor, policy_id: UUID) -> BillingPolicy:
    mine = (BillingPolicy.practice_id == actor.practice_id, BillingPolicy.id == policy_id)
    row = session.scalar(select(BillingPolicy).where(*mine).with_for_update())
    if row is None:
        raise NotFound
    return row


def _today(session: Session, actor: Actor) -> date:
    zone = session.scalar(select(Practice.timezone).where(Practice.id == actor.practice_id))
    return local_day(now(), zone or "UTC")


def _flush(session: Session, row: BillingPolicy) -> None:
    if row.effective_to is not None and row.effective_to < row.effective_from:
        raise ValidationFailed({"effective_to": ["Must not lie before the first day."]})
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict("A policy begins on that day already.") from error
