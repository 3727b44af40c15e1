"""Fetching what a vendor only gave notice of: the pages are stored as they came, then read like any delivery.

The vendor is asked outside of any transaction, but for a new token (see accounts.py), and only by the tokens of the
account that the notice names.
"""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.audit import context
from app.domain.inbox import DeliveryKind, ItemState
from app.gateways.messages import FetchOrder, Unreadable
from app.gateways.withings import MEASURE_TYPES
from app.integrations import ihealth_client, withings_client
from app.integrations.ihealth_client import Asked, IHealthApp, IHealthClient
from app.integrations.vendor_calls import Tokens, VendorRefused, VendorUnavailable
from app.integrations.withings_client import Window, WithingsApp, WithingsClient
from app.models import GatewayIntegration, InboxItem, WebhookDelivery
from app.services.gateways.accounts import Key, key_of, note_refused, renewed
from app.services.gateways.applying import integration_of, messages_of, order_in
from app.services.gateways.receiving import Incoming, act_for, new_delivery, store
from app.services.transaction import now, transaction

_IN_PASSING = 50
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be fetched for an item, and from where."""

    item_id: UUID
    integration: GatewayIntegration
    settings: dict[str, str]
    order: FetchOrder

    @property
    def vendor(self) -> str:
        """Who is asked."""
        return self.integration.vendor

    @property
    def question(self) -> tuple[object, ...]:
        """What the vendor is asked; notices with the same question have the same answer."""
        return self.order.subject, self.order.collection, self.order.since, self.order.until


def fetch_from_vendor(practice_id: UUID, item_id: UUID) -> None:
    """Fetch what a notice ordered and store it, unless that is done; raises VendorUnavailable.

    Then go on with what else waits of the same integration: its jobs run one after another (the vendor's tokens work
    once), and would be taken up slowly after a burst of notices. They find their work done. One answer serves all
    notices with the same question that were here before it was asked.
    """
    context.bind(practice_id=practice_id)
    same = _waiting_with(item_id)
    own = same.pop(item_id, None)
    if own:
        _fetch_for(own)
    with suppress(VendorUnavailable):  # the jobs of those try again, each by itself
        for others in same.values():
            _fetch_for(others)


def _waiting_with(item_id: UUID) -> dict[UUID, list[UUID]]:
    """Return what waits of an item's integration, by the first of each question; raises Unreadable for the item's."""
    with transaction() as session:
        item = session.scalar(select(InboxItem).where(InboxItem.id == item_id))
        if item is None:
            return {}
        waiting = session.scalars(_waiting(item).limit(_IN_PASSING)).all()
        groups: dict[tuple[object, ...], list[UUID]] = {}
        if item.state == ItemState.WAITING:
            groups[_read(session, item).question] = [item_id]
        for one in (other for other in waiting if other.id != item_id):
            with suppress(Unreadable):
                groups.setdefault(_read(session, one).question, []).append(one.id)
        return {ids[0]: ids for ids in groups.values()}


def _waiting(item: InboxItem) -> Select[InboxItem]:
    """Return the query of the newest notices that wait of an integration: the oldest may wait because they fail."""
    waits = (
        InboxItem.practice_id == item.practice_id,
        InboxItem.state == ItemState.WAITING.value,
        InboxItem.integration_id == item.integration_id,
    )
    return select(InboxItem).where(*waits).order_by(InboxItem.created_at.desc())


def _fetch_for(item_ids: list[UUID]) -> None:
    """Fetch what the first of these items orders, and settle all of them."""
    task, key = _task(item_ids[0])
    if task is None:
        return
    if key is None:
        _give_up(task.item_id, "not_linked")
        return
    try:
        pages = _fetch(task, key)
    except VendorRefused:
        note_refused(key)
        _give_up(task.item_id, "vendor_refused")
        return
    _keep(item_ids, pages)


def give_up_fetching(practice_id: UUID, item_id: UUID) -> None:
    """Note that a fetch failed for the last time; a replay tries again."""
    context.bind(practice_id=practice_id)
    _give_up(item_id, "fetch_failed")


def _task(item_id: UUID) -> tuple[_Task | None, Key | None]:
    """Return what is to be fetched for an item, if it waits, and what lets us into the account that has it."""
    with transaction() as session:
        item = session.scalar(select(InboxItem).where(InboxItem.id == item_id))
        if item is None or item.state != ItemState.WAITING:
            return None, None
        task = _read(session, item)
        act_for(item.practice_id, task.integration.id)
        return task, key_of(session, task.integration, task.order.subject)


def _read(session: Session, item: InboxItem) -> _Task:
    """Return what an item's notice orders; raises Unreadable."""
    notice = session.scalars(select(WebhookDelivery).where(WebhookDelivery.id == item.delivery_id)).one()
    integration = integration_of(session, notice)
    order = order_in(messages_of(session, notice, integration), item.dedup_key)
    settings = {**integration.options, **(integration.credentials or {})}
    return _Task(item.id, integration, settings, order)


