"""Dry run: what a set of rules would have raised over past readings, by the function that judges live readings."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from statistics import median

from app.domain.triage.adherence import has_begun, reading_days
from app.domain.triage.assessment import Breach
from app.domain.triage.evaluation import evaluate, evaluate_adherence, evaluate_silence
from app.domain.triage.parameters import LONGEST_WINDOW, AlertClass
from app.domain.triage.rules import RuleBook
from app.domain.triage.state import UNSEEN, State
from app.domain.triage.thresholds import AlertLevel
from app.domain.triage.windows import Sample


@dataclass(frozen=True, slots=True)
class Replayed:
    """An alert that a set of rules raises: on which reading ('' for the clock's), when, how bad, and its sentence."""

    source_id: str
    at: datetime
    level: AlertLevel
    rule: str
    message: str
    alert_class: AlertClass
    is_repeat: bool


def replay(
    samples: Sequence[Sample],
    book: RuleBook,
    zone: tzinfo,
    since: datetime,
    until: datetime,
    first_at: datetime | None = None,
) -> list[Replayed]:
    """Return the alerts from `since` on to `until`, one a reading at most; `samples` oldest first.

    Readings before `since` only warm up what is remembered. `first_at`: when the patient first measured, if that was
    before these readings. Days with a reading are counted at each local midnight, where the job does within the hour.
    """
    state, raised = UNSEEN, list[Replayed]()
    start, days = 0, _Days(zone, since - _A_WEEK, first_at)
    for number, sample in enumerate(samples):
        state = _silence(raised, book, state, sample.measured_at)
        state = _adherence(raised, book, state, days, sample.measured_at)
        if book.looks_back:
            while samples[start].measured_at < sample.measured_at - LONGEST_WINDOW:
                start += 1
        history = samples[start:number] if book.looks_back else ()
        found = evaluate(sample, history, book, state, zone)
        state = found.state
        if found.raised:
            raised.append(_replayed(sample.source_id, sample.measured_at, found.raised[0]))
        days.add(sample.measured_at)
    state = _silence(raised, book, state, until)
    _adherence(raised, book, state, days, until)
    return sorted((alert for alert in raised if alert.at >= since), key=lambda alert: alert.at)


@dataclass(slots=True)
class _Days:
    """A patient's days with a reading up to now, and which midnights were looked at: those since `look_from`.

    Of the days before, which are replayed to warm up, there must be another week.
    """

    zone: tzinfo
    look_from: datetime
    first_at: datetime | None
    measured: set[date] = field(default_factory=set)
    looked_at: date | None = None

    def add(self, measured_at: datetime) -> None:
        """Note a reading; the first there was may lie before those that are replayed."""
        self.first_at = self.first_at or measured_at
        self.measured.add(measured_at.astimezone(self.zone).date())

    def midnights(self, until: datetime) -> Iterator[date]:
        """Yield the days that began since the last look, up to that moment."""
        last = until.astimezone(self.zone).date()
        if self.looked_at is None and self.first_at is not None:
            self.looked_at = max(self.first_at, self.look_from).astimezone(self.zone).date()
        while self.looked_at is not None and self.looked_at < last:
            self.looked_at += _A_DAY
            yield self.looked_at


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What readings leave: what is remembered, and the rules whose alert lasts with when its newest was measured."""

    state: State
    lasting: Mapping[str, datetime]


def aftermath(samples: Sequence[Sample], book: RuleBook, zone: tzinfo) -> Aftermath:
    """Return what these readings leave when they come in this order, and no others; silence is not looked at."""
    state, lasting = UNSEEN, dict[str, datetime]()
    for number, sample in enumerate(samples):
        since, at = sample.measured_at - LONGEST_WINDOW, sample.measured_at
        before = [one for one in samples[:number] if since <= one.measured_at <= at] if book.looks_back else []
        found = evaluate(sample, sorted(before, key=lambda one: one.measured_at), book, state, zone)
        state = found.state
        for rule in found.cleared:
            if rule in lasting and lasting[rule] <= at:
                del lasting[rule]
        for breach in found.raised[:1]:
            lasting[breach.rule] = max(at, lasting.get(breach.rule, at))
    return Aftermath(state, lasting)


@dataclass(slots=True)
class Tally:
    """Alerts counted: in all, by local day, by level; and the hours between one and the next of a patient."""

    total: int = 0
    critical: int = 0
    compliance: int = 0
    by_day: Counter[date] = field(default_factory=Counter)
    gaps: list[float] = field(default_factory=list)

    def add(self, alerts: Sequence[Replayed], zone: tzinfo) -> None:
        """Count one patient's alerts."""
        self.total += len(alerts)
        self.critical += sum(alert.level is AlertLevel.CRITICAL for alert in alerts)
        self.compliance += sum(alert.alert_class is AlertClass.COMPLIANCE for alert in alerts)
        self.by_day.update(alert.at.astimezone(zone).date() for alert in alerts)
        times = [alert.at for alert in alerts]
        self.gaps += [(late - early) / _AN_HOUR for early, late in pairwise(times)]

    @property
    def median_gap_hours(self) -> float | None:
        """The median time between two alerts of one patient; None when nobody has two."""
        return round(median(self.gaps), 1) if self.gaps else None


@dataclass(frozen=True, slots=True)
class Difference:
    """Readings that raise an alert under one set of rules only, by their ids; silence counts by its time."""

    vanishing: tuple[Replayed, ...]
    appearing: tuple[Replayed, ...]


def difference(before: Iterable[Replayed], after: Iterable[Replayed]) -> Difference:
    """Return the alerts that one patient no longer has, and those that are new."""
    old, new = _by_reading(before), _by_reading(after)
    return Difference(
        tuple(alert for key, alert in old.items() if key not in new),
        tuple(alert for key, alert in new.items() if key not in old),
    )


def days_between(since: datetime, until: datetime, zone: tzinfo) -> list[date]:
    """Return the local days from `since` to `until`, both ends included."""
    first, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


_AN_HOUR, _A_DAY, _A_WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


def _replayed(source_id: str, at: datetime, breach: Breach) -> Replayed:
    return Replayed(
        source_id, at, breach.level, breach.rule, breach.message, breach.alert_class, is_repeat=breach.is_repeat
    )


def _by_reading(alerts: Iterable[Replayed]) -> Mapping[str, Replayed]:
    return {alert.source_id or f"{alert.rule} {alert.at.isoformat()}": alert for alert in alerts}


def _silence(raised: list[Replayed], book: RuleBook, state: State, until: datetime) -> State:
    """Note a silence that became too long before `until`, at the moment when it did."""
    if book.silence is None or state.seen_at is None:
        return state
    due = state.seen_at + timedelta(days=int(book.silence.limit))
    if due >= until:
        return state
    found = evaluate_silence(book, state, due)
    raised += [_replayed("", due, breach) for breach in found.raised]
    return found.state


def _adherence(raised: list[Replayed], book: RuleBook, state: State, days: _Days, until: datetime) -> State:
    """Count the days with a reading at each local midnight up to then."""
    if book.adherence is None or days.first_at is None:
        return state
    first = days.first_at.astimezone(days.zone).date()
    for today in days.midnights(until):
        if has_begun(first, today):
            at = datetime.combine(today, time.min, days.zone).astimezone(UTC)
            found = evaluate_adherence(book, state, reading_days(days.measured, today), at)
            raised += [_replayed("", at, breach) for breach in found.raised]
            state = found.state
    return state
