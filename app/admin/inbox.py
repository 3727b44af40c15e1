"""The inbox: what vendors sent, what became of it, replaying it, and giving an unknown device its owner."""

from uuid import UUID

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query, may
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in
from app.domain.devices.catalog import CATALOG
from app.domain.inbox import Change
from app.domain.paging import MAX_PAGE_SIZE, PageRequest
from app.domain.patients import PatientQuery
from app.domain.roles import Permission
from app.schemas.devices import HolderSearchSchema
from app.schemas.inbox import AttachSchema, DayInboxQuerySchema, DayReplayManySchema
from app.services.gateways.attaching import attach
from app.services.gateways.inbox import DeliveryReport, list_deliveries, read_inbox
from app.services.gateways.registration import list_gateways
from app.services.gateways.replaying import ReplayResult, replay_delivery, start_replay
from app.services.patients.directory import list_patients
from app.web.security import actor

_CANDIDATES = PageRequest(page_size=8)
_ATTACHED = "The device has its owner; what waited is being taken in."


@console_page("/inbox", Permission.READ_INBOX)
def inbox() -> ResponseReturnValue:
    """List what came in, newest first."""
    query = load_query(DayInboxQuerySchema())
    gateways = list_gateways(actor(), PageRequest(page_size=MAX_PAGE_SIZE)).items
    return render_template("admin/inbox.html", query=query, page=list_deliveries(actor(), query), gateways=gateways)


@console_page("/inbox/<uuid:delivery_id>", Permission.READ_INBOX)
def delivery(delivery_id: UUID) -> ResponseReturnValue:
    """Show one delivery: verdict, payload, and what became of each message in it."""
    return _page(delivery_id)


@console_page("/inbox/<uuid:delivery_id>/look", Permission.MANAGE_INTEGRATIONS, methods=("POST",))
def look_at_replay(delivery_id: UUID) -> ResponseReturnValue:
    """Show what a replay would do."""
    return _page(delivery_id, replay=replay_delivery(actor(), delivery_id, is_dry=True))


@console_page("/inbox/<uuid:delivery_id>/replay", Permission.MANAGE_INTEGRATIONS, methods=("POST",))
def replay_one(delivery_id: UUID) -> ResponseReturnValue:
    """Apply a delivery again."""
    done = replay_delivery(actor(), delivery_id, is_dry=False)
    created, corrected = done.count(Change.CREATE), done.count(Change.CORRECT)
    flash(f"Replayed: {created} created, {corrected} corrected.")
    return redirect(url_for("admin.delivery", delivery_id=delivery_id), 303)


@console_page("/inbox/replay", Permission.MANAGE_INTEGRATIONS, methods=("POST",))
def replay_many() -> ResponseReturnValue:
    """Apply all deliveries again that the list's filters find."""
    started = start_replay(
        actor(), DayReplayManySchema().load(filled_in("integration_id", "state", "from", "to", "device"))
    )
    flash(f"{started.total} deliveries are being replayed.")
    return redirect(url_for("admin.inbox"), 303)


@console_page("/inbox/<uuid:delivery_id>/attach", Permission.WRITE_DEVICES, methods=("POST",))
def attach_device(delivery_id: UUID) -> ResponseReturnValue:
    """Give an unknown device to a patient."""
    done = attempt("attach", lambda: _attach(delivery_id))
    if isinstance(done, Refusal):
        return _page(delivery_id, done)
    flash(_ATTACHED)
    return redirect(url_for("admin.delivery", delivery_id=done), 303)


def _attach(delivery_id: UUID) -> UUID:
    owner = AttachSchema().load(filled_in("patient_id", "model", "device"))
    attach(actor(), delivery_id, *owner)
    return delivery_id


def _page(delivery_id: UUID, refusal: Refusal = NO_REFUSAL, replay: ReplayResult | None = None) -> ResponseReturnValue:
    report: DeliveryReport = read_inbox(actor(), delivery_id)
    search = load_query(HolderSearchSchema())["search"] if request.method == "GET" else ""
    candidates = None
    if report.orphan_devices and may(Permission.WRITE_DEVICES):
        query = PatientQuery(paging=_CANDIDATES, search=search, ordering="last_name")
        candidates = list_patients(actor(), query)
    if refusal.status != NO_REFUSAL.status:
        g.error_code = g.get("error_code", "validation_error")
    page = render_template(
        "admin/delivery.html", report=report, line=report.line, replay=replay, candidates=candidates, search=search,
        catalog=CATALOG, refusal=refusal,
    )  # fmt: skip
    return page, refusal.status
