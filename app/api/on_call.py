"""Who is on call (`/api/v1/triage/on-call/`), and how soon alerts are due (`/api/v1/triage/settings/`)."""

from typing import Any

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.roles import Permission
from app.domain.triage.on_call import OnCallSlot
from app.schemas.on_call import (
    OnCallNowSchema,
    ScheduleBodySchema,
    ScheduleSchema,
    TriageSettingsBodySchema,
    TriageSettingsSchema,
)
from app.services.triage.on_call import (
    Schedule,
    get_schedule,
    replace_schedule,
    set_warning_minutes,
    who_is_on_call_now,
)
from app.web.responses import etag, expected_version
from app.web.security import actor, requires

on_call = EndpointGroup("on_call", __name__, path="triage", description="Who is on call, and how soon alerts are due")


def _tagged(schedule: Schedule) -> Any:
    return schedule, etag(schedule.version)


@on_call.route("/on-call/")
class OnCallSchedule(MethodView):
    """The practice's schedule."""

    @requires(Permission.READ_TRIAGE)
    @on_call.response(200, ScheduleSchema)
    def get(self) -> Any:
        """Return the schedule."""
        return _tagged(get_schedule(actor()))

    @requires(Permission.SET_ON_CALL)
    @on_call.arguments(ScheduleBodySchema)
    @on_call.response(200, ScheduleSchema)
    def put(self, slots: tuple[OnCallSlot, ...]) -> Any:
        """Set the whole schedule."""
        return _tagged(replace_schedule(actor(), slots, expected_version()))


@on_call.route("/on-call/now/")
class OnCallNow(MethodView):
    """Who it is now."""

    @requires(Permission.READ_TRIAGE)
    @on_call.response(200, OnCallNowSchema)
    def get(self) -> Any:
        """Say who is on call at this moment."""
        return who_is_on_call_now(actor())


@on_call.route("/settings/")
class TriageSettings(MethodView):
    """How soon alerts are due."""

    @requires(Permission.READ_TRIAGE)
    @on_call.response(200, TriageSettingsSchema)
    def get(self) -> Any:
        """Return the reaction times."""
        return _tagged(get_schedule(actor()))

    @requires(Permission.SET_ON_CALL)
    @on_call.arguments(TriageSettingsBodySchema)
    @on_call.response(200, TriageSettingsSchema)
    def put(self, wanted: dict[str, Any]) -> Any:
        """Set how soon a warning must be acknowledged."""
        return _tagged(set_warning_minutes(actor(), wanted["warning_minutes"], expected_version()))
