"""Keeping each patient's line of the triage board up to date, within the transaction that changed something."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from app.database.many import Insert, Update
from app.database.statements import send_later
from app.domain.triage.evaluation import Evaluation, evaluate_adherence, evaluate_silence
from app.domain.triage.score import FORMULA_VERSION, RiskScore, ScoreInputs, ScoreOverride, risk_score
from app.domain.triage.score_record import latest_of, raised_in, write_inputs
from app.domain.triage.state import State
from app.domain.triage.thresholds import RULES, AlertLevel
from app.domain.vitals.reading import Reading
from app.models import AlertOccurrence, Observation, Patient, TriageSummary, TriageTransition
from app.models.base import new_id
from app.models.observation import reading_of
from app.services.triage.rules import Rules


def open_summary(session: Session, patient: Patient) -> None:
    """Put a new patient on the board, without data."""
    summary = TriageSummary(
        practice_id=patient.practice_id, patient_id=patient.id, formula_version=FORMULA_VERSION, is_active=True,
        risk_score=0, risk_level="no_data", parts=[], latest_vitals={}, rule_state={}, score_inputs={},
        has_active_stat=False, unacknowledged_alerts=0, alerts_wait=False,
    )  # fmt: skip
    session.add(summary)
    _note_move(session, summary, None)


def set_active(session: Session, patient: Patient, *, is_active: bool) -> None:
    """Take an archived patient's line off the board, or put it back."""
    summary = session.scalars(
        select(TriageSummary)
        .where(TriageSummary.practice_id == patient.practice_id, TriageSummary.patient_id == patient.id)
        .with_for_update()
    ).one()
    stood, summary.is_active = _place(summary), is_active
    _note_move(session, summary, stood)


def let_wait(session: Session, summary: TriageSummary, more: int) -> None:
    """Count alerts that wait, or no longer do, on a locked line that is not going to be scored."""
    stood = _place(summary)
    summary.unacknowledged_alerts += more
    summary.alerts_wait = summary.unacknowledged_alerts > 0
    _note_move(session, summary, stood)


def take_in(summary: TriageSummary, observation_id: UUID, reading: Reading, at: datetime) -> None:
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
        "observation_id": str(observation_id),
    }
    summary.latest_vitals = {**summary.latest_vitals, reading.observation_type: latest}


def forget(session: Session, summary: TriageSummary, gone: Observation) -> None:
    """Take a reading that no longer counts out of the summary: the one before it is the latest again."""
    of = (
        Observation.practice_id == summary.practice_id,
        Observation.patient_id == summary.patient_id,
        Observation.status == "final",
    )
    first, last = session.execute(
        select(func.min(Observation.created_at), func.max(Observation.measured_at)).where(*of)
    ).one()
    summary.first_reading_at, summary.last_reading_at = first, last
    known = summary.latest_vitals.get(gone.observation_type)
    if known is None or known["observation_id"] != str(gone.id):
        return
    summary.latest_vitals = {kind: one for kind, one in summary.latest_vitals.items() if kind != gone.observation_type}
    same_kind = select(Observation).where(*of, Observation.observation_type == gone.observation_type)
    before = session.scalar(same_kind.order_by(Observation.measured_at.desc(), Observation.id.desc()).limit(1))
    if before is not None:
        take_in(summary, before.id, reading_of(before), before.created_at)


def rescore(
    session: Session, summary: TriageSummary, rules: Rules, alerts: Mapping[str, int], at: datetime
) -> RiskScore:
    """Work the score out anew from the summary's own facts and the number of recent alerts by level."""
    inputs = score_inputs(summary, rules, alerts, at)
    score = risk_score(inputs, rules.book)
    summary.score_inputs = write_inputs(inputs, rules.version)
    _store(session, summary, score, at)
    return score


