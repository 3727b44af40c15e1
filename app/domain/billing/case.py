"""One patient in one program, as the judges of the codes see it: coverage, counted days, time, policy and money."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from uuid import UUID

from app.domain.billing.answers import Answer, Evidence, Finding, distinct, line_key
from app.domain.billing.clocks import Window
from app.domain.billing.codes import Reason
from app.domain.billing.days import Reading, counted_days
from app.domain.billing.facts import Book, Circumstance, CircumstanceKind, PatientFacts, Period, TimeEntry
from app.domain.billing.gates import Span, coverage_spans, findings_of, other_gates
from app.domain.billing.policy import PolicySettings
from app.domain.billing.rules import CodeRule
from app.domain.billing.time_spent import Spent, kept_by_others, spent
from app.domain.days import local_day
from app.domain.enrolment.coverage import Enrolment, Order
from app.domain.enrolment.programs import Program

MAX_DIAGNOSES = 12  # a professional claim carries no more
Visits = frozenset[tuple[date, int | None]]


@dataclass(frozen=True)
class Case:
    """The facts of a program within a window of days; `as_of` is the moment of the question."""

    facts: PatientFacts
    program: Program
    book: Book
    window: Window
    as_of: datetime
    lines: frozenset[str] | None = None  # the keys that are answered in full whatever comes out; None: all
    planned: tuple[Period, ...] = ()  # periods that a run would store
    # What was found on the way; none of it hangs on the periods, so a case with other periods shares it.
    _spans: list[Span] = field(default_factory=list)
    _spent: dict[object, Spent] = field(default_factory=dict)
    _policies: dict[date, PolicySettings] = field(default_factory=dict)
    _days: dict[str, dict[date, Reading]] = field(default_factory=dict)
    _split: dict[str, tuple[dict[date, Reading], dict[date, Reading]]] = field(default_factory=dict)

    @cached_property
    def today(self) -> date:
        """The patient's day of the question."""
        return local_day(self.as_of, self.facts.timezone)

    @property
    def spans(self) -> list[Span]:
        """The window's stretches of equal coverage, in order."""
        if not self._spans:
            self._spans.extend(coverage_spans(self.program, self.facts.enrolment, self.window))
        return self._spans

    @cached_property
    def entries(self) -> tuple[TimeEntry, ...]:
        """The program's time entries."""
        return tuple(entry for entry in self.facts.time_entries if entry.program is self.program)

    @cached_property
    def periods(self) -> list[Period]:
        """The program's periods, those that are planned as well, in order."""
        mine = (period for period in self.facts.periods if period.program is self.program)
        return sorted((*mine, *self.planned), key=lambda period: period.window)

    def days_of(self, data: str) -> dict[date, Reading]:
        """Return the days on which data of a kind could count, with the reading that proves each."""
        if data not in self._days:
            found = counted_days((one for one in self.facts.readings if one.measured_at <= self.as_of), data)
            self._days[data] = dict(sorted(found.items()))
        return self._days[data]

    def split_days(self, data: str) -> tuple[dict[date, Reading], dict[date, Reading]]:
        """Return the days with data that the program covers, and those that it does not; both in order."""
        if data not in self._split:
            covered: dict[date, Reading] = {}
            uncovered: dict[date, Reading] = {}
            for span in self.spans:
                kept = covered if span.coverage.is_covered else uncovered
                kept.update({day: one for day, one in self.days_of(data).items() if span.window.contains(day)})
            self._split[data] = covered, uncovered
        return self._split[data]

    def covering(self, day: date) -> Span | None:
        """Return the stretch of a day."""
        return next((span for span in self.spans if span.window.contains(day)), None)

    def spans_in(self, window: Window) -> list[Span]:
        """Return the stretches that touch a window."""
        return [span for span in self.spans if span.window.overlaps(window)]

    def is_enrolled(self, day: date) -> bool:
        """Say whether an enrolment in the program holds on a day."""
        return any(
            one.program is self.program and one.starts_on <= day and (one.ends_on is None or day <= one.ends_on)
            for one in self.facts.enrolment.enrolments
        )

    def last_day_in(self, window: Window) -> date:
        """Return the day on which a window closes: its end, or the last day enrolled when the patient left before."""
        if self.is_enrolled(window.ends_on):
            return window.ends_on
        ends = [
            one.ends_on for one in self.facts.enrolment.enrolments
            if one.program is self.program and one.ends_on is not None and window.contains(one.ends_on)
        ]  # fmt: skip
        return max(ends, default=window.ends_on)

    def policy_on(self, day: date) -> PolicySettings:
        """Return what the patient's payer of a day wants."""
        if day not in self._policies:
            self._policies[day] = self.book.policies.on(day, self.facts.payer_on(day))
        return self._policies[day]

    def circumstances(self, kind: CircumstanceKind, window: Window) -> list[Circumstance]:
        """Return what is noted of a kind on days of the window."""
        return [one for one in self.facts.circumstances if one.kind is kind and one.touches(window)]

    def time_in(self, window: Window, rule: CodeRule, settings: PolicySettings) -> Spent:
        """Return the program's time in a window of the people whose work the rule pays for."""
        visits = self._visits_of_treatment(window, rule, settings)
        key = (window, rule.credentials, settings.interactive_modes, settings.winner, visits)
        if key not in self._spent:
            everybody = frozenset({"physician", "qhp", "clinical"})
            taken = kept_by_others(self.facts.time_entries, self.program, settings.winner, everybody)
            self._spent[key] = spent(
                self.entries, window, self.facts.timezone, self.spans_in(window), rule.credentials,
                taken=taken, modes=settings.interactive_modes, is_excluded=lambda entry: self.is_on(visits, entry),
            )  # fmt: skip
        return self._spent[key]

    def visits_in(self, window: Window) -> Visits:
        """Return the days with an evaluation and management visit, and by whom; None when nobody is named."""
        visits = self.circumstances(CircumstanceKind.EM_VISIT, window)
        return frozenset((one.starts_on, one.practitioner_id) for one in visits)

    def is_on(self, visits: Visits, entry: TimeEntry) -> bool:
        """Say whether time was spent on a day with a visit by the same person."""
        day = local_day(entry.started_at, self.facts.timezone) if visits else None
        return day is not None and ((day, entry.user_id) in visits or (day, None) in visits)

    def _visits_of_treatment(self, window: Window, rule: CodeRule, settings: PolicySettings) -> Visits:
        """Return the visits whose days do not count toward treatment management, where the payer says so."""
        is_asked = settings.exclude_em_day_for_99457 and rule.program is Program.RPM
        return self.visits_in(window) if is_asked else frozenset()

    def uncovered_findings(self, window: Window) -> tuple[Finding, ...]:
        """Return the gaps of a window on none of whose days, up to today, the program was covered."""
        until = min(window.ends_on, max(self.today, window.starts_on))
        asked = self.spans_in(Window(window.starts_on, until))
        if any(span.coverage.is_covered for span in asked):
            return ()
        return findings_of(span.coverage for span in asked)

    def blank(self, rule: CodeRule, window: Window, episode_id: UUID | None = None) -> Answer:
        """Return an answer of which nothing is known yet."""
        key = line_key(rule.code, rule.clock, window, episode_id)
        return Answer(rule.code, self.program, rule.clock, window, key, episode_id=episode_id)

    def spares(self, answer: Answer, findings: Collection[Finding]) -> bool:
        """Say that nobody asks why: it is refused already, and no line stands under its key."""
        return bool(findings) and self.lines is not None and answer.line_key not in self.lines

    def settled(self, answer: Answer, rule: CodeRule, service_date: date, units: int) -> Answer:
        """Return the answer with date, money, payer, diagnoses and the gates of its service date."""
        rules = self.book.rules.on(service_date)
        payer = self.facts.payer_on(service_date)
        diagnoses = self._diagnoses(answer, service_date)
        found = other_gates(self.facts, rule, answer.window, service_date, self.policy_on(service_date), diagnoses)
        each = self.book.fees.amount(rule.code, service_date, payer)
        if rules is None or rule.code not in rules.by_code:
            found.append(Finding(Reason.CODE_NOT_EFFECTIVE))
        elif each is None:
            found.append(Finding(Reason.FEE_MISSING))
        return replace(
            answer, service_date=service_date, units=units, payer=payer, diagnoses=diagnoses,
            amount=None if each is None else each * units, findings=(*answer.findings, *found),
            rule_set_id=rules.id if rules else None, rule_set_hash=rules.hash if rules else None,
        )  # fmt: skip

    def proven(self, spans: list[Span], evidence: Evidence) -> Evidence:
        """Return the evidence with the consents, orders and enrolments of covered stretches."""
        held = [span.coverage for span in spans if span.coverage.is_covered]
        return replace(
            evidence,
            consents=distinct(one.consent_id for one in held),
            orders=distinct(one.order_id for one in held),
            enrolments=distinct(one.enrollment_id for one in held),
        )

    def _diagnoses(self, answer: Answer, day: date) -> tuple[str, ...]:
        """Return the conditions of orders and enrolments that hold on a day of the window up to the service date."""
        first = min(answer.window.starts_on, day)
        spans = [span for span in self.spans_in(Window(first, day)) if span.coverage.enrollment_id]
        holding = {span.coverage.order_id for span in spans} | {span.coverage.enrollment_id for span in spans}
        facts: tuple[Order | Enrolment, ...] = (*self.facts.enrolment.orders, *self.facts.enrolment.enrolments)
        codes = {code for fact in facts if fact.id in holding for code in fact.diagnoses}
        return tuple(sorted(codes)[:MAX_DIAGNOSES])
