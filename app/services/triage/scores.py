"""A patient's score with its parts, now or as it was shown; and a clinician's own score instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import NotFound, ValidationFailed
from app.domain.triage.counterfactual import Counterfactual, smallest_drop
from app.domain.triage.decisions import DecisionKind
from app.domain.triage.proposals import NewScoreOverride
from app.domain.triage.score import ALERT_WINDOW, FORMULA_VERSION, RiskScore, risk_score
from app.domain.triage.score_record import read_inputs
from app.domain.triage.thresholds import AlertLevel
from app.models import ScoreOverrideRow, ShownScore, TriageSummary
from app.models.base import new_id
from app.services.patients.records import find_visible
from app.services.transaction import now, transaction
from app.services.triage.decisions import About, note_decision
from app.services.triage.rules import find_rules
from app.services.triage.summaries import alerts_since, rescore
from app.services.triage.versions import rules_of_version


@dataclass(frozen=True, slots=True)
class ExplainedScore:
    """A score as it was shown from `shown_at` on, its parts, and what would lower its band.

    `is_recomputed` says that the formula and thresholds of that time, on the inputs of that time, gave the same again.
    """

    patient_id: UUID
    risk_score: int
    risk_level: str
    computed_score: int
    formula_version: str
    threshold_version: str | None
    as_of: datetime
    shown_at: datetime
    parts: Sequence[dict[str, Any]]
    counterfactual: Counterfactual | None
    override: ScoreOverrideRow | None
    is_recomputed: bool


def get_score(actor: Actor, patient_id: UUID, as_of: datetime | None = None) -> ExplainedScore:
    """Return a visible patient's score, now or as it was shown at a moment; raises NotFound before there was one."""
    score = find_score(actor, patient_id, as_of)
    if score is None:
        raise NotFound
    return score


def find_score(actor: Actor, patient_id: UUID, as_of: datetime | None = None) -> ExplainedScore | None:
    """Return a visible patient's score; None before there was one. Raises NotFound for a patient not visible."""
    with transaction() as session:
        find_visible(session, actor, patient_id)
        shown = session.scalar(
            select(ShownScore)
            .where(
                ShownScore.practice_id == actor.practice_id,
                ShownScore.patient_id == patient_id,
                *(() if as_of is None else (ShownScore.at <= as_of,)),
            )
            .order_by(ShownScore.at.desc())
            .limit(1)
        )
        events.record(session, "triage:score", "triage", resource_id=patient_id, patient_id=patient_id)
        return _explained(session, shown, as_of or now()) if shown else None


def override_score(actor: Actor, patient_id: UUID, new: NewScoreOverride) -> ExplainedScore:
    """Set a patient's score until it expires; one set before ends. Raises NotFound or ValidationFailed."""
    at = now()
    if new.expires_at <= at:
        raise ValidationFailed({"expires_at": ["Must lie in the future."]})
    with transaction() as session:
        summary = _lock_visible(session, actor, patient_id)
        _end_open(session, actor, patient_id, at)
        row = ScoreOverrideRow(
            id=new_id(), practice_id=actor.practice_id, patient_id=patient_id, risk_score=new.risk_score, set_at=at,
            set_by=actor.user_id, expires_at=new.expires_at,
        )  # fmt: skip
        row.reason = new.reason
        session.add(row)
        _note(session, actor, row, at, note=new.reason, risk_score=new.risk_score)
        summary.override_score, summary.override_expires_at = new.risk_score, new.expires_at
        return _scored_anew(session, actor, summary, at)


def end_override(actor: Actor, patient_id: UUID) -> ExplainedScore:
    """Take the override back; raises NotFound when there is none."""
    at = now()
    with transaction() as session:
        summary = _lock_visible(session, actor, patient_id)
        ended = _end_open(session, actor, patient_id, at)
        if not ended:
            raise NotFound
        _note(session, actor, ended[0], at, outcome="taken_back")
        summary.override_score = summary.override_expires_at = None
        return _scored_anew(session, actor, summary, at)


