"""Where one is signed in, this browser and programs alike."""

from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.domain.roles import Permission
from app.schemas.auth import SessionQuerySchema
from app.services.accounts.open_sessions import end_one, end_others, list_sessions
from app.web.security import actor


@console_page("/sessions", Permission.SIGNED_IN)
def sessions() -> ResponseReturnValue:
    """List one's living sessions."""
    return render_template("admin/sessions.html", page=list_sessions(actor(), load_query(SessionQuerySchema())))


@console_page("/sessions/<uuid:session_id>/end", Permission.SIGNED_IN, methods=("POST",))
def end_session(session_id: UUID) -> ResponseReturnValue:
    """End one of one's sessions."""
    end_one(actor(), session_id)
    flash("The session was ended.")
    return redirect(url_for("admin.sessions"), 303)


@console_page("/sessions/end-others", Permission.SIGNED_IN, methods=("POST",))
def end_other_sessions() -> ResponseReturnValue:
    """Sign out everywhere but here."""
    end_others(actor())
    flash("You are signed out everywhere else.")
    return redirect(url_for("admin.sessions"), 303)
