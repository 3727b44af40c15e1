"""The pages that look ahead and back in billing: worklist by dollars, reports."""

from dataclasses import replace
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from app.admin.base import console, console_page, load_query
from app.admin.months import shown_month
from app.domain.billing.clocks import DAY
from app.domain.billing.insight import MonthReportQuery, RevenueGroup, RevenueQuery
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.billing_outlooks import OutlookQuerySchema
from app.schemas.billing_reports import MonthReportQuerySchema
from app.services.billing.outlooks import list_worklist
from app.services.billing.reports import compliance_report, leakage_report, revenue_report
from app.web.security import actor

STANDINGS = {
    "secured": "Reached",
    "likely": "Likely",
    "at_risk": "At risk",
    "impossible": "Out of reach",
}
_LEVELS = {"secured": "normal", "likely": "normal", "at_risk": "warning", "impossible": "critical"}
_FEW = 10
_GROUPS = (RevenueGroup.CODE, RevenueGroup.STATUS, RevenueGroup.PAYER, RevenueGroup.PROVIDER)


@console_page("/billing/worklist", Permission.READ_BILLING)
def billing_worklist() -> ResponseReturnValue:
    """List what is left to do before windows close, the most dollars first."""
    query = load_query(OutlookQuerySchema())
    page = list_worklist(actor(), query)
    return render_template("admin/billing_worklist.html", query=query, page=page)


@console_page("/billing/reports", Permission.READ_BILLING)
def billing_reports() -> ResponseReturnValue:
    """Show dollars by month; of one month, who paid what, days and minutes, and what was almost billable."""
    query = load_query(MonthReportQuerySchema())
    month = shown_month(query.month)
    few = MonthReportQuery(PageRequest(page_size=_FEW), month)
    dated = RevenueQuery(date_from=month.first_day, date_to=month.next.first_day - DAY)
    return render_template(
        "admin/billing_reports.html",
        month=month,
        dates={"date_from": dated.date_from, "date_to": dated.date_to},
        by_month=revenue_report(actor(), RevenueQuery((RevenueGroup.MONTH,))),
        by={group.value: revenue_report(actor(), replace(dated, group_by=(group,))) for group in _GROUPS},
        leaks=leakage_report(actor(), few),
        page=compliance_report(actor(), replace(query, month=month)),
    )


@console.app_context_processor
def _words() -> dict[str, Any]:
    return {"STANDINGS": STANDINGS, "STANDING_LEVELS": _LEVELS}
