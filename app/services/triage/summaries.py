"""Keeping each patient's line of the triage board up to date, within the transaction that changed something."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ScalarSelect, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from app.database.statements import Statement, send_later
from app.domain.triage.assessment import assess
from app.domain.triage.score import FORMULA_VERSION, RiskScore, ScoreInputs, risk_score
from app.domain.triage.thresholds import AlertLevel
from app.domain.vitals.measures import MEASURES
from app.domain.vitals.reading import Reading
from app.models import Alert, Observation, Patient, TriageSummary, TriageTransition
from app.models.base import new_id


def open_summary(session: Session, patient: Patient) -> None:
    """Put a new patient on the board, without data."""
    session.add(
        TriageSummary(
            practice_id=patient.practice_id, patient_id=patient.id, formula_version=FORMULA_VERSION,
            risk_score=0, risk_level="no_data", parts=[], latest_vitals={},
        )
    )  # fmt: skip
    _note_transition(session, patient, None, "no_data")


def set_active(session: Session, patient: Patient, *, is_active: bool) -> None:
    """Take an archived patient's line off the board, or put it back."""
    summary = session.scalars(
        select(TriageSummary)
        .where(TriageSummary.practice_id == patient.practice_id, TriageSummary.patient_id == patient.id)
        .with_for_update()
    ).one()
    summary.is_active = is_active
    levels = (None, summary.risk_level) if is_active else (summary.risk_level, None)
    _note_transition(session, patient, *levels)


def take_in(summary: TriageSummary, observation: Observation, reading: Reading, at: datetime) -> None:
    """Remember a reading as the latest of its kind, unless a later-measured one is known already."""
    summary.first_reading_at = summary.first_reading_at or at
    summary.last_reading_at = max(summary.last_reading_at or reading.measured_at, reading.measured_at)
    known = summary.latest_vitals.get(reading.observation_type)
    if known is not None and reading.measured_at < datetime.fromisoformat(known["measured_at"]):
        return
    latest = {
        **reading.values,
        **({"posted_value": reading.posted_value, "posted_unit": reading.posted_unit} if reading.posted_unit else {}),
        "measured_at": reading.measured_at.isoformat(),
        "observation_id": str(observation.id),
    }
    summary.latest_vitals = {**summary.latest_vitals, reading.observation_type: latest}


def rescore(
    session: Session,
    summary: TriageSummary,
    thresholds: Mapping[str, Decimal],
    alerts: Mapping[str, int],
    at: datetime,
) -> RiskScore:
    """Work the score out anew from the summary's own facts and the number of recent alerts by level."""
    values, source_id = _latest_values(summary)
    score = risk_score(
        ScoreInputs(
            as_of=at,
            values=values,
            breaches=assess(values, thresholds),
            thresholds=thresholds,
            last_reading_at=summary.last_reading_at,
            source_id=source_id,
            warning_alerts=alerts.get("warning", 0),
            critical_alerts=alerts.get("critical", 0),
            last_reviewed_at=summary.last_reviewed_at,
            first_reading_at=summary.first_reading_at,
        )
    )
    _store(session, summary, score, at)
    return score


_BOARD = TriageSummary.metadata.tables["triage_summaries"]
_KEPT = (
    "risk_score", "risk_level", "formula_version", "parts", "latest_vitals", "first_reading_at", "last_reading_at",
    "unacknowledged_alerts", "refreshed_at",
)  # fmt: skip
_KEEP = Statement(
    update(_BOARD)
    .where(_BOARD.c.practice_id == bindparam("of_practice"), _BOARD.c.patient_id == bindparam("of_patient"))
    .values({name: bindparam(f"new_{name}") for name in _KEPT})
)
_MOVE = Statement(
    insert(TriageTransition.metadata.tables["triage_transitions"]),
    ["id", "practice_id", "patient_id", "from_level", "to_level"],
)


def keep(session: Session, summary: TriageSummary) -> None:
    """Write down what a reading changed of a summary whose row is locked."""
    values = {f"new_{name}": getattr(summary, name) for name in _KEPT}
    of = {"of_practice": summary.practice_id, "of_patient": summary.patient_id}
    send_later(session, (_KEEP, {**values, **of}))


def alerts_since(practice_id: Any, patient_id: Any, level: AlertLevel, since: Any) -> ScalarSelect[int]:
    """Return the subquery that counts a patient's alerts of a level raised after `since`."""
    return (
        select(func.count())
        .select_from(Alert)
        .where(
            Alert.practice_id == practice_id,
            Alert.patient_id == patient_id,
            Alert.level == level.value,
            Alert.raised_at > since,
        )
        .scalar_subquery()
    )


def _store(session: Session, summary: TriageSummary, score: RiskScore, at: datetime) -> None:
    if summary.is_active and summary.risk_level != score.level.value:
        _note_transition(session, summary, summary.risk_level, score.level.value)
    summary.risk_score, summary.risk_level = score.score, score.level.value
    summary.parts = [part.as_dict() for part in score.parts]
    summary.formula_version, summary.refreshed_at = FORMULA_VERSION, at


def _note_transition(
    session: Session, of: Patient | TriageSummary, from_level: str | None, to_level: str | None
) -> None:
    values = {
        "id": new_id(),
        "practice_id": of.practice_id,
        "patient_id": of.id if isinstance(of, Patient) else of.patient_id,
        "from_level": from_level,
        "to_level": to_level,
    }
    send_later(session, (_MOVE, values))


def _latest_values(summary: TriageSummary) -> tuple[dict[str, Decimal | None], str | None]:
    """Return the latest value of every measure, a later kind's over an earlier one's, and the latest reading."""
    kinds = sorted(summary.latest_vitals.values(), key=lambda latest: latest["measured_at"])
    values = {
        measure: _decimal(latest[measure])
        for latest in kinds
        for measure in MEASURES
        if latest.get(measure) is not None
    }
    return values, kinds[-1]["observation_id"] if kinds else None


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)
