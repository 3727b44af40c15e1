"""Reading a delivery and applying what it says, as a job or again as a replay.

Some messages, their readings and their items are one transaction: whoever is killed in between has done either all
of them or none, and the next one goes on behind them. The adapters are pure, so the same bytes say the same again.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.audit import context
from app.domain.actor import gateway
from app.domain.errors import NotFound
from app.domain.inbox import (
    MAX_TRIES,
    OPEN_STATES,
    Change,
    DeliveryKind,
    DeliveryState,
    ItemState,
    problem_in_words,
    state_of,
)
from app.gateways.messages import FetchOrder, Message, Unreadable, VitalReading
from app.gateways.registry import parse, parse_fetched
from app.models import GatewayIntegration, InboxItem, Observation, WebhookDelivery
from app.models.base import new_id
from app.models.observation import reading_of
from app.services.gateways.items import KINDS, Work, apply_message
from app.services.gateways.locking import lock_all, wait_patiently
from app.services.gateways.receiving import act_for
from app.services.transaction import now, transaction

_AT_ONCE = 25  # their patients wait meanwhile, and who posts a reading of one is told to come back after 2 seconds
_BROKEN = "An error of ours: the operator finds more in the log."


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What applying one message did, or would do."""

    item: InboxItem
    change: Change
    values: dict[str, Decimal]
    replaces: dict[str, Decimal]

    @property
    def problem(self) -> str | None:
        """Why it waits or was left out, as a sentence."""
        return problem_in_words(self.item.problem)


def apply_delivery(practice_id: UUID, delivery_id: UUID) -> None:
    """Apply a stored delivery, or go on where it was left; does nothing when that is done or given up."""
    context.bind(practice_id=practice_id)
    messages = _begin(delivery_id)
    is_done = False
    try:
        for start in range(0, max(1, len(messages or ())), _AT_ONCE):
            if messages is not None:
                _apply_some(delivery_id, messages, start)
        is_done = True
    finally:
        if not is_done:
            _note_failure(delivery_id)


def _begin(delivery_id: UUID) -> Sequence[Message] | None:
    """Count the try and read the delivery; None when nothing is to be done."""
    with transaction() as session:
        delivery = lock_delivery(session, delivery_id)
        if delivery is None or delivery.state not in OPEN_STATES:
            return None
        act_for(delivery.practice_id, delivery.integration_id)
        delivery.attempts += 1
        if delivery.attempts > MAX_TRIES:
            delivery.state, delivery.problem, delivery.settled_at = DeliveryState.DEAD.value, _BROKEN, now()
            return None
        return read_delivery(session, delivery)


def _apply_some(delivery_id: UUID, messages: Sequence[Message], start: int) -> None:
    with transaction() as session:
        wait_patiently(session)
        delivery = lock_delivery(session, delivery_id)
        if delivery is None or delivery.state not in OPEN_STATES:
            return
        is_last = start + _AT_ONCE >= len(messages)
        apply_messages(session, delivery, messages, slice(start, start + _AT_ONCE))
        if is_last:
            finish(session, delivery)
        else:
            delivery.state = DeliveryState.PARSED.value


def _note_failure(delivery_id: UUID) -> None:
    """Say that a try failed; a database that is down must not hide why."""
    with suppress(SQLAlchemyError), transaction() as session:
        delivery = lock_delivery(session, delivery_id)
        if delivery is not None and delivery.state in OPEN_STATES:
            is_over = delivery.attempts >= MAX_TRIES
            delivery.state = (DeliveryState.DEAD if is_over else DeliveryState.FAILED).value
            delivery.problem = _BROKEN


def lock_delivery(session: Session, delivery_id: UUID) -> WebhookDelivery | None:
    """Return a delivery of the practice that is acted for; others who apply it wait."""
    query = select(WebhookDelivery).where(WebhookDelivery.id == delivery_id).with_for_update()
    return session.scalar(query, execution_options={"populate_existing": True})


def read_delivery(session: Session, delivery: WebhookDelivery) -> Sequence[Message] | None:
    """Return what a delivery says; None, and the reason noted, when it cannot be read."""
    integration = integration_of(session, delivery)
    try:
        return messages_of(session, delivery, integration)
    except Unreadable as reason:
        delivery.state, delivery.problem = DeliveryState.QUARANTINED.value, str(reason)
        delivery.settled_at = now()
        return None


def messages_of(session: Session, delivery: WebhookDelivery, integration: GatewayIntegration) -> tuple[Message, ...]:
    """Return what a delivery says, a fetched page in the light of the order that it answers; raises Unreadable."""
    headers = delivery.headers or {}
    if delivery.kind != DeliveryKind.FETCHED:
        return parse(integration.vendor, delivery.body, delivery.content_type, headers, integration.options)
    order = _order_of(session, delivery, integration)
    return parse_fetched(integration.vendor, delivery.body, order, integration.options)