def score_inputs(summary: TriageSummary, rules: Rules, alerts: Mapping[str, int], at: datetime) -> ScoreInputs:
    """Return what a patient's score is made from."""
    override = None
    if summary.override_score is not None and summary.override_expires_at is not None:
        override = ScoreOverride(summary.override_score, summary.override_expires_at)
    return ScoreInputs(
        as_of=at,
        latest=latest_of(summary.latest_vitals),
        warning_alerts=alerts.get("warning", 0),
        critical_alerts=alerts.get("critical", 0),
        last_reviewed_at=summary.last_reviewed_at,
        first_reading_at=summary.first_reading_at,
        raised=raised_in(remembered(summary), _LIMITS),
        has_active_stat=summary.has_active_stat,
        override=override,
    )


def remembered(summary: TriageSummary) -> State:
    """Return what is remembered of a patient's rules; of readings before there were rules, when the latest was."""
    state = State.from_dict(summary.rule_state)
    return state if state.seen_at else replace(state, seen_at=summary.last_reading_at)


def note_measuring(summary: TriageSummary, rules: Rules, days: int | None, at: datetime) -> list[Evaluation]:
    """Remember and return what the clock finds: silence, and too few days with readings; for the periodic job only.

    `days`: of the last seven full ones those with a reading, None for who has not begun or has no such rule.
    """
    silence = evaluate_silence(rules.book, remembered(summary), at)
    found = [silence] if days is None else [silence, evaluate_adherence(rules.book, silence.state, days, at)]
    if news := [one for one in found if one.raised or one.cleared]:
        summary.rule_state = found[-1].state.as_dict()
    return news


_LIMITS = frozenset(rule.name for rule in RULES)
_BOARD = TriageSummary.metadata.tables["triage_summaries"]
_KEPT = (
    "risk_score", "risk_level", "formula_version", "parts", "latest_vitals", "first_reading_at", "last_reading_at",
    "unacknowledged_alerts", "alerts_wait", "refreshed_at", "rule_state", "score_inputs",
)  # fmt: skip
_KEEP = Update(_BOARD, ("practice_id", "patient_id"), _KEPT)
_MOVE = Insert(
    TriageTransition.metadata.tables["triage_transitions"],
    ("id", "practice_id", "patient_id", "from_level", "to_level", "from_waiting", "to_waiting"),
)


def keep(session: Session, summary: TriageSummary) -> None:
    """Write down what a reading changed of a summary whose row is locked."""
    send_later(session, (_KEEP, _KEEP.values(summary)))


def alerts_since(practice_id: Any, patient_id: Any, level: AlertLevel, since: Any) -> ScalarSelect[int]:
    """Return the subquery that counts how often alerts of a level were raised after `since`, repeats too."""
    return (
        select(func.count())
        .select_from(AlertOccurrence)
        .where(
            AlertOccurrence.practice_id == practice_id,
            AlertOccurrence.patient_id == patient_id,
            AlertOccurrence.level == level.value,
            AlertOccurrence.raised_at > since,
            AlertOccurrence.voided_at.is_(None),
        )
        .scalar_subquery()
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where on the board a line is counted."""

    level: str
    is_waiting: bool


def _place(summary: TriageSummary) -> _Place | None:
    """Return where a line is counted; an archived patient's is nowhere."""
    return _Place(summary.risk_level, summary.alerts_wait) if summary.is_active else None


def _store(session: Session, summary: TriageSummary, score: RiskScore, at: datetime) -> None:
    stood = _place(summary)
    summary.risk_score, summary.risk_level = score.score, score.level.value
    summary.alerts_wait = summary.unacknowledged_alerts > 0
    summary.parts = [part.as_dict() for part in score.parts]
    summary.formula_version, summary.refreshed_at = FORMULA_VERSION, at
    _note_move(session, summary, stood)


def _note_move(session: Session, summary: TriageSummary, stood: _Place | None) -> None:
    """Write down how a locked line came from where it stood to where it stands, if that is another place."""
    stands = _place(summary)
    if stands == stood:
        return
    values = {
        "id": new_id(),
        "practice_id": summary.practice_id,
        "patient_id": summary.patient_id,
        "from_level": stood and stood.level,
        "to_level": stands and stands.level,
        "from_waiting": stood is not None and stood.is_waiting,
        "to_waiting": stands is not None and stands.is_waiting,
    }
    send_later(session, (_MOVE, values))
