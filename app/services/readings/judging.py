"""Judging readings: could it be true, whom must it alarm, what does the board show now. One way for every way in."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.triage.assessment import Breach, assess
from app.domain.vitals.plausibility import Earlier, implausible
from app.domain.vitals.reading import Reading
from app.models import Alert, Observation, TriageSummary
from app.services.readings.facts import DeviceFacts, PatientFacts
from app.services.readings.store import raise_alert, store_reading
from app.services.triage import summaries


@dataclass(frozen=True, slots=True)
class RecordedReading:
    """A stored reading, the alert it raised if any, and whether it is new or the first delivery's own."""

    observation: Observation
    alert: Alert | None
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
    breaches = () if doubt else assess(reading.values, known.thresholds)
    stored = store_reading(session, actor, known, device, reading, key, doubt, breaches)
    alert = None if doubt else count_in(session, known, stored, reading, breaches, at)
    return RecordedReading(stored, alert, is_new=True)


def count_in(
    session: Session,
    known: PatientFacts,
    stored: Observation,
    reading: Reading,
    breaches: tuple[Breach, ...],
    at: datetime,
) -> Alert | None:
    """Let a final reading alarm and take its place among the latest; return the alert."""
    alert: Alert | None = None
    if breaches:
        of = known.summary
        alert = raise_alert(session, of.practice_id, of.patient_id, stored, breaches[0], at)
        known.summary.unacknowledged_alerts += 1
        known.recent_alerts[alert.level] += 1
    summaries.take_in(known.summary, stored, reading, at)
    return alert


def put_on_board(session: Session, known: PatientFacts, at: datetime) -> None:
    """Score the patient anew and write the line of the board."""
    summaries.rescore(session, known.summary, known.thresholds, known.recent_alerts, at)
    summaries.keep(session, known.summary)


def _earlier(summary: TriageSummary, reading: Reading, measure: str) -> Earlier | None:
    latest = summary.latest_vitals.get(reading.observation_type)
    if latest is None or latest.get(measure) is None:
        return None
    return Earlier(Decimal(latest[measure]), datetime.fromisoformat(latest["measured_at"]))
