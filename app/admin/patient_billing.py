"""The tab of a patient's billing: circumstances that billing must know, and the lines of the ledger."""

from uuid import UUID

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query, may
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in, whole
from app.admin.patients import patient_tab
from app.domain.billing.entries import EntryQuery
from app.domain.paging import MAX_PAGE_SIZE, PageRequest
from app.domain.roles import Permission
from app.schemas.base import PageOnlySchema
from app.schemas.billing_lines import NewCircumstanceSchema
from app.services.accounts.staff import list_staff
from app.services.billing.circumstances import list_circumstances, record_circumstance, void_circumstance
from app.services.billing.entries import list_entries
from app.web.security import actor

_FIRST_PAGE = PageRequest()
_ALL = PageRequest(page_size=MAX_PAGE_SIZE)


@console_page("/patients/<uuid:patient_id>/billing", Permission.READ_PATIENTS)
def patient_billing(patient_id: UUID) -> ResponseReturnValue:
    """Show what billing knows of a patient, and the ledger's lines to those who may see them."""
    return _tab(patient_id, load_query(PageOnlySchema()))


@console_page("/patients/<uuid:patient_id>/billing/circumstances", Permission.WRITE_PATIENTS, methods=("POST",))
def add_circumstance(patient_id: UUID) -> ResponseReturnValue:
    """Write a circumstance down."""
    return _done(patient_id, attempt("circumstance", lambda: _add(patient_id)))


@console_page(
    "/patients/<uuid:patient_id>/billing/circumstances/<uuid:circumstance_id>/void",
    Permission.WRITE_PATIENTS,
    methods=("POST",),
)
def void_patient_circumstance(patient_id: UUID, circumstance_id: UUID) -> ResponseReturnValue:
    """Say that a circumstance was entered in error."""
    done = attempt("void-circumstance", lambda: void_circumstance(actor(), patient_id, circumstance_id).id)
    return _done(patient_id, done)


def _tab(
    patient_id: UUID, paging: PageRequest = _FIRST_PAGE, refusal: Refusal = NO_REFUSAL
) -> ResponseReturnValue:  # fmt: skip
    sees_lines = may(Permission.READ_BILLING)
    return patient_tab(
        "patient_billing",
        patient_id,
        refusal,
        circumstances=list_circumstances(actor(), patient_id, _ALL),
        staff=list_staff(actor()),
        page=list_entries(actor(), EntryQuery(paging, patient_id=patient_id)) if sees_lines else None,
    )


def _done(patient_id: UUID, done: UUID | Refusal) -> ResponseReturnValue:
    if isinstance(done, Refusal):
        return _tab(patient_id, refusal=done)
    return redirect(url_for("admin.patient_billing", patient_id=patient_id), 303)


def _add(patient_id: UUID) -> UUID:
    body = {
        **filled_in("kind", "starts_on", "ends_on", "program", "note"),
        **{name: whole(text) for name, text in filled_in("practitioner_id").items()},
    }
    return record_circumstance(actor(), patient_id, NewCircumstanceSchema().load(body)).id
