"""Judging readings: could it be true, whom must it alarm, what does the board show now. One way for every way in."""

from bisect import insort
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.triage.alert_flow import finding_of
from app.domain.triage.alerts import RaisedAlert
from app.domain.triage.evaluation import Evaluation, evaluate
from app.domain.triage.windows import Sample
from app.domain.vitals.plausibility import Earlier, implausible
from app.domain.vitals.reading import Reading
from app.models import Observation, TriageSummary
from app.services.readings.facts import DeviceFacts, PatientFacts
from app.services.readings.store import store_reading
from app.services.triage import alert_flow, summaries


@dataclass(frozen=True, slots=True)
class RecordedReading:
    """A stored reading, the alert it raised if any, and whether it is new or the first delivery's own."""

    observation: Observation
    alert: RaisedAlert | None
    is_new: bool


def take_in(
    session: Session,
    actor: Actor,
    known: PatientFacts,
    device: DeviceFacts,
    reading: Reading,
    key: bytes,
    at: datetime,
) -> RecordedReading:
    """Store and judge a new reading, and bring what is known of the patient up to date; the board is told later.

    Several readings of a patient are handed in by the time they were measured.
    """
    doubt = implausible(reading, lambda measure: _earlier(known.summary, reading, measure))
    found = None if doubt else judge(known, reading)
    stored = store_reading(session, actor, known, device, reading, key, doubt, found.raised if found else ())
    alert = count_in(session, known, stored, reading, found, at) if found else None
    return RecordedReading(stored, alert, is_new=True)


def judge(known: PatientFacts, reading: Reading) -> Evaluation:
    """Return what a reading raises and clears, and remember it until the patient is put on the board."""
    sample = Sample(reading.measured_at, reading.values)
    before = [one for one in known.history if one.measured_at <= reading.measured_at]
    state = known.state or summaries.remembered(known.summary)
    found = evaluate(sample, before, known.rules.book, state, known.zone)
    known.state = found.state
    return found


def count_in(
    session: Session,
    known: PatientFacts,
    stored: Observation,
    reading: Reading,
    found: Evaluation,
    at: datetime,
) -> RaisedAlert | None:
    """Let a final reading clear alerts, alarm, and take its place among the latest; return the alert it raised."""
    version = known.rules.version
    source = alert_flow.Source(stored.practice_id, stored.patient_id, version, stored.id, stored.measured_at)
    alert_flow.clear_recovered(source, known.alerts, frozenset(found.cleared), at)
    alert = _alarm(session, known, source, found, at) if found.raised else None
    summaries.take_in(known.summary, stored.id, reading, at)
    if known.rules.book.looks_back:
        insort(known.history, Sample(reading.measured_at, reading.values), key=lambda one: one.measured_at)
    return alert


def put_on_board(session: Session, known: PatientFacts, at: datetime) -> None:
    """Score the patient anew and write the line of the board, and what happened to the alerts."""
    if known.state is not None:
        known.summary.rule_state = known.state.as_dict()
    alert_flow.keep_alerts(session, known.alerts)
    summaries.rescore(session, known.summary, known.rules, known.recent_alerts, at)
    summaries.keep(session, known.summary)


def _alarm(
    session: Session, known: PatientFacts, source: alert_flow.Source, found: Evaluation, at: datetime
) -> RaisedAlert:
    finding = finding_of(found.raised[0])
    raised = alert_flow.raise_or_fold(session, source, finding, known.alerts, at, known.warning_minutes)
    known.summary.unacknowledged_alerts += raised.is_newly_waiting
    known.recent_alerts[raised.alert.level] += 1
    return raised.alert


def _earlier(summary: TriageSummary, reading: Reading, measure: str) -> Earlier | None:
    latest = summary.latest_vitals.get(reading.observation_type)
    if latest is None or latest.get(measure) is None:
        return None
    return Earlier(Decimal(latest[measure]), datetime.fromisoformat(latest["measured_at"]))
