"""What is remembered of a patient once a reading counts no more: worked out anew from the readings that do.

Rules remember since when a limit is broken, and alerts that it lasts. Both come from the readings one by one, so a
reading cannot be subtracted: what is left is judged again, in the order in which it came, and alerts follow.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.triage.replay import aftermath
from app.domain.triage.rules import RuleBook
from app.domain.triage.state import State
from app.domain.triage.windows import Sample
from app.models import AlertOccurrence, Observation, TriageSummary
from app.models.observation import reading_of
from app.services.readings.facts import PatientFacts
from app.services.triage import summaries
from app.services.triage.alert_flow import StandingAlert, find_unresolved

_MOST = 500  # the newest by measurement; what was broken before all of them and never since is long forgotten


def remember_anew(session: Session, known: PatientFacts, gone: Observation, at: datetime) -> None:
    """Have rules and alerts stand as they would without a reading; the patient's line must be locked.

    An alert that only the lost reading had ended lasts again (whoever had acknowledged it need not once more), one that
    only the lost reading had kept up ends. Silence and missing days are the clock's: they are remembered as they were.
    """
    rows = _newest(session, known.summary)
    book, left = known.rules.book, _samples(rows)
    known.history = sorted(left, key=lambda one: one.measured_at)
    after = aftermath(left, book, known.zone)
    was, lasts = aftermath(_samples([*rows, gone]), book, known.zone).lasting, after.lasting
    before = known.state or summaries.remembered(known.summary)
    known.state = _with_measuring(after.state, before, book)
    _end(known.alerts, was.keys() - lasts.keys(), at)
    for rule in sorted(lasts.keys() - was.keys()):
        _go_on(session, known, rule, lasts[rule])


def _newest(session: Session, summary: TriageSummary) -> Sequence[Observation]:
    return session.scalars(
        select(Observation)
        .where(
            Observation.practice_id == summary.practice_id,
            Observation.patient_id == summary.patient_id,
            Observation.status == "final",
        )
        .order_by(Observation.measured_at.desc(), Observation.id.desc())
        .limit(_MOST)
    ).all()


def _samples(rows: Iterable[Observation]) -> list[Sample]:
    """Return readings as rules see them, in the order in which they came; an accepted one came when it was."""
    came = sorted(rows, key=lambda row: (_counts_since(row), row.measured_at, row.id))
    return [Sample(row.measured_at, reading_of(row).values) for row in came]


def _counts_since(row: Observation) -> datetime:
    return row.decided_at if row.decided_at and row.status == "final" else row.created_at


def _with_measuring(state: State, before: State, book: RuleBook) -> State:
    """Keep what the clock found: it looks again within the hour."""
    names = {rule.name for rule in (book.silence, book.adherence) if rule is not None}
    kept = {name: one for name, one in before.rules.items() if name in names}
    return replace(state, rules={**state.rules, **kept}) if kept else state


def _end(alerts: Iterable[StandingAlert], rules: Iterable[str], at: datetime) -> None:
    over = frozenset(rules)
    for alert in alerts:
        if alert.rule in over and alert.cleared_at is None:
            alert.cleared_at = at
            alert.happened.append("clear")


def _go_on(session: Session, known: PatientFacts, rule: str, measured_at: datetime) -> None:
    """Let the alert last again into which the reading was counted that broke the rule then, if it was."""
    summary = known.summary
    alert_id = session.scalar(
        select(AlertOccurrence.alert_id)
        .where(
            AlertOccurrence.practice_id == summary.practice_id,
            AlertOccurrence.patient_id == summary.patient_id,
            AlertOccurrence.rule == rule,
            AlertOccurrence.voided_at.is_(None),
            AlertOccurrence.measured_at == measured_at,
        )
        .limit(1)
    )
    alert = next((one for one in known.alerts if one.id == alert_id), None)
    if alert is None and alert_id is not None:
        alert = find_unresolved(session, summary.practice_id, alert_id)
        known.alerts += [alert] if alert else []
    if alert is not None and alert.cleared_at is not None:
        alert.cleared_at = None
        alert.happened.append("change")
