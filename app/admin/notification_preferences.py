"""How one wants to be told: channels for each event, quiet hours, the digest, phones."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page
from app.admin.forms import REFUSALS, Refusal, refused, shown, version_seen, whole
from app.admin.patient_forms import US_ZONES
from app.domain.notifications.events import CHOOSABLE, EVENTS, Level
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.notifications import PreferencesChangesSchema
from app.services.notifications.preferences import change_preferences, get_preferences
from app.services.notifications.push_tokens import MAX_TOKENS, list_push_tokens, remove_push_token
from app.web.security import actor

_OPTIONAL = ("quiet_start", "quiet_end", "timezone", "phone")


@console_page("/notifications/preferences", Permission.SIGNED_IN)
def notification_preferences() -> ResponseReturnValue:
    """Show how one is told now."""
    return _page()


@console_page("/notifications/preferences", Permission.SIGNED_IN, methods=("POST",))
def change_notification_preferences() -> ResponseReturnValue:
    """Change it."""
    try:
        change_preferences(actor(), PreferencesChangesSchema().load(_entered()), version_seen())
    except REFUSALS as error:
        return _page(refused(error))
    flash("Your preferences were saved.")
    return redirect(url_for("admin.notification_preferences"), 303)


@console_page("/notifications/phones/<uuid:push_token_id>/remove", Permission.SIGNED_IN, methods=("POST",))
def remove_phone(push_token_id: UUID) -> ResponseReturnValue:
    """Take a phone off."""
    remove_push_token(actor(), push_token_id)
    flash("The phone was removed.")
    return redirect(url_for("admin.notification_preferences"), 303)


def _page(problem: Refusal | None = None) -> ResponseReturnValue:
    phones = list_push_tokens(actor(), PageRequest(page_size=MAX_TOKENS))
    return shown(
        "admin/notification_preferences.html", problem, own=get_preferences(actor()), phones=phones.items,
        kinds={event.value: EVENTS[event] for event in CHOOSABLE}, critical=Level.CRITICAL, zones=US_ZONES,
    )  # fmt: skip


def _entered() -> dict[str, Any]:
    """Return the form as the API's body: what is blank is null, a box that is not ticked is not in the list."""
    form = request.form
    entered: dict[str, Any] = {name: form.get(name, "").strip() or None for name in _OPTIONAL}
    hour = form.get("digest_hour", "")
    entered["digest_hour"] = whole(hour) if hour else None
    entered["channels"] = {event.value: form.getlist(event.value) for event in CHOOSABLE}
    return entered
