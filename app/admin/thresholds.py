"""The threshold editors of the practice and of a patient: values with their sources, and a dry run before saving."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console, console_page
from app.admin.forms import NO_REFUSAL, Filled, Refusal, attempt, version_seen, whole
from app.admin.patients import patient_tab
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.domain.triage.effective import Origin
from app.domain.triage.parameters import PARAMETERS, RuleKind
from app.domain.triage.profiles import PROFILES
from app.domain.triage.rules import EVERY_DAY, Modifiers
from app.domain.triage.threshold_record import write_modifiers
from app.domain.triage.thresholds import VITALS, plain
from app.schemas.threshold_previews import PreviewRequestSchema
from app.schemas.thresholds import ConfirmationSchema, NewPatientThresholdsSchema, NewPracticeThresholdsSchema
from app.services.triage.preview import Preview, preview_thresholds
from app.services.triage.thresholds import (
    ShownThresholds,
    change_patient_thresholds,
    change_practice_thresholds,
    confirm_patient_thresholds,
    get_patient_thresholds,
    get_practice_thresholds,
)
from app.services.triage.versions import list_versions
from app.web.security import actor

FORM = "thresholds"
OFF = "off"
_NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,9})?")
_LATEST = PageRequest(page_size=20)
_WAITS = ("repeat_times", "repeat_of", "duration_minutes", "hysteresis", "cool_down_minutes", "from_hour", "to_hour")
_WEEKDAYS = ".weekdays"


def _others() -> tuple[tuple[str, str], ...]:
    """Return what is set besides limits, with how people say it: `spo2_drop_1_day` is SpO2 drop 1 day (%)."""
    found = []
    for one in PARAMETERS.values():
        if not one.measure:
            found.append((one.name, one.label))
        elif one.kind is not RuleKind.LIMIT:
            prefix = next(vital.prefix for vital in VITALS if vital.measure == one.measure)
            what = one.name.removeprefix(f"{prefix}_").replace("_", " ")
            found.append((one.name, f"{one.label} {what} ({one.unit})"))
    return tuple(found)


OTHERS = _others()


@console_page("/thresholds", Permission.READ_PRACTICE_THRESHOLDS)
def practice_thresholds() -> ResponseReturnValue:
    """Show the practice's thresholds."""
    return _practice_page()


@console_page("/thresholds", Permission.WRITE_THRESHOLDS, methods=("POST",))
def change_thresholds() -> ResponseReturnValue:
    """Try the practice's new thresholds on past readings, or save them."""
    if request.form.get("do") == "save":
        done = attempt(FORM, _save_practice)
        return _practice_page(done) if isinstance(done, Refusal) else _saved(url_for("admin.practice_thresholds"))
    return _practice_page(*_tried(None))


@console_page("/patients/<uuid:patient_id>/thresholds", Permission.READ_THRESHOLDS)
def patient_thresholds(patient_id: UUID) -> ResponseReturnValue:
    """Show at which values this patient's readings raise alerts, and who set them."""
    return _patient_page(patient_id)


@console_page("/patients/<uuid:patient_id>/thresholds", Permission.WRITE_THRESHOLDS, methods=("POST",))
def change_patients_thresholds(patient_id: UUID) -> ResponseReturnValue:
    """Try a patient's new thresholds on past readings, or save them."""
    if request.form.get("do") == "save":
        done = attempt(FORM, lambda: _save_patient(patient_id))
        page = url_for("admin.patient_thresholds", patient_id=patient_id)
        return _patient_page(patient_id, done) if isinstance(done, Refusal) else _saved(page)
    return _patient_page(patient_id, *_tried(patient_id))


@console_page("/patients/<uuid:patient_id>/thresholds/confirm", Permission.WRITE_THRESHOLDS, methods=("POST",))
def confirm_thresholds(patient_id: UUID) -> ResponseReturnValue:
    """Confirm that the values in force are right for the patient."""
    done = attempt("confirm", lambda: _confirm(patient_id))
    if isinstance(done, Refusal):
        return _patient_page(patient_id, done)
    flash("Thresholds confirmed.")
    return redirect(url_for("admin.patient_thresholds", patient_id=patient_id), 303)


def _practice_page(refusal: Refusal = NO_REFUSAL, preview: Preview | None = None) -> ResponseReturnValue:
    shown = get_practice_thresholds(actor())
    page = render_template(
        "admin/thresholds.html", versions=list_versions(actor(), None, _LATEST), **_editor(shown, refusal, preview)
    )
    return page, refusal.status


def _patient_page(
    patient_id: UUID, refusal: Refusal = NO_REFUSAL, preview: Preview | None = None
) -> ResponseReturnValue:
    shown = get_patient_thresholds(actor(), patient_id)
    versions = list_versions(actor(), patient_id, _LATEST)
    return patient_tab("patient_thresholds", patient_id, versions=versions, **_editor(shown, refusal, preview))


