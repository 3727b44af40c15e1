"""Reading deliveries again: one, or many as a job, or only to see what that would do.

What was applied is known by its key and stays; so replaying everything changes nothing. What could not be read before,
or had no holder, is applied now. A reading whose unit or field was set wrongly is corrected: the new one names the old.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit import context, events
from app.domain.actor import Actor
from app.domain.errors import Conflict, NotFound
from app.domain.inbox import Change, DeliveryState, InboxFilter
from app.models import GatewayIntegration, InboxReplay, WebhookDelivery
from app.models.base import new_id
from app.services.gateways.applying import ItemChange, apply_messages, finish, lock_delivery, read_delivery
from app.services.gateways.inbox import find_delivery, matching
from app.services.gateways.locking import wait_patiently
from app.services.outbox import leave_job
from app.services.transaction import apart, now, transaction

REPLAY_INBOX = "replay_inbox"
_REJECTED = "A message that is not the vendor's is not replayed."


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What a replay did, or would do."""

    delivery_id: UUID
    is_dry: bool
    state: str
    problem: str | None
    changes: list[ItemChange]

    def count(self, change: Change) -> int:
        """Return how many messages a change was made with."""
        return sum(1 for one in self.changes if one.change is change)


class _OnlyLooking(Exception):
    """Ends a dry run, so that nothing of it is kept."""

    def __init__(self, result: ReplayResult) -> None:
        super().__init__()
        self.result = result


def replay_delivery(actor: Actor, delivery_id: UUID, *, is_dry: bool) -> ReplayResult:
    """Apply a delivery again; dry, everything is done and then taken back.

    Raises NotFound, and Conflict for a message that is not the vendor's.
    """
    with transaction() as session:
        find_delivery(session, actor, delivery_id)
        verb = "dry_run" if is_dry else "replay"
        events.record(session, f"webhook_delivery:{verb}", "webhook_delivery", resource_id=delivery_id)
        if not is_dry:
            return _replay(session, delivery_id, is_dry=False)
    return _look(delivery_id)


def start_replay(actor: Actor, wanted: InboxFilter) -> InboxReplay:
    """Have many deliveries applied again by a job."""
    with transaction() as session:
        return begin_replay(session, actor, wanted)


def begin_replay(session: Session, actor: Actor, wanted: InboxFilter) -> InboxReplay:
    """Note a replay of many and leave its job, within the caller's transaction; raises NotFound for whose it is not."""
    if wanted.integration_id is not None:
        own = GatewayIntegration.practice_id == actor.practice_id, GatewayIntegration.id == wanted.integration_id
        if session.scalar(select(GatewayIntegration.id).where(*own)) is None:
            raise NotFound
    count = matching(actor.practice_id, wanted).with_only_columns(WebhookDelivery.id).subquery()
    replay = InboxReplay(
        id=new_id(), practice_id=actor.practice_id, created_by=actor.user_id, state="queued", wanted=_written(wanted),
        total=session.scalar(select(func.count()).select_from(count)) or 0, done=0, created=0, corrected=0,
    )  # fmt: skip
    session.add(replay)
    session.flush()
    session.refresh(replay)
    leave_job(session, REPLAY_INBOX, practice_id=actor.practice_id, replay_id=replay.id)
    return replay


def get_replay(actor: Actor, replay_id: UUID) -> InboxReplay:
    """Return how far a replay of many is; raises NotFound."""
    with transaction() as session:
        ours = (InboxReplay.practice_id == actor.practice_id, InboxReplay.id == replay_id)
        replay = session.scalar(select(InboxReplay).where(*ours))
        if replay is None:
            raise NotFound
        return replay


def run_replay(practice_id: UUID, replay_id: UUID) -> None:
    """Replay many deliveries, or go on where it was left: each with the note that it is done, in one transaction."""
    context.bind(practice_id=practice_id)
    while _replay_next(replay_id):
        pass


def _replay_next(replay_id: UUID) -> bool:
    with transaction() as session:
        wait_patiently(session)
        replay = session.scalar(select(InboxReplay).where(InboxReplay.id == replay_id).with_for_update())
        if replay is None or replay.state == "done":
            return False
        context.bind(user_id=replay.created_by)
        delivery_id = _following(session, replay)
        if delivery_id is None:
            replay.state, replay.finished_at = "done", now()
            return False
        result = _replay(session, delivery_id, is_dry=False)
        replay.state, replay.cursor, replay.done = "running", delivery_id, replay.done + 1
        replay.created += result.count(Change.CREATE)
        replay.corrected += result.count(Change.CORRECT)
        return True


def _following(session: Session, replay: InboxReplay) -> UUID | None:
    """Return the next delivery in the order in which they came; one that comes later is no part of it."""
    wanted = matching(replay.practice_id, _read(replay.wanted)).where(
        WebhookDelivery.state != DeliveryState.REJECTED.value, WebhookDelivery.received_at <= replay.created_at
    )
    if replay.cursor is not None:
        wanted = wanted.where(WebhookDelivery.id > replay.cursor)
    return session.scalar(wanted.with_only_columns(WebhookDelivery.id).order_by(WebhookDelivery.id).limit(1))


def _look(delivery_id: UUID) -> ReplayResult:
    with apart():
        try:
            with transaction() as session:
                _take_back(_replay(session, delivery_id, is_dry=True))
        except _OnlyLooking as looked:
            return looked.result


def _take_back(result: ReplayResult) -> NoReturn:
    raise _OnlyLooking(result)


def _replay(session: Session, delivery_id: UUID, *, is_dry: bool) -> ReplayResult:
    delivery = lock_delivery(session, delivery_id)
    if delivery is None:
        raise NotFound
    if delivery.state == DeliveryState.REJECTED:
        raise Conflict(_REJECTED)
    messages = read_delivery(session, delivery)
    changes = [] if messages is None else apply_messages(session, delivery, messages)
    if messages is not None:
        finish(session, delivery)
    session.flush()
    for one in changes:
        session.refresh(one.item)
        if is_dry:
            session.expunge(one.item)  # it is shown as it would have been
    return ReplayResult(delivery.id, is_dry, delivery.state, delivery.problem, changes)


def _written(wanted: InboxFilter) -> dict[str, Any]:
    told = {
        "integration_id": wanted.integration_id, "state": wanted.state, "since": wanted.since, "until": wanted.until,
        "device": wanted.device,
    }  # fmt: skip
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in told.items()
        if value is not None
    }


def _read(written: dict[str, Any]) -> InboxFilter:
    return InboxFilter(
        integration_id=UUID(written["integration_id"]) if "integration_id" in written else None,
        state=DeliveryState(written["state"]) if "state" in written else None,
        since=datetime.fromisoformat(written["since"]) if "since" in written else None,
        until=datetime.fromisoformat(written["until"]) if "until" in written else None,
        device=written.get("device"),
    )
