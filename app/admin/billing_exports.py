"""The worklist and the reports as files to keep: CSV, sent as it is made, of all that the page shows a part of."""

from flask import Response

from app.admin.base import console_page, load_query
from app.domain.roles import Permission
from app.schemas.billing_outlooks import OutlookSelectionSchema
from app.schemas.billing_reports import MonthReportSelectionSchema, RevenueFileSchema
from app.services.billing.outlooks import worklist_csv
from app.services.billing.reports import compliance_csv, leakage_csv, revenue_csv
from app.web.responses import csv_response
from app.web.security import actor


@console_page("/billing/worklist/export", Permission.READ_BILLING)
def export_worklist() -> Response:
    """Download what is left to do."""
    return csv_response(worklist_csv(actor(), load_query(OutlookSelectionSchema())), "worklist.csv")


@console_page("/billing/reports/revenue", Permission.READ_BILLING)
def export_revenue() -> Response:
    """Download dollars, summed as wanted."""
    return csv_response(revenue_csv(actor(), load_query(RevenueFileSchema())), "revenue.csv")


@console_page("/billing/reports/compliance", Permission.READ_BILLING)
def export_compliance() -> Response:
    """Download days with data and minutes of a month."""
    return csv_response(compliance_csv(actor(), load_query(MonthReportSelectionSchema())), "compliance.csv")


@console_page("/billing/reports/leakage", Permission.READ_BILLING)
def export_leakage() -> Response:
    """Download what was almost billable in a month, and why it is not."""
    return csv_response(leakage_csv(actor(), load_query(MonthReportSelectionSchema())), "leakage.csv")
