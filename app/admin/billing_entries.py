"""The ledger's pages: all lines, one line with its proof, the form for a line by hand, the steps of its life."""

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in, listed, number, version_seen, whole
from app.admin.targets import wanted_page
from app.domain.billing.entries import EntryStatus, ImpactQuery
from app.domain.errors import ValidationFailed
from app.domain.paging import MAX_PAGE_SIZE, PageRequest
from app.domain.roles import Permission
from app.schemas.billing import EntryQuerySchema, NewEntrySchema
from app.schemas.billing_lines import EntryChangesSchema, StatusNoteSchema, StatusReasonSchema, SubmitSchema
from app.services.accounts.staff import name_staff
from app.services.billing.entries import create_entry, list_entries, update_entry
from app.services.billing.evidence import build_evidence
from app.services.billing.impacts import list_impacts
from app.services.billing.life_cycle import get_entry, move_entry, submit_entry
from app.services.billing.proof import get_proof
from app.services.billing.submission import submit_entries
from app.services.patients.records import get_patient
from app.web.documents import attachment
from app.web.security import actor

_NEEDS_A_REASON = {EntryStatus.DENIED, EntryStatus.VOID}
_ALL = PageRequest(page_size=MAX_PAGE_SIZE)
_TOLD = 5  # refusals that are told one by one


@console_page("/billing/entries", Permission.READ_BILLING)
def billing_entries() -> ResponseReturnValue:
    """List the lines of the ledger."""
    query = load_query(EntryQuerySchema())
    return render_template("admin/billing_entries.html", query=query, page=list_entries(actor(), query))


@console_page("/billing/entries/submit", Permission.WRITE_BILLING, methods=("POST",))
def submit_many() -> ResponseReturnValue:
    """Submit the lines that are ticked, each for itself, and tell which could not go."""
    chosen = request.form.getlist("entry_ids")
    if not chosen or len(chosen) > MAX_PAGE_SIZE:
        raise ValidationFailed({"entry_ids": ["Choose at least one line, and no more than a page of them."]})
    done = submit_entries(actor(), [_id(one) for one in chosen])
    flash(f"{done.sent} {'line' if done.sent == 1 else 'lines'} submitted.")
    for _, why in done.kept[:_TOLD]:
        flash(f"One stayed: {why}")
    if len(done.kept) > _TOLD:
        flash(f"{len(done.kept) - _TOLD} more stayed for such reasons.")
    return redirect(_back(), 303)


@console_page("/billing/entries/<uuid:entry_id>", Permission.READ_BILLING)
def billing_entry(entry_id: UUID) -> ResponseReturnValue:
    """Show one line: what it says, what proves it, what clashes with it, and what happened to it."""
    return _entry_page(entry_id)


@console_page("/billing/entries/<uuid:entry_id>/move", Permission.WRITE_BILLING, methods=("POST",))
def move_billing_entry(entry_id: UUID) -> ResponseReturnValue:
    """Give a line its next state."""
    return _done(entry_id, attempt(request.form.get("to", ""), lambda: _move(entry_id)))


@console_page("/billing/entries/<uuid:entry_id>/edit", Permission.WRITE_BILLING, methods=("POST",))
def edit_billing_entry(entry_id: UUID) -> ResponseReturnValue:
    """Change a pending line that was entered by hand, or the notes of any line."""
    return _done(entry_id, attempt("edit", lambda: _edit(entry_id)))


@console_page("/billing/entries/<uuid:entry_id>/evidence", Permission.READ_BILLING, methods=("POST",))
def entry_evidence(entry_id: UUID) -> ResponseReturnValue:
    """Download a line's evidence packet; while it cannot be proved, the line's page says what is missing."""
    done: Any = attempt("evidence", lambda: build_evidence(actor(), entry_id))
    if isinstance(done, Refusal):
        return _entry_page(entry_id, done)
    return attachment("application/zip", done.name, len(done.content), [done.content])


@console_page("/patients/<uuid:patient_id>/billing/new", Permission.WRITE_BILLING)
def new_billing_entry(patient_id: UUID) -> ResponseReturnValue:
    """Show the form of a line by hand."""
    return _new_page(patient_id)


@console_page("/patients/<uuid:patient_id>/billing/new", Permission.WRITE_BILLING, methods=("POST",))
def enter_billing_entry(patient_id: UUID) -> ResponseReturnValue:
    """Enter a line by hand."""
    done = attempt("new", lambda: _enter(patient_id))
    if isinstance(done, Refusal):
        return _new_page(patient_id, done)
    return redirect(url_for("admin.billing_entry", entry_id=done), 303)


def _entry_page(entry_id: UUID, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    detail = get_entry(actor(), entry_id)
    page = render_template(
        "admin/billing_entry.html",
        detail=detail,
        entry_row=detail.entry,
        proof=get_proof(actor(), entry_id),
        impacts=list_impacts(actor(), ImpactQuery(_ALL, entry_id=entry_id)),
        staff=name_staff(actor(), [change.changed_by for change in detail.history]),
        refusal=refusal,
    )
    return page, refusal.status


def _new_page(patient_id: UUID, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    page = render_template("admin/billing_entry_new.html", patient=get_patient(actor(), patient_id), refusal=refusal)
    return page, refusal.status


def _done(entry_id: UUID, done: UUID | Refusal) -> ResponseReturnValue:
    if isinstance(done, Refusal):
        return _entry_page(entry_id, done)
    return redirect(url_for("admin.billing_entry", entry_id=entry_id), 303)


def _move(entry_id: UUID) -> UUID:
    to, version = _status(request.form.get("to", "")), version_seen()
    if to is EntryStatus.SUBMITTED:
        why = SubmitSchema().load(filled_in("override_reason"))["override_reason"]
        return submit_entry(actor(), entry_id, why, version).entry.id
    if to in _NEEDS_A_REASON:
        note = StatusReasonSchema().load(filled_in("reason"))["reason"]
    else:
        note = StatusNoteSchema().load(filled_in("note"))["note"]
    return move_entry(actor(), entry_id, to, note, version).entry.id


def _status(text: str) -> EntryStatus:
    try:
        return EntryStatus(text)
    except ValueError as error:
        raise ValidationFailed({"non_field_errors": ["There is no such step."]}) from error


def _edit(entry_id: UUID) -> UUID:
    notes = {"notes": request.form["notes"]} if "notes" in request.form else {}
    changes = EntryChangesSchema().load({**_body(), **notes} if "amount" in request.form else notes)
    return update_entry(actor(), entry_id, changes, version_seen()).entry.id


def _enter(patient_id: UUID) -> UUID:
    body = {**_body(), **filled_in("cpt_code"), "patient_id": str(patient_id)}
    return create_entry(actor(), NewEntrySchema().load(body)).entry.id


def _body() -> dict[str, Any]:
    body: dict[str, Any] = filled_in("service_date", "payer", "notes", "period_start")
    for name in filled_in("duration_minutes", "units"):
        body[name] = whole(request.form[name])
    if filled_in("amount"):
        body["amount"] = number(request.form["amount"])
    return {**body, "icd10_codes": listed(request.form.get("icd10_codes", ""))}


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise ValidationFailed({"entry_ids": ["No such line."]}) from error


def _back() -> str:
    wanted = wanted_page(request.form.get("back", "")) or ""
    lines = url_for("admin.billing_entries")
    return wanted if wanted.partition("?")[0] == lines else lines
