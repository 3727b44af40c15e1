"""The triage board, and one patient of it beside it: the score explained, open alerts, calling for help, a review."""

from datetime import UTC, datetime
from uuid import UUID

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, is_htmx, load_query
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in, whole
from app.domain.paging import MAX_PAGE_SIZE, PageRequest
from app.domain.roles import Permission
from app.domain.triage.alerts import AlertQuery
from app.domain.triage.board import telling_vital
from app.domain.triage.escalation import EscalationQuery
from app.schemas.escalations import NewEscalationSchema
from app.schemas.reviews import NewReviewSchema
from app.schemas.triage import BoardQuerySchema
from app.services.triage.alert_actions import acknowledge_alerts
from app.services.triage.alerts import list_alerts
from app.services.triage.board import count_levels, get_board_line, list_board
from app.services.triage.escalations import list_escalations, raise_escalation
from app.services.triage.live import get_board_mark
from app.services.triage.reviews import review_patient
from app.services.triage.sparklines import recent_values
from app.web.security import actor

_ALL = PageRequest(page_size=MAX_PAGE_SIZE)


@console_page("/", Permission.READ_TRIAGE, otherwise="admin.patients")
def board() -> ResponseReturnValue:
    """Show who needs help first."""
    query = load_query(BoardQuerySchema())
    mark = get_board_mark(actor(), query)  # before what it stands for: news in between shows as another mark
    page, counts = list_board(actor(), query), count_levels(actor())
    vitals = {line.patient.id: telling_vital(line.summary.parts, line.summary.latest_vitals) for line in page.items}
    recent = recent_values(actor(), {patient_id: one.vital.measure for patient_id, one in vitals.items() if one})
    return render_template(
        "admin/board.html",
        query=query, page=page, counts=counts, vitals=vitals, recent=recent, mark=mark, at=datetime.now(UTC),
    )  # fmt: skip


@console_page("/triage/<uuid:patient_id>", Permission.READ_TRIAGE)
def drawer(patient_id: UUID) -> ResponseReturnValue:
    """Show one patient beside the board: why they stand there, and what can be done."""
    return _drawer(patient_id)


@console_page("/triage/<uuid:patient_id>/acknowledge", Permission.ACKNOWLEDGE_ALERTS, methods=("POST",))
def acknowledge_patient(patient_id: UUID) -> ResponseReturnValue:
    """Acknowledge every alert of a patient that waits."""
    get_board_line(actor(), patient_id)
    waiting = list_alerts(actor(), AlertQuery(_ALL, patient_id=patient_id, acknowledged=False))
    acknowledge_alerts(actor(), [line.alert.id for line in waiting.items])
    return redirect(url_for("admin.drawer", patient_id=patient_id), 303)


@console_page("/triage/<uuid:patient_id>/escalate", Permission.WRITE_TRIAGE, methods=("POST",))
def escalate(patient_id: UUID) -> ResponseReturnValue:
    """Call for help with a patient."""
    return _after(patient_id, attempt("escalate", lambda: _escalate(patient_id)))


@console_page("/triage/<uuid:patient_id>/review", Permission.WRITE_TRIAGE, methods=("POST",))
def review(patient_id: UUID) -> ResponseReturnValue:
    """Mark a patient as reviewed."""
    return _after(patient_id, attempt("review", lambda: _review(patient_id)))


def _after(patient_id: UUID, done: UUID | Refusal) -> ResponseReturnValue:
    if isinstance(done, Refusal):
        return _drawer(patient_id, done)
    return redirect(url_for("admin.drawer", patient_id=patient_id), 303)


def _drawer(patient_id: UUID, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    line = get_board_line(actor(), patient_id)
    page = render_template(
        "admin/_drawer.html" if is_htmx() else "admin/drawer.html",
        line=line,
        alerts=list_alerts(actor(), AlertQuery(_ALL, patient_id=patient_id, acknowledged=False, ordering="priority")),
        escalations=list_escalations(actor(), EscalationQuery(_ALL, patient_id=patient_id, is_open=True)),
        refusal=refusal,
    )
    return page, refusal.status


def _escalate(patient_id: UUID) -> UUID:
    body = filled_in("level", "reason", "alert_id")
    return raise_escalation(actor(), NewEscalationSchema().load({**body, "patient_id": str(patient_id)})).escalation.id


def _review(patient_id: UUID) -> UUID:
    body = {name: whole(text) if name == "minutes" else text for name, text in filled_in("minutes", "note").items()}
    return review_patient(actor(), patient_id, NewReviewSchema().load(body)).review.id