def _fetch(task: _Task, key: Key) -> tuple[bytes, ...]:
    """Ask with the token that the account has, and once more with a new one; raises VendorRefused."""
    if key.access is not None:
        with suppress(VendorRefused):
            return _ask(task, key.access)
    return _ask(task, renewed(key, partial(_refreshed, task)).access or "")


def _ask(task: _Task, token: str) -> tuple[bytes, ...]:
    return (_ask_withings if task.vendor == "withings" else _ask_ihealth)(task, token)


def _ask_withings(task: _Task, token: str) -> tuple[bytes, ...]:
    window = Window(MEASURE_TYPES[task.order.collection], task.order.since, task.order.until)
    return WithingsClient(_withings(task)).measures(token, window)


def _ask_ihealth(task: _Task, token: str) -> tuple[bytes, ...]:
    asked = Asked(task.order.subject, task.order.collection, task.order.since, task.order.until)
    return IHealthClient(_ihealth(task)).data(token, asked)


def _refreshed(task: _Task, token: str) -> Tokens:
    if task.vendor == "withings":
        return WithingsClient(_withings(task)).refresh(token, now())
    return IHealthClient(_ihealth(task)).refresh(task.order.subject, token)


def _withings(task: _Task) -> WithingsApp:
    told = task.settings
    base = told.get("api_base_url") or withings_client.BASE_URL
    return WithingsApp(told.get("client_id", ""), told.get("client_secret", ""), base)


def _ihealth(task: _Task) -> IHealthApp:
    told = task.settings
    pairs = (pair.partition("=")[::2] for pair in told.get("service_keys", "").split(",") if "=" in pair)
    return IHealthApp(
        told.get("client_id", ""), told.get("client_secret", ""), told.get("redirect_uri", ""),
        told.get("client_key", ""), dict(pairs), told.get("api_base_url") or ihealth_client.BASE_URL,
    )  # fmt: skip


def _keep(item_ids: list[UUID], pages: tuple[bytes, ...]) -> None:
    """Store the pages as the answer to the first item that still waits, and settle all, in one transaction."""
    with transaction() as session:
        wanted = select(InboxItem).where(InboxItem.id.in_(item_ids), InboxItem.state == ItemState.WAITING.value)
        waiting = session.scalars(wanted.order_by(InboxItem.id).with_for_update()).all()
        if not waiting:
            return
        notice = session.scalars(select(WebhookDelivery).where(WebhookDelivery.id == waiting[0].delivery_id)).one()
        integration = integration_of(session, notice)
        for page in pages:
            incoming = Incoming(page, _JSON, {}, kind=DeliveryKind.FETCHED)
            store(session, integration, new_delivery(integration, incoming, **_answering(waiting[0])))
        for item in waiting:
            item.state, item.problem = ItemState.APPLIED.value, None


def _answering(item: InboxItem) -> dict[str, object]:
    return {"parent_id": item.delivery_id, "parent_position": item.position}


def _give_up(item_id: UUID, problem: str) -> None:
    with transaction() as session:
        item = session.scalars(select(InboxItem).where(InboxItem.id == item_id).with_for_update()).one()
        if item.state == ItemState.WAITING:
            item.state, item.problem = ItemState.QUARANTINED.value, problem
            notice = session.scalars(select(WebhookDelivery).where(WebhookDelivery.id == item.delivery_id)).one()
            notice.state = "quarantined"
