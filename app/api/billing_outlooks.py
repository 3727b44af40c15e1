"""Looking ahead in billing (`/api/v1/billing/worklist/`, `forecast/`)."""

from typing import Any

from flask import Response
from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.billing.insight import OutlookQuery
from app.domain.roles import Permission
from app.schemas.base import page_of
from app.schemas.billing_outlooks import (
    BacktestQuerySchema,
    BacktestSchema,
    ForecastSchema,
    OutlookQuerySchema,
    OutlookSelectionSchema,
    WorkItemSchema,
)
from app.services.billing.outlooks import backtest_forecasts, list_forecasts, list_worklist, worklist_csv
from app.web.responses import csv_response, page_body
from app.web.security import actor, requires

billing_outlooks = EndpointGroup("billing_outlooks", __name__, path="billing", description="Looking ahead in billing")


@billing_outlooks.route("/worklist/")
class BillingWorklist(MethodView):
    """What is left to do before windows close."""

    @requires(Permission.READ_BILLING)
    @billing_outlooks.arguments(OutlookQuerySchema, location="query")
    @billing_outlooks.response(200, page_of(WorkItemSchema))
    def get(self, query: OutlookQuery) -> Any:
        """List who is short of days, minutes or a live contact, the most dollars first."""
        return page_body(list_worklist(actor(), query))


@billing_outlooks.route("/worklist/export/")
class BillingWorklistExport(MethodView):
    """The worklist as a file."""

    @requires(Permission.READ_BILLING)
    @billing_outlooks.arguments(OutlookSelectionSchema, location="query")
    @billing_outlooks.response(200, content_type="text/csv")
    def get(self, query: OutlookQuery) -> Response:
        """Export the whole worklist as CSV."""
        return csv_response(worklist_csv(actor(), query), "worklist.csv")


@billing_outlooks.route("/forecast/")
class BillingForecast(MethodView):
    """The forecast of every open window."""

    @requires(Permission.READ_BILLING)
    @billing_outlooks.arguments(OutlookQuerySchema, location="query")
    @billing_outlooks.response(200, page_of(ForecastSchema))
    def get(self, query: OutlookQuery) -> Any:
        """List how likely each threshold is to be reached, with reasons and dollars."""
        return page_body(list_forecasts(actor(), query))


@billing_outlooks.route("/forecast/backtest/")
class BillingForecastBacktest(MethodView):
    """How good forecasts were."""

    @requires(Permission.READ_BILLING)
    @billing_outlooks.arguments(BacktestQuerySchema, location="query")
    @billing_outlooks.response(200, BacktestSchema)
    def get(self, query: dict[str, Any]) -> Any:
        """Score the forecasts that would have been made in the last half year."""
        return backtest_forecasts(actor(), query["as_of"], query["program"])
