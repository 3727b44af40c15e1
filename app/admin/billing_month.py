"""The month's close: per patient the days, the minutes, the live contact, and what is missing; and the engine's run."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.admin.forms import filled_in
from app.admin.months import shown_month
from app.admin.targets import wanted_page
from app.domain.billing.runs import RunResult
from app.domain.roles import Permission
from app.schemas.billing_lines import RunRequestSchema
from app.schemas.month_close import CloseQuerySchema
from app.services.billing.month_close import list_month
from app.services.billing.run import generate_entries
from app.web.security import actor


@console_page("/billing/month", Permission.READ_BILLING)
def billing_month() -> ResponseReturnValue:
    """Show who is in a program in a month, and how far they are."""
    query = load_query(CloseQuerySchema())
    page = list_month(actor(), query)
    return render_template("admin/billing_month.html", query=query, page=page, month=shown_month(query.month))


@console_page("/billing/run", Permission.WRITE_BILLING, methods=("POST",))
def run_billing() -> ResponseReturnValue:
    """Run the engine now and tell what it did."""
    result = generate_entries(actor(), RunRequestSchema().load(filled_in("month")))
    flash(_in_words(result))
    return redirect(_back(), 303)


def _back() -> str:
    """Return the list on which the button was pressed, as it was shown."""
    wanted = wanted_page(request.form.get("back", "")) or ""
    lists = (url_for("admin.billing_month"), url_for("admin.billing_entries"), url_for("admin.billing_impacts"))
    return wanted if wanted.partition("?")[0] in lists else lists[0]


def _in_words(result: RunResult) -> str:
    counts = (
        (result.entered, "entered"),
        (result.refreshed, "brought up to date"),
        (result.reinstated, "brought back"),
        (result.taken_back, "taken back"),
    )
    done = ", ".join(f"{count} {what}" for count, what in counts if count) or "nothing to change"
    impacts = f" {result.impacts} new {'impact' if result.impacts == 1 else 'impacts'}." if result.impacts else ""
    people = f"{result.patients} {'patient' if result.patients == 1 else 'patients'}"
    return f"The engine looked at {people}: {done}.{impacts}"
