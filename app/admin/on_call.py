"""The page of who is on call, with the form that sets it; and the practice's time to react."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page
from app.admin.forms import NO_REFUSAL, Refusal, attempt, version_seen, whole
from app.domain.roles import Permission
from app.domain.triage.escalation import can_answer
from app.schemas.on_call import WEEKDAYS, ScheduleBodySchema, TriageSettingsBodySchema
from app.services.accounts.staff import list_staff
from app.services.triage.on_call import get_schedule, replace_schedule, set_warning_minutes, who_is_on_call_now
from app.web.security import actor

_SPARE = 3
_COLUMNS = ("user_id", "day", "date", "starts", "ends")


@console_page("/on-call", Permission.READ_TRIAGE)
def on_call() -> ResponseReturnValue:
    """Show the schedule, and who it is now."""
    return _page()


@console_page("/on-call/set", Permission.SET_ON_CALL, methods=("POST",))
def set_on_call() -> ResponseReturnValue:
    """Set the whole schedule; a line without a person is left out."""
    return _after(attempt("schedule", _set))


@console_page("/on-call/reaction", Permission.SET_ON_CALL, methods=("POST",))
def set_reaction() -> ResponseReturnValue:
    """Set how soon a warning must be acknowledged."""
    return _after(attempt("reaction", _react))


def _after(done: UUID | Refusal) -> ResponseReturnValue:
    return _page(done) if isinstance(done, Refusal) else redirect(url_for("admin.on_call"), 303)


def _page(refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    schedule = get_schedule(actor())
    staff = [one for one in list_staff(actor()) if one.is_active and can_answer(one.role)]
    lines = _sent() if refusal.of("schedule") else [_line(shown.slot) for shown in schedule.shown_slots]
    page = render_template(
        "admin/on_call.html", schedule=schedule, now=who_is_on_call_now(actor()), staff=staff, refusal=refusal,
        lines=[*lines, *({} for _ in range(_SPARE))],
    )  # fmt: skip
    return page, refusal.status


def _line(slot: Any) -> dict[str, str]:
    return {
        "user_id": str(slot.user_id),
        "day": "" if slot.weekday is None else WEEKDAYS[slot.weekday],
        "date": "" if slot.on is None else slot.on.isoformat(),
        "starts": slot.starts.strftime("%H:%M"),
        "ends": slot.ends.strftime("%H:%M"),
    }


def _sent() -> list[dict[str, str]]:
    """Return the lines of the form in which a person is chosen."""
    columns = [request.form.getlist(name) for name in _COLUMNS]
    lines = [dict(zip(_COLUMNS, line, strict=True)) for line in zip(*columns, strict=False)]
    return [line for line in lines if line["user_id"].strip()]


def _set() -> UUID:
    slots = [
        {
            "user_id": whole(line["user_id"]), "weekday": line["day"] or None, "on": line["date"] or None,
            "starts": line["starts"], "ends": line["ends"],
        }
        for line in _sent()
    ]  # fmt: skip
    replace_schedule(actor(), ScheduleBodySchema().load({"slots": slots}), version_seen())
    return actor().practice_id


def _react() -> UUID:
    body = {"warning_minutes": whole(request.form.get("warning_minutes", ""))}
    set_warning_minutes(actor(), TriageSettingsBodySchema().load(body)["warning_minutes"], None)
    return actor().practice_id
