"""Alerts (`/api/v1/triage/alerts/`): the queue, and what is done with them."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.roles import Permission
from app.domain.triage.alerts import AlertQuery, Resolution, Snooze
from app.schemas.alerts import (
    AlertQuerySchema,
    AlertSchema,
    AssignmentSchema,
    BulkAnswerSchema,
    BulkSchema,
    ResolutionSchema,
    SnoozeSchema,
)
from app.schemas.base import NothingSchema, page_of
from app.services.triage.alert_actions import (
    acknowledge_alert,
    acknowledge_alerts,
    assign_alert,
    resolve_alert,
    snooze_alert,
)
from app.services.triage.alerts import AlertLine, get_alert, list_alerts
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, requires

alerts = EndpointGroup("alerts", __name__, path="triage/alerts", description="Alerts and what is done with them")


def _tagged(line: AlertLine) -> Any:
    return line, etag(line.alert.version)


@alerts.route("/")
class Alerts(MethodView):
    """The practice's alerts."""

    @requires(Permission.READ_TRIAGE)
    @alerts.arguments(AlertQuerySchema, location="query")
    @alerts.response(200, page_of(AlertSchema))
    def get(self, query: AlertQuery) -> Any:
        """List alerts; repeats of a rule are one alert with a count."""
        return page_body(list_alerts(actor(), query))


@alerts.route("/acknowledge/")
class AlertAcknowledgements(MethodView):
    """Acknowledging many at once."""

    @requires(Permission.ACKNOWLEDGE_ALERTS)
    @alerts.arguments(BulkSchema)
    @alerts.response(200, BulkAnswerSchema)
    def post(self, wanted: dict[str, Any]) -> Any:
        """Acknowledge up to 200 alerts, and tell what became of each."""
        return acknowledge_alerts(actor(), wanted["alert_ids"])


@alerts.route("/<uuid:alert_id>/")
class OneAlert(MethodView):
    """One alert."""

    @requires(Permission.READ_TRIAGE)
    @alerts.response(200, AlertSchema)
    def get(self, alert_id: UUID) -> Any:
        """Return one alert."""
        return _tagged(get_alert(actor(), alert_id))


@alerts.route("/<uuid:alert_id>/acknowledge/")
class AlertAcknowledgement(MethodView):
    """Having seen an alert."""

    @requires(Permission.ACKNOWLEDGE_ALERTS)
    @alerts.arguments(NothingSchema, required=False)
    @alerts.response(200, AlertSchema)
    def post(self, _: dict[str, Any], alert_id: UUID) -> Any:
        """Acknowledge an alert; a second time changes nothing."""
        return _tagged(acknowledge_alert(actor(), alert_id, expected_version()))


@alerts.route("/<uuid:alert_id>/resolve/")
class AlertResolution(MethodView):
    """Ending an alert."""

    @requires(Permission.WRITE_TRIAGE)
    @alerts.arguments(ResolutionSchema)
    @alerts.response(200, AlertSchema)
    def post(self, resolution: Resolution, alert_id: UUID) -> Any:
        """Resolve an alert with its outcome; it is cleared and acknowledged."""
        return _tagged(resolve_alert(actor(), alert_id, resolution, expected_version()))


@alerts.route("/<uuid:alert_id>/snooze/")
class AlertSnooze(MethodView):
    """Putting an alert off."""

    @requires(Permission.WRITE_TRIAGE)
    @alerts.arguments(SnoozeSchema)
    @alerts.response(200, AlertSchema)
    def post(self, snooze: Snooze, alert_id: UUID) -> Any:
        """Put an alert off: it counts as acknowledged until then, and asks again if its condition still lasts."""
        return _tagged(snooze_alert(actor(), alert_id, snooze, expected_version()))


@alerts.route("/<uuid:alert_id>/assign/")
class AlertAssignment(MethodView):
    """Giving an alert to somebody."""

    @requires(Permission.WRITE_TRIAGE)
    @alerts.arguments(AssignmentSchema)
    @alerts.response(200, AlertSchema)
    def post(self, wanted: dict[str, Any], alert_id: UUID) -> Any:
        """Assign an alert to a member of staff, or to nobody."""
        return _tagged(assign_alert(actor(), alert_id, wanted["assignee_id"], expected_version()))
