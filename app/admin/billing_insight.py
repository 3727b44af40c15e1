"""The pages that look ahead and back in billing: worklist by dollars, simulator, reports."""

from dataclasses import replace
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.admin.base import console, console_page, load_query
from app.admin.forms import NO_REFUSAL, Refusal, attempt
from app.admin.months import shown_month
from app.domain.billing.clocks import DAY
from app.domain.billing.insight import MonthReportQuery, RevenueGroup, RevenueQuery
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.billing_outlooks import OutlookQuerySchema
from app.schemas.billing_reports import MonthReportQuerySchema
from app.schemas.billing_simulations import SimulationRequestSchema
from app.services.billing.outlooks import list_worklist
from app.services.billing.reports import compliance_report, leakage_report, revenue_report
from app.services.billing.simulator import fee_schedules, rule_sets, run_simulation
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


@console_page("/billing/simulator", Permission.READ_BILLING, methods=("GET", "POST"))
def billing_simulator() -> ResponseReturnValue:
    """Compare the real month with another one."""
    done: Any = attempt("simulate", _simulate) if request.method == "POST" else None
    refusal: Refusal = done if isinstance(done, Refusal) else NO_REFUSAL
    page = render_template(
        "admin/billing_simulator.html", shown=None if done is refusal else done, refusal=refusal,
        schedules=fee_schedules(actor()), rule_sets=rule_sets(), sent=request.form, month=shown_month(None),
    )  # fmt: skip
    return page, refusal.status


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


def _simulate() -> Any:
    return run_simulation(actor(), SimulationRequestSchema().load(_scenario()))


def _scenario() -> dict[str, Any]:
    """Return the form as the API's body: supposed days and minutes are everybody's."""
    form = {name: value for name, value in request.form.items() if value.strip()}
    said: dict[str, Any] = {name: form[name] for name in ("month", "rule_set", "fee_schedule") if name in form}
    overrides: dict[str, Any] = {}
    if "days" in form:
        overrides["readings"] = [{"days": form["days"].replace(",", " ").split()}]
    if "minutes" in form and "on" in form:
        minutes = form["minutes"]
        seconds = int(minutes) * 60 if minutes.isdecimal() else minutes
        overrides["minutes"] = [{"on": form["on"], "seconds": seconds}]
    return {**said, "overrides": overrides}


@console.app_context_processor
def _words() -> dict[str, Any]:
    return {"STANDINGS": STANDINGS, "STANDING_LEVELS": _LEVELS}