def _order_of(session: Session, page: WebhookDelivery, integration: GatewayIntegration) -> FetchOrder:
    notice = session.scalar(select(WebhookDelivery).where(WebhookDelivery.id == page.parent_id))
    asked = session.scalar(
        select(InboxItem.dedup_key).where(
            InboxItem.delivery_id == page.parent_id, InboxItem.position == page.parent_position
        )
    )
    if notice is None:
        raise Unreadable("The notice that this answers is gone.")
    return order_in(messages_of(session, notice, integration), asked)


def order_in(messages: Sequence[Message], key: str | None) -> FetchOrder:
    """Return the order of that key; raises Unreadable."""
    orders = (one for one in messages if isinstance(one, FetchOrder) and one.dedup_key == key)
    order = next(orders, None)
    if order is None:
        raise Unreadable("The notice does not order anything to be fetched.")
    return order


def integration_of(session: Session, delivery: WebhookDelivery) -> GatewayIntegration:
    """Return a delivery's integration; raises NotFound."""
    integration = session.scalar(select(GatewayIntegration).where(GatewayIntegration.id == delivery.integration_id))
    if integration is None:
        raise NotFound
    return integration


def apply_messages(
    session: Session, delivery: WebhookDelivery, messages: Sequence[Message], part: slice = slice(None)
) -> list[ItemChange]:
    """Apply some of a delivery's messages, each with its item, and return what that did."""
    integration = integration_of(session, delivery)
    actor = gateway(delivery.practice_id, integration.id)
    work = Work(session, actor, integration, delivery)
    done = []
    pairs = _with_items(session, delivery, messages)[part]
    if len(pairs) > 1:
        lock_all(session, delivery.practice_id, [message for message, _ in pairs])
    for message, item in pairs:
        change = apply_message(work, message, item)
        session.add(item)  # a new one is written once, as it ends
        session.flush()
        replaces = _replaced(session, item) if change is Change.CORRECT else {}
        done.append(ItemChange(item, change, _values(message), replaces))
    return done


def finish(session: Session, delivery: WebhookDelivery) -> None:
    """Note where a delivery stands, now that all its items are done."""
    session.flush()
    states = session.scalars(select(InboxItem.state).where(InboxItem.delivery_id == delivery.id))
    delivery.state, delivery.problem = state_of(ItemState(state) for state in states).value, None
    delivery.settled_at = now()


def _with_items(
    session: Session, delivery: WebhookDelivery, messages: Sequence[Message]
) -> list[tuple[Message, InboxItem]]:
    """Return each message with its item: that of its key, else the one in its place if it may be the same, else new.

    What is read differently after a change of settings may stand elsewhere in the list; an item is never another's.
    """
    kept = list(session.scalars(select(InboxItem).where(InboxItem.delivery_id == delivery.id)))
    by_key = {item.dedup_key: item for item in kept if item.dedup_key}
    by_place = {item.position: item for item in kept}
    free = {item.position for item in kept} - {by_key[key].position for key in map(_key, messages) if key in by_key}
    following = max(by_place, default=-1)
    pairs = []
    for place, message in enumerate(messages):
        item = by_key.get(_key(message) or "")
        if item is None and place in free and _may_be(by_place[place], message):
            item = by_place[place]
            free.discard(place)
        if item is None:
            following = max(following + 1, place) if place not in by_place else following + 1
            item = _new_item(delivery, following, message)
        pairs.append((message, item))
    return pairs


def _may_be(item: InboxItem, message: Message) -> bool:
    """Say whether an item without this message's key may be of the same message: nothing of another reading's."""
    if item.observation_id is None:
        return True
    is_same_instant = isinstance(message, VitalReading) and item.measured_at == message.measured_at
    return is_same_instant and item.observation_type == getattr(message, "observation_type", None)


def _new_item(delivery: WebhookDelivery, position: int, message: Message) -> InboxItem:
    return InboxItem(
        id=new_id(), practice_id=delivery.practice_id, delivery_id=delivery.id,
        integration_id=delivery.integration_id, position=position,
        kind=KINDS[type(message)].value, state=ItemState.IGNORED.value,
    )  # fmt: skip


def _key(message: Message) -> str | None:
    return getattr(message, "dedup_key", None)


def _replaced(session: Session, item: InboxItem) -> dict[str, Decimal]:
    """Return the values of the reading that an item's reading corrects, if it names one."""
    corrects = select(Observation.corrects_id).where(
        Observation.practice_id == item.practice_id,
        Observation.id == item.observation_id,
        Observation.measured_at == item.measured_at,
    )
    old = session.scalar(
        select(Observation).where(
            Observation.practice_id == item.practice_id, Observation.id == corrects.scalar_subquery()
        )
    )
    values = reading_of(old).values if old else {}
    return {name: value for name, value in values.items() if value is not None}


def _values(message: Message) -> dict[str, Decimal]:
    if not isinstance(message, VitalReading):
        return {}
    return {name: one.value for name, one in message.measures.items()}
