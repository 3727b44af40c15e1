"""For administrators: who carries the practice's messages, and what became of those that failed."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.admin.forms import REFUSALS, Refusal, filled_in, refused, shown
from app.domain.errors import Conflict
from app.domain.notifications.settings import CARRIERS, USUAL_ADDRESSES, Slot
from app.domain.roles import Permission
from app.schemas.notifications import DeliveryQuerySchema, ProviderSettingsSchema
from app.services.accounts.staff import name_staff
from app.services.notifications.deliveries import count_deliveries, list_deliveries, retry_delivery
from app.services.notifications.providers import list_providers, save_provider
from app.web.security import actor

_FIELDS = ("slot", "carrier", "base_url", "account", "sender", "secret")


@console_page("/notifications/providers", Permission.MANAGE_INTEGRATIONS)
def notification_providers() -> ResponseReturnValue:
    """Show the practice's providers."""
    return _page()


@console_page("/notifications/providers", Permission.MANAGE_INTEGRATIONS, methods=("POST",))
def save_notification_provider() -> ResponseReturnValue:
    """Replace one of them."""
    entered: dict[str, Any] = {**filled_in(*_FIELDS), "is_active": "is_active" in request.form}
    try:
        save_provider(actor(), ProviderSettingsSchema().load(entered))
    except REFUSALS as error:
        return _page(refused(error), request.form.get("slot", ""))
    flash("The provider was saved.")
    return redirect(url_for("admin.notification_providers"), 303)


@console_page("/notifications/deliveries", Permission.MANAGE_INTEGRATIONS)
def notification_deliveries() -> ResponseReturnValue:
    """List how messages went out."""
    query = load_query(DeliveryQuerySchema())
    page = list_deliveries(actor(), query)
    names = name_staff(actor(), [one.user_id for one in page.items])
    counts = count_deliveries(actor())
    return shown("admin/notification_deliveries.html", page=page, query=query, names=names, counts=counts)


@console_page(
    "/notifications/deliveries/<uuid:sending_id>/retry", Permission.MANAGE_INTEGRATIONS, methods=("POST",)
)  # fmt: skip
def retry_notification(sending_id: UUID) -> ResponseReturnValue:
    """Have one tried again that was given up."""
    try:
        retry_delivery(actor(), sending_id)
        flash("It is tried again now.")
    except Conflict as refusal:
        flash(refusal.detail)
    return redirect(url_for("admin.notification_deliveries", state="dead"), 303)


def _page(problem: Refusal | None = None, wrong_slot: str = "") -> ResponseReturnValue:
    saved = {row.slot: row for row in list_providers(actor())}
    return shown(
        "admin/notification_providers.html", problem, saved=saved, wrong_slot=wrong_slot, slots=[*Slot][::-1],
        carriers=CARRIERS, usual=USUAL_ADDRESSES,
    )  # fmt: skip
