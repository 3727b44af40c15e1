"""The page that compares the real month with another one: other rules, fees or facts, and what flips by them."""

from typing import Any
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.admin.base import console_page
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in, listed, moment_in, whole
from app.admin.months import shown_month
from app.admin.record_texts import PROGRAMS
from app.domain.errors import ValidationFailed
from app.domain.paging import MAX_PAGE_SIZE, PageRequest
from app.domain.patients import PatientQuery
from app.domain.roles import Permission
from app.schemas.base import PageOnlySchema
from app.schemas.billing_simulations import SimulationRequestSchema
from app.services.billing.simulator import ShownSimulation, fee_schedules, rule_sets, run_simulation
from app.services.patients.directory import list_patients
from app.services.practices import get_timezone
from app.web.security import actor

_MINUTE = 60
_LIKE_IT = PageRequest(page_size=MAX_PAGE_SIZE)
_NO_SUCH = "No patient has this record number."
_WHO = "Say whom: a record number."


@console_page("/billing/simulator", Permission.READ_BILLING, methods=("GET", "POST"))
def billing_simulator() -> ResponseReturnValue:
    """Compare the real month with another one."""
    done = attempt("simulate", _simulate) if request.method == "POST" else None
    refusal = done if isinstance(done, Refusal) else NO_REFUSAL
    page = render_template(
        "admin/billing_simulator.html", shown=None if done is refusal else done, refusal=refusal, programs=PROGRAMS,
        schedules=fee_schedules(actor()), rule_sets=rule_sets(), sent=request.form, month=shown_month(None),
        zone=get_timezone(actor()),
    )  # fmt: skip
    return page, refusal.status


def _simulate() -> ShownSimulation:
    asked = SimulationRequestSchema().load(_scenario())
    return run_simulation(actor(), asked, PageOnlySchema().load(filled_in("page")))


def _scenario() -> dict[str, Any]:
    """Return the form as the API's body; without a record number, supposed days and minutes are everybody's."""
    form = filled_in(*request.form)
    whom = {"patient_id": str(_named(form["patient"]))} if "patient" in form else {}
    overrides: dict[str, Any] = {**moment_in(get_timezone(actor()), "as_of"), **_dates(form)}
    if "days" in form:
        overrides["readings"] = [{**whom, "days": form["days"].replace(",", " ").split()}]
    if "minutes" in form and "on" in form:
        minutes = whole(form["minutes"])
        seconds = minutes * _MINUTE if isinstance(minutes, int) else minutes
        overrides["minutes"] = [{**whom, **_program(form), "on": form["on"], "seconds": seconds}]
    for change, day in (("enrol", "starts_on"), ("drop", "ends_on")):
        if day in form:
            overrides[change] = [{**_required(whom), **_program(form), day: form[day], **_diagnoses(form, change)}]
    return {**filled_in("month", "rule_set", "fee_schedule"), "overrides": overrides}


def _dates(form: dict[str, str]) -> dict[str, Any]:
    dates = {name: form[f"rules_{name}"] for name in ("from", "to") if f"rules_{name}" in form}
    return {"threshold_dates": dates} if dates else {}


def _program(form: dict[str, str]) -> dict[str, str]:
    return {"program": form["program"]} if "program" in form else {}


def _diagnoses(form: dict[str, str], change: str) -> dict[str, list[str]]:
    return {"diagnoses": listed(form["diagnoses"])} if change == "enrol" and "diagnoses" in form else {}


def _required(whom: dict[str, str]) -> dict[str, str]:
    if not whom:
        raise ValidationFailed({"patient": [_WHO]})
    return whom


def _named(mrn: str) -> UUID:
    """Return the patient of a record number, in use or archived; raises ValidationFailed when there is none."""
    wanted = mrn.strip().casefold()
    for active in (True, False):
        page = list_patients(actor(), PatientQuery(search=mrn, active=active, paging=_LIKE_IT))
        for one in page.items:
            if one.mrn.casefold() == wanted:
                return one.id
    raise ValidationFailed({"patient": [_NO_SUCH]})
