"""Time spent on patients' care, and timers (`/api/v1/billing/time-logs/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.billing.time_logs import MonthQuery, NewTimeLog, TimeLogQuery
from app.domain.billing.timers import NewTimer, TimerEnd
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.base import NothingSchema, PageOnlySchema, page_of
from app.schemas.errors import TimeConflictSchema
from app.schemas.time_logs import (
    NewTimeLogSchema,
    RevisionSchema,
    TimeLogChangesSchema,
    TimeLogQuerySchema,
    TimeLogSchema,
    VoidTimeLogSchema,
)
from app.schemas.time_totals import MonthQuerySchema, TimeGapSchema, TimeTotalSchema
from app.schemas.timers import NewTimerSchema, OpenTimerSchema, StoppedTimerSchema, TimerEndSchema, TimerSchema
from app.services.billing.time_corrections import list_revisions, update_time_log, void_time_log
from app.services.billing.time_entries import ShownTimeLog, create_time_log
from app.services.billing.time_logs import get_time_log, list_time_logs
from app.services.billing.time_totals import list_gaps, list_totals
from app.services.billing.timers import find_timer, pause_timer, resume_timer, start_timer, stop_timer
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, requires

time_logs = EndpointGroup(
    "time_logs", __name__, path="billing/time-logs", description="Time spent on patients' care, and timers"
)
_CONFLICT = {"schema": TimeConflictSchema, "description": "This time is logged or running already; which rows say so."}


def _tagged(shown: ShownTimeLog) -> Any:
    return shown, etag(shown.log.version)


@time_logs.route("/")
class TimeLogs(MethodView):
    """Entries of time."""

    @requires(Permission.READ_TIME_LOGS)
    @time_logs.arguments(TimeLogQuerySchema, location="query")
    @time_logs.response(200, page_of(TimeLogSchema))
    def get(self, query: TimeLogQuery) -> Any:
        """List entries: one's own, or the practice's for those who may read them."""
        return page_body(list_time_logs(actor(), query))

    @requires(Permission.WRITE_TIME_LOGS)
    @time_logs.arguments(NewTimeLogSchema)
    @time_logs.response(201, TimeLogSchema)
    @time_logs.alt_response(409, **_CONFLICT)
    def post(self, new: NewTimeLog) -> Any:
        """Write an entry by hand."""
        return _tagged(create_time_log(actor(), new))


@time_logs.route("/<uuid:time_log_id>/")
class OneTimeLog(MethodView):
    """One entry."""

    @requires(Permission.READ_TIME_LOGS)
    @time_logs.response(200, TimeLogSchema)
    def get(self, time_log_id: UUID) -> Any:
        """Return one entry."""
        return _tagged(get_time_log(actor(), time_log_id))

    @requires(Permission.WRITE_TIME_LOGS)
    @time_logs.arguments(TimeLogChangesSchema)
    @time_logs.response(200, TimeLogSchema)
    @time_logs.alt_response(409, **_CONFLICT)
    def patch(self, changes: dict[str, Any], time_log_id: UUID) -> Any:
        """Correct an entry, with a reason; what it said before is kept."""
        reason = changes.pop("reason")
        return _tagged(update_time_log(actor(), time_log_id, changes, reason, expected_version()))


@time_logs.route("/<uuid:time_log_id>/void/")
class TimeLogVoid(MethodView):
    """Taking an entry out of every count."""

    @requires(Permission.WRITE_TIME_LOGS)
    @time_logs.arguments(VoidTimeLogSchema)
    @time_logs.response(200, TimeLogSchema)
    def post(self, given: dict[str, str], time_log_id: UUID) -> Any:
        """Void an entry; it stays on record and counts no more."""
        return _tagged(void_time_log(actor(), time_log_id, given["reason"], expected_version()))


@time_logs.route("/<uuid:time_log_id>/history/")
class TimeLogHistory(MethodView):
    """What an entry said before."""

    @requires(Permission.READ_TIME_LOGS)
    @time_logs.arguments(PageOnlySchema, location="query")
    @time_logs.response(200, page_of(RevisionSchema))
    def get(self, paging: PageRequest, time_log_id: UUID) -> Any:
        """List what an entry said before each edit, the latest first, with who edited it and why."""
        return page_body(list_revisions(actor(), time_log_id, paging))


@time_logs.route("/totals/")
class TimeTotals(MethodView):
    """Months of time."""

    @requires(Permission.READ_TIME_LOGS)
    @time_logs.arguments(MonthQuerySchema, location="query")
    @time_logs.response(200, page_of(TimeTotalSchema))
    def get(self, query: MonthQuery) -> Any:
        """List a month's totals by patient and program, of the whole team."""
        return page_body(list_totals(actor(), query))


@time_logs.route("/gaps/")
class TimeGaps(MethodView):
    """What is missing before a month can be billed."""

    @requires(Permission.READ_TIME_LOGS)
    @time_logs.arguments(MonthQuerySchema, location="query")
    @time_logs.response(200, page_of(TimeGapSchema))
    def get(self, query: MonthQuery) -> Any:
        """List what is missing in a month, in one's own entries or in the practice's."""
        return page_body(list_gaps(actor(), query))


@time_logs.route("/timer/")
class OpenTimer(MethodView):
    """The caller's timer."""

    @requires(Permission.READ_TIME_LOGS)
    @time_logs.response(200, OpenTimerSchema)
    def get(self) -> Any:
        """Return the caller's open timer, null when there is none."""
        return {"timer": find_timer(actor())}


@time_logs.route("/start/")
class TimerStart(MethodView):
    """Beginning to work."""

    @requires(Permission.WRITE_TIME_LOGS)
    @time_logs.arguments(NewTimerSchema)
    @time_logs.response(201, TimerSchema)
    @time_logs.alt_response(409, **_CONFLICT)
    def post(self, new: tuple[UUID, NewTimer]) -> Any:
        """Start a timer; a person has one at a time."""
        return start_timer(actor(), *new)


@time_logs.route("/pause/")
class TimerPause(MethodView):
    """Interrupting work."""

    @requires(Permission.WRITE_TIME_LOGS)
    @time_logs.arguments(NothingSchema, required=False)
    @time_logs.response(200, TimerSchema)
    def post(self, _: Any) -> Any:
        """Pause the timer; one that is paused stays so."""
        return pause_timer(actor())


@time_logs.route("/resume/")
class TimerResume(MethodView):
    """Going on with work."""

    @requires(Permission.WRITE_TIME_LOGS)
    @time_logs.arguments(NothingSchema, required=False)
    @time_logs.response(200, TimerSchema)
    def post(self, _: Any) -> Any:
        """Let the timer run on; one that runs stays so."""
        return resume_timer(actor())


@time_logs.route("/stop/")
class TimerStop(MethodView):
    """Ending work."""

    @requires(Permission.WRITE_TIME_LOGS)
    @time_logs.arguments(TimerEndSchema)
    @time_logs.response(200, StoppedTimerSchema)
    @time_logs.alt_response(409, **_CONFLICT)
    def post(self, end: TimerEnd) -> Any:
        """Stop the timer and log each stretch in which it ran, or throw its time away."""
        return {"time_logs": stop_timer(actor(), end)}
