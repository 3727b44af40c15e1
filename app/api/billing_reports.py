"""Reports of billing (`/api/v1/billing/reports/`)."""

from typing import Any

from flask import Response
from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.billing.insight import MonthReportQuery, RevenueQuery
from app.domain.roles import Permission
from app.schemas.base import page_of
from app.schemas.billing_reports import (
    ComplianceRowSchema,
    LeakRowSchema,
    MonthReportQuerySchema,
    MonthReportSelectionSchema,
    RevenueFileSchema,
    RevenueQuerySchema,
    RevenueSchema,
)
from app.services.billing.reports import (
    compliance_csv,
    compliance_report,
    leakage_csv,
    leakage_report,
    revenue_csv,
    revenue_report,
)
from app.web.responses import csv_response, page_body
from app.web.security import actor, requires

billing_reports = EndpointGroup(
    "billing_reports", __name__, path="billing/reports", description="Reports of billing"
)  # fmt: skip


@billing_reports.route("/revenue/")
class RevenueReports(MethodView):
    """Dollars."""

    @requires(Permission.READ_BILLING)
    @billing_reports.arguments(RevenueQuerySchema, location="query")
    @billing_reports.response(200, RevenueSchema)
    def get(self, query: RevenueQuery) -> Any:
        """Sum the ledger by month, code, payer, provider or status."""
        return revenue_report(actor(), query)


@billing_reports.route("/revenue/export/")
class RevenueExport(MethodView):
    """Dollars as a file."""

    @requires(Permission.READ_BILLING)
    @billing_reports.arguments(RevenueFileSchema, location="query")
    @billing_reports.response(200, content_type="text/csv")
    def get(self, query: RevenueQuery) -> Response:
        """Export the sums as CSV."""
        return csv_response(revenue_csv(actor(), query), "revenue.csv")


@billing_reports.route("/compliance/")
class ComplianceReports(MethodView):
    """Days and minutes."""

    @requires(Permission.READ_BILLING)
    @billing_reports.arguments(MonthReportQuerySchema, location="query")
    @billing_reports.response(200, page_of(ComplianceRowSchema))
    def get(self, query: MonthReportQuery) -> Any:
        """List days with data and minutes of a month, patient by patient."""
        return page_body(compliance_report(actor(), query))


@billing_reports.route("/compliance/export/")
class ComplianceExport(MethodView):
    """Days and minutes as a file."""

    @requires(Permission.READ_BILLING)
    @billing_reports.arguments(MonthReportSelectionSchema, location="query")
    @billing_reports.response(200, content_type="text/csv")
    def get(self, query: MonthReportQuery) -> Response:
        """Export days and minutes as CSV."""
        return csv_response(compliance_csv(actor(), query), "compliance.csv")


@billing_reports.route("/leakage/")
class LeakageReports(MethodView):
    """What was almost billable."""

    @requires(Permission.READ_BILLING)
    @billing_reports.arguments(MonthReportQuerySchema, location="query")
    @billing_reports.response(200, page_of(LeakRowSchema))
    def get(self, query: MonthReportQuery) -> Any:
        """List what was almost billable in a month, and why it is not."""
        return page_body(leakage_report(actor(), query))


@billing_reports.route("/leakage/export/")
class LeakageExport(MethodView):
    """What was almost billable, as a file."""

    @requires(Permission.READ_BILLING)
    @billing_reports.arguments(MonthReportSelectionSchema, location="query")
    @billing_reports.response(200, content_type="text/csv")
    def get(self, query: MonthReportQuery) -> Response:
        """Export what was almost billable as CSV."""
        return csv_response(leakage_csv(actor(), query), "leakage.csv")
