"""Looking into the inbox: the list of deliveries, and one with its payload and what became of each message in it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, defer

from app.audit import events
from app.domain.actor import Actor
from app.domain.devices.identity import identifier_key
from app.domain.errors import NotFound
from app.domain.inbox import InboxFilter, InboxQuery, ItemState, problem_in_words, shown_body
from app.domain.paging import Page
from app.models import GatewayIntegration, InboxItem, WebhookDelivery
from app.services.transaction import transaction


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """A delivery of the list: whose it is, and how many messages of it stand where."""

    delivery: WebhookDelivery
    integration: GatewayIntegration
    counts: dict[str, int]
    devices: list[str]
    item_problem: str | None = None

    @property
    def problem(self) -> str | None:
        """Why it waits, as a sentence: the whole of it, or the first of its messages that does."""
        return problem_in_words(self.delivery.problem or self.item_problem)


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One message of a delivery."""

    item: InboxItem

    @property
    def problem(self) -> str | None:
        """Why it waits or was left out, as a sentence."""
        return problem_in_words(self.item.problem)


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """One delivery whole; secrets are struck out of headers and payload."""

    line: DeliveryLine
    items: list[ItemLine]
    headers: dict[str, Any]
    payload: str

    @property
    def orphan_devices(self) -> list[str]:
        """The numbers of the devices that are not known, or that nobody held."""
        waiting = (one.item for one in self.items if one.item.state == ItemState.ORPHAN)
        return sorted({item.device_key for item in waiting if item.device_key})


def list_deliveries(actor: Actor, query: InboxQuery) -> Page[DeliveryLine]:
    """Return one page of the practice's inbox; nothing of the payloads is opened."""
    with transaction() as session:
        found = matching(actor.practice_id, query.wanted)
        count = session.scalar(select(func.count()).select_from(found.with_only_columns(WebhookDelivery.id).subquery()))
        column = WebhookDelivery.received_at
        ordered = found.order_by(
            *(
                (column.desc(), WebhookDelivery.id.desc())
                if query.ordering.startswith("-")
                else (column, WebhookDelivery.id)
            )
        )
        page = ordered.options(defer(WebhookDelivery.body_enc), defer(WebhookDelivery.headers_enc))
        rows = list(session.scalars(page.offset(query.paging.offset).limit(query.paging.page_size)))
        events.record(session, "webhook_delivery:list", "webhook_delivery")
        return Page(_lines(session, actor, rows), count or 0, query.paging)


def read_inbox(actor: Actor, delivery_id: UUID) -> DeliveryReport:
    """Return one delivery with its payload, which is recorded; raises NotFound."""
    with transaction() as session:
        delivery = find_delivery(session, actor, delivery_id)
        events.record(session, "webhook_delivery:read", "webhook_delivery", resource_id=delivery.id)
        return _report(session, actor, delivery)


def find_delivery(session: Session, actor: Actor, delivery_id: UUID) -> WebhookDelivery:
    """Return a delivery of the practice; raises NotFound."""
    ours = (WebhookDelivery.practice_id == actor.practice_id, WebhookDelivery.id == delivery_id)
    delivery = session.scalar(select(WebhookDelivery).where(*ours))
    if delivery is None:
        raise NotFound
    return delivery


def matching(practice_id: UUID, wanted: InboxFilter) -> Select[WebhookDelivery]:
    """Return the query of the deliveries that a filter asks for."""
    return select(WebhookDelivery).where(*_conditions(practice_id, wanted))


def _conditions(practice_id: UUID, wanted: InboxFilter) -> list[ColumnElement[bool]]:
    found = [WebhookDelivery.practice_id == practice_id]
    if wanted.integration_id is not None:
        found.append(WebhookDelivery.integration_id == wanted.integration_id)
    if wanted.state is not None:
        found.append(WebhookDelivery.state == wanted.state.value)
    if wanted.since is not None:
        found.append(WebhookDelivery.received_at >= wanted.since)
    if wanted.until is not None:
        found.append(WebhookDelivery.received_at < wanted.until)
    if wanted.device:
        of_device = select(InboxItem.delivery_id).where(
            InboxItem.practice_id == practice_id, InboxItem.device_key == identifier_key(wanted.device)
        )
        found.append(WebhookDelivery.id.in_(of_device))
    return found


def _lines(session: Session, actor: Actor, rows: Sequence[WebhookDelivery]) -> list[DeliveryLine]:
    ids = [row.id for row in rows]
    integrations = {
        one.id: one
        for one in session.scalars(
            select(GatewayIntegration).where(
                GatewayIntegration.practice_id == actor.practice_id,
                GatewayIntegration.id.in_({row.integration_id for row in rows}),
            )
        )
    }
    items = session.execute(
        select(InboxItem.delivery_id, InboxItem.state, InboxItem.device_key, InboxItem.problem)
        .where(InboxItem.practice_id == actor.practice_id, InboxItem.delivery_id.in_(ids))
        .order_by(InboxItem.position)
    ).all()
    return [_line(row, integrations[row.integration_id], [one for one in items if one[0] == row.id]) for row in rows]


def _line(
    delivery: WebhookDelivery, integration: GatewayIntegration, items: Iterable[tuple[Any, ...]] | Any
) -> DeliveryLine:
    counts: dict[str, int] = {}
    devices: dict[str, None] = {}
    waits = None
    for _, state, device, problem in items:
        counts[state] = counts.get(state, 0) + 1
        if device:
            devices[device] = None
        if state == ItemState.QUARANTINED:
            waits = waits or problem
    return DeliveryLine(delivery, integration, counts, list(devices), waits)


def _report(session: Session, actor: Actor, delivery: WebhookDelivery) -> DeliveryReport:
    (line,) = _lines(session, actor, [delivery])
    items = session.scalars(
        select(InboxItem)
        .where(InboxItem.practice_id == actor.practice_id, InboxItem.delivery_id == delivery.id)
        .order_by(InboxItem.position)
    )
    return DeliveryReport(line, [ItemLine(item) for item in items], delivery.headers or {}, shown_body(delivery.body))
