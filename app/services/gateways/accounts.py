"""Accounts at vendors that are fetched from: each lets us into its own data by its own tokens, until it is revoked.

A token is one person's. To ask with another's would bring that person's readings under this one's name, so nothing is
asked for an account without tokens, and new tokens are taken only if the vendor says that they are this account's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import NotFound, ValidationFailed
from app.domain.gateways import AccountState, NewAccount
from app.domain.paging import Page, PageRequest
from app.gateways.registry import VENDORS
from app.integrations.vendor_calls import Tokens, VendorRefused
from app.models import GatewayAccount, GatewayIntegration
from app.models.base import new_id
from app.services.gateways.locking import wait_for_vendor
from app.services.gateways.registration import find_gateway
from app.services.transaction import now, transaction

_PUSHES = "This vendor sends its readings by itself: there are no accounts to fetch from."


@dataclass(frozen=True, slots=True)
class Key:
    """What lets us into one account now; without an access token, one has to be asked for first."""

    account_id: UUID
    subject: str
    access: str | None = field(repr=False)


def list_accounts(actor: Actor, integration_id: UUID, paging: PageRequest) -> Page[GatewayAccount]:
    """Return one page of an integration's accounts; raises NotFound."""
    with transaction() as session:
        integration = find_gateway(session, actor, integration_id)
        ours = _of(integration)
        count = session.scalar(select(func.count()).select_from(ours.subquery())) or 0
        page = ours.order_by(GatewayAccount.subject).offset(paging.offset).limit(paging.page_size)
        return Page(list(session.scalars(page)), count, paging)


def link_account(actor: Actor, integration_id: UUID, new: NewAccount) -> GatewayAccount:
    """Link an account, or link it again; raises NotFound, and ValidationFailed where nothing is fetched."""
    with transaction() as session:
        integration = find_gateway(session, actor, integration_id, lock=True)
        if VENDORS[integration.vendor].parse_fetched is None:
            raise ValidationFailed({"subject": [_PUSHES]})
        account = session.scalar(_named(integration, new.subject).with_for_update()) or _new(session, integration, new)
        account.access_enc, account.refresh = None, new.refresh_token
        account.state, account.linked_at, account.revoked_at = AccountState.LINKED.value, now(), None
        account.refreshed_at = None
        events.record(session, "gateway_account:link", "gateway_account", resource_id=account.id)
        session.flush()
        session.refresh(account)
        return account


def revoke_account(actor: Actor, integration_id: UUID, account_id: UUID) -> GatewayAccount:
    """Forget an account's tokens; raises NotFound."""
    with transaction() as session:
        integration = find_gateway(session, actor, integration_id)
        account = session.scalar(_of(integration).where(GatewayAccount.id == account_id).with_for_update())
        if account is None:
            raise NotFound
        _revoke(session, account)
        session.flush()
        session.refresh(account)
        return account


def end_account(session: Session, integration: GatewayIntegration, subject: str, heard_at: datetime) -> bool:
    """Forget the tokens of an account whose end the vendor told; False when it is not ours, or was linked since."""
    account = session.scalar(_named(integration, subject).with_for_update())
    if account is None or account.linked_at > heard_at:
        return False
    _revoke(session, account)
    return True


def key_of(session: Session, integration: GatewayIntegration, subject: str) -> Key | None:
    """Return what lets us into an account, if it is linked."""
    account = session.scalar(_named(integration, subject))
    if account is None or account.state == AccountState.REVOKED:
        return None
    return Key(account.id, account.subject, account.access)


def renewed(key: Key, exchange: Callable[[str], Tokens]) -> Key:
    """Return a newer key than this one, which was refused: what another fetch got meanwhile, or a new one.

    The account's row is locked while the vendor is asked: a refresh token works once, so others wait for what this one
    gets, and that is committed before it is used. Raises VendorRefused.
    """
    with transaction() as session:
        wait_for_vendor(session)
        account = session.scalars(_one(key)).one()
        if account.state == AccountState.REVOKED or not account.refresh:
            raise VendorRefused
        if account.access != key.access:
            return Key(key.account_id, key.subject, account.access)
        tokens = exchange(account.refresh)
        if tokens.owner not in {None, account.subject}:
            raise VendorRefused
        account.access, account.refresh, account.refreshed_at = tokens.access, tokens.refresh, now()
        account.state = AccountState.LINKED.value
        return Key(key.account_id, key.subject, tokens.access)


def note_refused(key: Key) -> None:
    """Say of an account that its tokens are not taken, unless it was revoked or linked again meanwhile."""
    with transaction() as session:
        account = session.scalars(_one(key)).one()
        if account.state == AccountState.LINKED and account.access == key.access:
            account.state = AccountState.REFUSED.value


def _new(session: Session, integration: GatewayIntegration, new: NewAccount) -> GatewayAccount:
    account = GatewayAccount(
        id=new_id(), practice_id=integration.practice_id, integration_id=integration.id, subject=new.subject,
    )  # fmt: skip
    session.add(account)
    return account


def _revoke(session: Session, account: GatewayAccount) -> None:
    if account.state == AccountState.REVOKED:
        return
    account.access_enc = account.refresh_enc = None
    account.state, account.revoked_at = AccountState.REVOKED.value, now()
    events.record(session, "gateway_account:revoke", "gateway_account", resource_id=account.id)


def _of(integration: GatewayIntegration) -> Select[GatewayAccount]:
    return select(GatewayAccount).where(
        GatewayAccount.practice_id == integration.practice_id, GatewayAccount.integration_id == integration.id
    )


def _named(integration: GatewayIntegration, subject: str) -> Select[GatewayAccount]:
    return _of(integration).where(GatewayAccount.subject == subject)


def _one(key: Key) -> Select[GatewayAccount]:
    return select(GatewayAccount).where(GatewayAccount.id == key.account_id).with_for_update()