def rescore_patient(session: Session, practice_id: UUID, patient_id: UUID) -> None:
    """Bring a patient's score up to date after something other than a reading changed."""
    summary = _lock(session, practice_id, patient_id)
    if summary is not None:
        _rescore(session, summary, now())


def _scored_anew(session: Session, actor: Actor, summary: TriageSummary, at: datetime) -> ExplainedScore:
    _rescore(session, summary, at)
    session.flush()
    return get_score(actor, summary.patient_id)


def _rescore(session: Session, summary: TriageSummary, at: datetime) -> None:
    of, since = (summary.practice_id, summary.patient_id), at - ALERT_WINDOW
    counts = session.execute(
        select(*(alerts_since(*of, level, since).label(level.value) for level in AlertLevel))
    ).one()
    rescore(session, summary, find_rules(session, *of), counts._asdict(), at)


def _explained(session: Session, shown: ShownScore, at: datetime) -> ExplainedScore:
    version = shown.inputs.get("thresholds")
    rules = rules_of_version(session, shown.practice_id, shown.patient_id, version) if version else None
    again, drop = None, None
    if rules is not None and shown.formula_version == FORMULA_VERSION:
        inputs = read_inputs(shown.inputs)
        again, drop = risk_score(inputs, rules.book), smallest_drop(inputs, rules.book)
    return ExplainedScore(
        patient_id=shown.patient_id,
        risk_score=shown.risk_score,
        risk_level=shown.risk_level,
        computed_score=_computed(shown),
        formula_version=shown.formula_version,
        threshold_version=version,
        as_of=at,
        shown_at=shown.at,
        parts=shown.parts,
        counterfactual=drop,
        override=_override_at(session, shown, at),
        is_recomputed=again is not None and _is_same(again, shown),
    )


def _computed(shown: ShownScore) -> int:
    return sum(part["points"] for part in shown.parts if part["name"] not in {"clinician_override", "active_stat"})


def _is_same(again: RiskScore, shown: ShownScore) -> bool:
    return again.score == shown.risk_score and [part.as_dict() for part in again.parts] == shown.parts


def _override_at(session: Session, shown: ShownScore, at: datetime) -> ScoreOverrideRow | None:
    """Return the override that held at a moment."""
    of = ScoreOverrideRow.practice_id == shown.practice_id, ScoreOverrideRow.patient_id == shown.patient_id
    row = session.scalar(
        select(ScoreOverrideRow)
        .where(*of, ScoreOverrideRow.set_at <= at)
        .order_by(ScoreOverrideRow.set_at.desc())
        .limit(1)
    )
    holds = row is not None and row.expires_at > at and (row.ended_at is None or row.ended_at > at)
    return row if holds else None


def _note(
    session: Session, actor: Actor, row: ScoreOverrideRow, at: datetime, note: str | None = None, **facts: Any
) -> None:
    about = About(actor.practice_id, row.patient_id, row.id)
    note_decision(session, about, DecisionKind.SCORE_OVERRIDDEN, at, user_id=actor.user_id, note=note, **facts)


def _end_open(session: Session, actor: Actor, patient_id: UUID, at: datetime) -> Sequence[ScoreOverrideRow]:
    of = ScoreOverrideRow.practice_id == actor.practice_id, ScoreOverrideRow.patient_id == patient_id
    is_open = ScoreOverrideRow.ended_at.is_(None), ScoreOverrideRow.expires_at > at
    rows = session.scalars(select(ScoreOverrideRow).where(*of, *is_open)).all()
    for row in rows:
        row.ended_at, row.ended_by = at, actor.user_id
    return rows


def _lock_visible(session: Session, actor: Actor, patient_id: UUID) -> TriageSummary:
    find_visible(session, actor, patient_id)
    summary = _lock(session, actor.practice_id, patient_id)
    if summary is None:
        raise NotFound
    return summary


def _lock(session: Session, practice_id: UUID, patient_id: UUID) -> TriageSummary | None:
    return session.scalar(
        select(TriageSummary)
        .where(TriageSummary.practice_id == practice_id, TriageSummary.patient_id == patient_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
