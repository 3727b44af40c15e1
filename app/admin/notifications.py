"""What one was told: the list, and the bell in the header that says how much of it is new."""

from typing import Any
from uuid import UUID

from flask import flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console, console_page, is_htmx, load_query
from app.domain.roles import Permission
from app.schemas.notifications import NotificationQuerySchema
from app.services.notifications.inbox import count_unread, list_notifications, mark_all_read, mark_read
from app.web.security import actor


@console_page("/notifications", Permission.SIGNED_IN)
def notifications() -> ResponseReturnValue:
    """List one's notifications, newest first."""
    query = load_query(NotificationQuerySchema())
    return render_template("admin/notifications.html", page=list_notifications(actor(), query), query=query)


@console_page("/notifications/unread", Permission.SIGNED_IN)
def bell() -> ResponseReturnValue:
    """Say how many are unread; the header asks every minute and takes the bell out of this page."""
    return render_template("admin/unread.html")


@console_page("/notifications/<uuid:notification_id>/read", Permission.SIGNED_IN, methods=("POST",))
def read_notification(notification_id: UUID) -> ResponseReturnValue:
    """Mark one as read; htmx gets the line anew, and the bell with it."""
    told = mark_read(actor(), notification_id)
    if is_htmx():
        return render_template("admin/_notification_read.html", told=told)
    return redirect(url_for("admin.notifications"), 303)


@console_page("/notifications/read", Permission.SIGNED_IN, methods=("POST",))
def read_notifications() -> ResponseReturnValue:
    """Mark all as read."""
    count = mark_all_read(actor())
    flash(f"{count} marked as read." if count else "There was nothing new.")
    return redirect(url_for("admin.notifications"), 303)


@console.app_context_processor
def _bell() -> dict[str, Any]:
    return {"count_unread": _count}


def _count() -> int:
    """Return how many are unread, asked for only where a bell is shown; a page that tells of an error asks nothing."""
    return 0 if g.get("error_code") else count_unread(actor())