def _editor(shown: ShownThresholds, refusal: Refusal, preview: Preview | None) -> dict[str, Any]:
    values = _sent() if request.method == "POST" else _initial(shown)
    return {
        "shown": shown,
        "by_name": {one.name: one for one in shown.values},
        "f": Filled(FORM, refusal, values),
        "refusal": refusal,
        "preview": preview,
        "version": request.form.get("version", shown.version),
        "vitals": VITALS,
        "others": OTHERS,
        "profiles": PROFILES.values(),
        "waits": _WAITS,
        "sources": sorted({one.source for one in shown.values}),
    }


def _initial(shown: ShownThresholds) -> dict[str, Any]:
    """Return what stands in the form: only what was set here, for the rest follows the defaults."""
    is_own = {
        one.name: one.name in shown.own.values
        and (one.origin is Origin.OVERRIDE or (shown.patient_id is None and one.source == "Set by the practice"))
        for one in shown.values
    }
    values: dict[str, Any] = {
        name: OFF if value is None else plain(value) for name, value in shown.own.values.items() if is_own.get(name)
    }
    for prefix, modifiers in shown.own.modifiers.items():
        for wait, value in write_modifiers(modifiers).items():
            values[f"{prefix}.{wait}"] = _written(value)
        values[f"{prefix}.weekdays"] = _ticked_days(modifiers)
    values["profiles"] = [profile.value for profile in shown.own.profiles]
    return values


def _sent() -> dict[str, Any]:
    """Return what was sent, the ticked weekdays as lists."""
    days = {name: request.form.getlist(name) for name in request.form if name.endswith(_WEEKDAYS)}
    return {**request.form, **days}


def _ticked_days(modifiers: Modifiers) -> list[str]:
    """Return the weekdays that are ticked: none where warnings are raised on every day."""
    schedule = modifiers.schedule
    return [] if schedule is None or schedule.weekdays == EVERY_DAY else [str(day) for day in schedule.weekdays]


def _written(value: Any) -> str:
    return plain(value) if isinstance(value, Decimal) else "" if value is None else str(value)


def _tried(patient_id: UUID | None) -> tuple[Refusal, Preview | None]:
    found: list[Preview] = []

    def try_out() -> UUID:
        body = {**_body(), "days": whole(request.form.get("days", "30"))}
        if patient_id is not None:
            body |= {"patient_id": str(patient_id), "profiles": request.form.getlist("profiles")}
        found.append(preview_thresholds(actor(), PreviewRequestSchema().load(body)))
        return actor().practice_id

    done = attempt(FORM, try_out)
    return (done, None) if isinstance(done, Refusal) else (NO_REFUSAL, found[0])


def _save_practice() -> UUID:
    new = NewPracticeThresholdsSchema().load({**_body(), **_reason()})
    change_practice_thresholds(actor(), new, version_seen())
    return actor().practice_id


def _save_patient(patient_id: UUID) -> UUID:
    body = {**_body(), **_reason(), "profiles": request.form.getlist("profiles")}
    change_patient_thresholds(actor(), patient_id, NewPatientThresholdsSchema().load(body), version_seen())
    return patient_id


def _confirm(patient_id: UUID) -> UUID:
    reason = ConfirmationSchema().load(_reason())["reason"]
    confirm_patient_thresholds(actor(), patient_id, reason, version_seen())
    return patient_id


def _saved(page: str) -> ResponseReturnValue:
    flash("Thresholds saved.")
    return redirect(page, 303)


def _body() -> dict[str, Any]:
    """Return what the form sets: a blank field follows the default, `off` switches a rule off."""
    body: dict[str, Any] = {}
    for name in PARAMETERS:
        text = request.form.get(name, "").strip()
        if text:
            body[name] = None if text.casefold() == OFF else _number(text)
    modifiers = {vital.prefix: waits for vital in VITALS if (waits := _waits(vital.prefix))}
    return {**body, "modifiers": modifiers} if modifiers else body


def _waits(prefix: str) -> dict[str, Any]:
    form: Mapping[str, str] = request.form
    found: dict[str, Any] = {}
    for wait in _WAITS:
        text = form.get(f"{prefix}.{wait}", "").strip()
        if text:
            found[wait] = _number(text) if wait == "hysteresis" else whole(text)
    days = [whole(day) for day in request.form.getlist(f"{prefix}{_WEEKDAYS}")]
    return {**found, "weekdays": days} if days else found


def _number(text: str) -> Decimal | str:
    return Decimal(text) if _NUMBER.fullmatch(text) else text


def _reason() -> dict[str, str]:
    reason = request.form.get("reason", "").strip()
    return {"reason": reason} if reason else {}


@console.app_template_filter("short_source")
def short_source(source: str) -> str:
    """Return who a source is by: what stands before the first comma, colon, semicolon or bracket."""
    return re.split(r"[,:;(]", source, maxsplit=1)[0].strip()


@console.app_template_filter("as_limit")
def as_limit(value: Decimal | None) -> str:
    """Return a threshold as people write it."""
    return OFF if value is None else plain(value)
