"""The tab of consents, orders and enrolments: what is on record, and whether today counts."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in, whole
from app.admin.patient_entries import codes_in
from app.admin.patients import patient_tab
from app.domain.enrolment.programs import PARAMETERS
from app.domain.enrolment.wording import sentence
from app.domain.paging import MAX_PAGE_SIZE, PageRequest
from app.domain.roles import Permission
from app.services.accounts.staff import list_staff
from app.services.enrolment.consents import list_consents
from app.services.enrolment.coverage import get_coverage
from app.services.enrolment.enrollments import list_enrollments
from app.services.enrolment.orders import list_orders
from app.web.security import actor

_ALL = PageRequest(page_size=MAX_PAGE_SIZE)


@console_page("/patients/<uuid:patient_id>/consents", Permission.READ_PATIENTS)
def patient_consents(patient_id: UUID) -> ResponseReturnValue:
    """Show consents, orders and enrolments, and whether today counts for each program."""
    return programs_tab(patient_id)


def programs_tab(patient_id: UUID, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    """Return the tab, with what was refused beside the form that was sent."""
    return patient_tab(
        "patient_consents",
        patient_id,
        refusal,
        coverage=get_coverage(actor(), patient_id, None),
        consents=list_consents(actor(), patient_id, _ALL),
        orders=list_orders(actor(), patient_id, _ALL),
        enrollments=list_enrollments(actor(), patient_id, _ALL),
        staff=list_staff(actor()),
        sentence=sentence,
        parameters=PARAMETERS,
    )


def done_in_tab(patient_id: UUID, form: str, work: Callable[[], UUID], part: str) -> ResponseReturnValue:
    """Do what a form of the tab asks for, and show the tab again at that part, or with what was refused."""
    done = attempt(form, work)
    if isinstance(done, Refusal):
        return programs_tab(patient_id, done)
    return redirect(url_for("admin.patient_consents", patient_id=patient_id, _anchor=part), 303)


def codes_sent() -> dict[str, list[str]]:
    """Return the diagnosis codes of a form; nothing when the field was left blank."""
    codes = codes_in(request.form.get("diagnosis_codes", ""))
    return {"diagnosis_codes": codes} if codes else {}


def provider_sent() -> dict[str, Any]:
    """Return who ordered, of the practice or from elsewhere; nothing when nobody was named."""
    provider: dict[str, Any] = filled_in("name", "npi")
    if request.form.get("provider_id"):
        provider["user_id"] = whole(request.form["provider_id"])
    return {"ordering_provider": provider} if provider else {}
