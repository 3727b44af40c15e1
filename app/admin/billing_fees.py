"""The pages of fee schedules: which there are, one with its prices, and the forms that add to them."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in, number, version_seen
from app.domain.billing.books import ScheduleQuery
from app.domain.paging import MAX_PAGE_SIZE, PageRequest
from app.domain.roles import Permission
from app.schemas.fee_schedules import (
    FeeScheduleChangesSchema,
    NewFeeScheduleSchema,
    NewFeeSchema,
    ScheduleQuerySchema,
)
from app.services.billing.fee_schedules import (
    add_fee,
    create_fee_schedule,
    get_fee_schedule,
    list_fee_schedules,
    update_fee_schedule,
)
from app.services.billing.payers import list_payers
from app.web.security import actor

_ALL = PageRequest(page_size=MAX_PAGE_SIZE)
_FACTORS = ("conversion_factor", "gpci_work", "gpci_practice", "gpci_malpractice")
_PRICES = ("amount", "total_rvu", "work_rvu", "practice_rvu", "malpractice_rvu")


@console_page("/billing/fee-schedules", Permission.READ_BILLING)
def fee_schedules() -> ResponseReturnValue:
    """List fee schedules."""
    return _list_page(load_query(ScheduleQuerySchema()))


@console_page("/billing/fee-schedules", Permission.WRITE_BILLING, methods=("POST",))
def add_fee_schedule() -> ResponseReturnValue:
    """Add a schedule; its prices are added on its page."""
    done = attempt("schedule", _add)
    if isinstance(done, Refusal):
        return _list_page(ScheduleQuery(PageRequest()), done)
    return redirect(url_for("admin.fee_schedule", schedule_id=done), 303)


@console_page("/billing/fee-schedules/<uuid:schedule_id>", Permission.READ_BILLING)
def fee_schedule(schedule_id: UUID) -> ResponseReturnValue:
    """Show a schedule with its prices."""
    return _page(schedule_id)


@console_page("/billing/fee-schedules/<uuid:schedule_id>", Permission.WRITE_BILLING, methods=("POST",))
def change_fee_schedule(schedule_id: UUID) -> ResponseReturnValue:
    """Rename a schedule, end it, or take it out of use."""
    return _done(schedule_id, attempt("change", lambda: _change(schedule_id)))


@console_page("/billing/fee-schedules/<uuid:schedule_id>/fees", Permission.WRITE_BILLING, methods=("POST",))
def add_schedule_fee(schedule_id: UUID) -> ResponseReturnValue:
    """Price one more code."""
    return _done(schedule_id, attempt("fee", lambda: _add_fee(schedule_id)))


def _list_page(query: ScheduleQuery, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    page = render_template(
        "admin/fee_schedules.html", query=query, page=list_fee_schedules(actor(), query),
        payers=list_payers(actor(), _ALL), refusal=refusal,
    )  # fmt: skip
    return page, refusal.status


def _page(schedule_id: UUID, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    shown = get_fee_schedule(actor(), schedule_id)
    return render_template("admin/fee_schedule.html", shown=shown, refusal=refusal), refusal.status


def _done(schedule_id: UUID, done: UUID | Refusal) -> ResponseReturnValue:
    if isinstance(done, Refusal):
        return _page(schedule_id, done)
    flash("Saved. Pending lines follow at the next run; lines that went out stay.")
    return redirect(url_for("admin.fee_schedule", schedule_id=schedule_id), 303)


def _numbers(*names: str) -> dict[str, Any]:
    return {name: number(text) for name, text in filled_in(*names).items()}


def _add() -> UUID:
    body = {**filled_in("name", "effective_from", "effective_to", "payer_id"), **_numbers(*_FACTORS)}
    return create_fee_schedule(actor(), NewFeeScheduleSchema().load(body)).row.id


def _change(schedule_id: UUID) -> UUID:
    body = {"effective_to": None, **filled_in("name", "effective_to"), "in_use": "in_use" in request.form}
    return update_fee_schedule(actor(), schedule_id, FeeScheduleChangesSchema().load(body), version_seen()).row.id


def _add_fee(schedule_id: UUID) -> UUID:
    fee = NewFeeSchema().load({**filled_in("code"), **_numbers(*_PRICES)})
    return add_fee(actor(), schedule_id, fee, version_seen()).row.id
