"""Set-up once an episode (99453, 98975) and device supply by 30-day periods (99445, 99454 and their RTM likes).

Supply: 2 to 15 distinct days with data, or 16 to 30; one code in a period, however many devices (04 §1.1, §1.5). Held
until the period closes or the patient leaves, and dated by that day (04 §1.9).
"""

from dataclasses import replace
from datetime import date
from uuid import UUID

from app.domain.billing.answers import Answer, Evidence, Finding, distinct
from app.domain.billing.case import Case
from app.domain.billing.clocks import Window, period_from
from app.domain.billing.codes import Reason
from app.domain.billing.days import Reading
from app.domain.billing.facts import Circumstance, CircumstanceKind, Period
from app.domain.billing.gates import Span, findings_of
from app.domain.billing.rules import CodeRule
from app.domain.enrolment.coverage import Enrolment

LONG_DAYS = 16
_TOO_FEW = {2: Reason.DAYS_LT_2, LONG_DAYS: Reason.DAYS_LT_16}


def judge_supply(case: Case, rule: CodeRule, period: Period) -> Answer:
    """Judge device supply in a stored period."""
    window = period.window
    closing = case.last_day_in(window)
    counted, uncovered = _days_within(case, rule.data, window)
    findings = [*case.uncovered_findings(window)]
    if len(counted) < rule.min_days:
        findings.append(Finding(_TOO_FEW[rule.min_days], (), (("days", len(counted)), ("needed", rule.min_days))))
        findings += [one for one in _kept_back(case, rule, counted, uncovered) if one not in findings]
    if len(counted) > rule.max_days:
        findings.append(Finding(Reason.DAYS_GE_16, (), (("days", len(counted)), ("limit", rule.max_days))))
    if case.today <= closing and case.policy_on(closing).require_period_closed:
        findings.append(Finding(Reason.PERIOD_OPEN, (period.id,)))
    blank = case.blank(rule, window)
    if case.spares(blank, findings):
        return blank.refused(*findings)
    evidence = case.proven(_spans_of(case, counted), _days_of(counted))
    answer = replace(blank, findings=tuple(findings), days=len(counted), evidence=evidence, period_id=period.id)
    return case.settled(answer, rule, closing, 1)


def judge_setup(case: Case, rule: CodeRule, episode_id: UUID, enrolments: list[Enrolment]) -> Answer:
    """Judge set-up and training of an episode of care; dated by the first training that is documented in it."""
    stretch = _stretch(case, enrolments)
    training = _training(case, stretch)
    day = training.starts_on if training else max(stretch.starts_on, min(case.today, stretch.ends_on))
    needed = case.policy_on(day).min_days_99453
    counted = _best_period(case, rule, stretch)
    findings = _setup_gaps(case, training, day, len(counted), needed)
    blank = case.blank(rule, Window(day, day), episode_id)
    if case.spares(blank, findings):
        return blank.refused(*findings)
    spans = [*_spans_of(case, counted), *(span for span in case.spans_in(Window(day, day)))]
    own = replace(_days_of(counted), circumstances=(training.id,) if training else ())
    evidence = case.proven(spans, own)
    answer = replace(blank, findings=findings, days=len(counted), evidence=evidence)
    return case.settled(answer, rule, day, 1)


def _days_of(counted: dict[date, Reading]) -> Evidence:
    return Evidence(
        days=tuple((day, reading.id) for day, reading in counted.items()),
        assignments=distinct(reading.assignment_id for reading in counted.values()),
    )


def _setup_gaps(
    case: Case, training: Circumstance | None, day: date, days: int, needed: int
) -> tuple[Finding, ...]:  # fmt: skip
    findings = [*findings_of(span.coverage for span in case.spans_in(Window(day, day)))]
    if training is None:
        findings.append(Finding(Reason.SETUP_NOT_DOCUMENTED))
    if days < needed:
        findings.append(Finding(Reason.SETUP_MIN_DAYS, (), (("days", days), ("needed", needed))))
    return tuple(findings)


def _days_within(case: Case, data: str, window: Window) -> tuple[dict[date, Reading], dict[date, Reading]]:
    """Return the days with data in a window: those that the program covers, and those that it does not."""
    first, last = window.starts_on, window.ends_on
    covered, uncovered = (
        {day: reading for day, reading in days.items() if first <= day <= last} for days in case.split_days(data)
    )
    return covered, uncovered


def _kept_back(
    case: Case, rule: CodeRule, counted: dict[date, Reading], uncovered: dict[date, Reading]
) -> tuple[Finding, ...]:
    """Return the gaps to blame when the days that are not covered would have sufficed."""
    if not uncovered or len(counted) + len(uncovered) < rule.min_days:
        return ()
    return findings_of(span.coverage for span in _spans_of(case, uncovered))


def _spans_of(case: Case, days: dict[date, Reading]) -> list[Span]:
    return [span for span in case.spans if any(span.window.contains(day) for day in days)]


def _stretch(case: Case, enrolments: list[Enrolment]) -> Window:
    first = min(one.starts_on for one in enrolments)
    lasts = [one.ends_on for one in enrolments]
    known = [last for last in lasts if last is not None]
    return Window(first, max(known) if len(known) == len(lasts) else max(case.window.ends_on, first))


def _training(case: Case, stretch: Window) -> Circumstance | None:
    documented = [
        one for one in case.facts.circumstances
        if one.kind is CircumstanceKind.SETUP_TRAINING and stretch.contains(one.starts_on)
        and one.program in {None, case.program} and one.starts_on <= case.today
    ]  # fmt: skip
    return min(documented, key=lambda one: (one.starts_on, one.id), default=None)


def _best_period(case: Case, rule: CodeRule, stretch: Window) -> dict[date, Reading]:
    """Return the counted days of the episode's 30-day period that has most of them; the earliest of equals."""
    kinds = ("physiologic",) if rule.data == "physiologic" and rule.code != "98975" else _THERAPEUTIC
    best: dict[date, Reading] = {}
    periods = [period.window for period in case.periods if period.window.overlaps(stretch)]
    for window in periods or [period_from(stretch.starts_on)]:
        for data in kinds:
            counted = {day: one for day, one in _days_within(case, data, window)[0].items() if stretch.contains(day)}
            best = counted if len(counted) > len(best) else best
    return best


_THERAPEUTIC = ("respiratory", "musculoskeletal", "behavioural")
