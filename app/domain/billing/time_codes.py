"""Codes earned by minutes: first blocks and further full blocks in a month, the physician's own in a period, and the
months of advanced primary care.

9:59 is nothing, 10:00 to 19:59 the short code, 20:00 the long one, 40:00, 60:00 … each one more; only full blocks count
(04 §1.1). Remote monitoring asks for a live contact in the month, which the further blocks share (§1.6).
"""

from dataclasses import replace
from datetime import date

from app.domain.billing.answers import Answer, Evidence, Finding
from app.domain.billing.case import Case
from app.domain.billing.clocks import Window
from app.domain.billing.codes import Reason
from app.domain.billing.facts import CircumstanceKind, Period
from app.domain.billing.gates import findings_of
from app.domain.billing.intervals import SECOND, moment_of
from app.domain.billing.policy import PolicySettings, ServiceDay
from app.domain.billing.rules import CodeRule, Kind
from app.domain.billing.time_spent import Spent, spent
from app.domain.days import local_day

_MINUTE = 60
_TOO_SHORT = {
    10: Reason.TIME_LT_10, 20: Reason.TIME_LT_20, 30: Reason.TIME_LT_30, 40: Reason.TIME_LT_40,
    60: Reason.TIME_LT_60, 90: Reason.TIME_LT_90,
}  # fmt: skip


def judge_time(case: Case, rule: CodeRule, month: Window, base: CodeRule | None = None) -> Answer:
    """Judge a code of minutes in a month; a further block names its base, whose first minutes come before it."""
    last_known = min(month.ends_on, max(case.today, month.starts_on))
    settings = case.policy_on(last_known)
    time = case.time_in(month, rule, settings)
    needed = rule.min_seconds if base is None else base.min_seconds + rule.step_seconds
    blank, gaps = case.blank(rule, month), _time_gaps(rule, time, needed)
    if case.spares(blank, gaps):
        return blank.refused(*gaps)
    blocks = _blocks(rule, base, time)
    cap = _cap(rule, settings)
    units = min(blocks, cap) if cap else blocks
    findings = [*case.uncovered_findings(month), *gaps]
    if rule.live_contact and not time.contact_ids:
        findings.append(Finding(Reason.NO_INTERACTIVE, time.entry_ids))
    if rule.complex_care and not case.circumstances(CircumstanceKind.COMPLEX_CARE, month):
        findings.append(Finding(Reason.COMPLEXITY_NOT_DOCUMENTED))
    findings += _month_is_open(case, rule, month, settings)
    if case.spares(blank, findings):
        return blank.refused(*findings)
    answer = replace(
        blank,
        findings=tuple(dict.fromkeys(findings)),
        remarks=(Finding(Reason.MUE_CAP, (), (("blocks", blocks), ("cap", units))),) if blocks > units else (),
        seconds=time.seconds,
        evidence=_evidence(case, rule, month, time),
    )
    day = _service_day(case, month, time, needed if base is None else _seconds_of(rule, base, units), settings)
    return case.settled(answer, rule, day, max(units, 1))


def judge_own_time(case: Case, rule: CodeRule, period: Period) -> Answer:
    """Judge 99091: at least 30:00 of the physician's own time in a period, held until it closes.

    Days with an evaluation and management visit do not count, unless the policy says otherwise.
    """
    window = period.window
    closing = case.last_day_in(window)
    settings = case.policy_on(closing)
    visits = case.visits_in(window) if settings.exclude_em_day_for_99091 else frozenset()
    time = spent(
        case.entries, window, case.facts.timezone, case.spans_in(window), rule.credentials,
        is_excluded=lambda entry: case.is_on(visits, entry),
    )  # fmt: skip
    findings = [*case.uncovered_findings(window)]
    if time.ticks < rule.min_seconds * SECOND:
        findings.append(Finding(Reason.QHP_TIME_LT_30, time.entry_ids, (("seconds", time.seconds),)))
    if case.today <= closing and settings.require_period_closed:
        findings.append(Finding(Reason.PERIOD_OPEN, (period.id,)))
    blank = case.blank(rule, window)
    if case.spares(blank, findings):
        return blank.refused(*findings)
    evidence = case.proven(case.spans_in(window), Evidence(time_entries=time.entry_ids, contacts=time.contact_ids))
    answer = replace(
        blank, findings=tuple(findings), seconds=time.seconds, evidence=evidence,
        period_id=period.id,
    )  # fmt: skip
    return case.settled(answer, rule, closing, 1)


def judge_month(case: Case, rule: CodeRule, month: Window) -> Answer:
    """Judge advanced primary care: covered in the month, at the level that the patient's conditions call for."""
    closing = case.last_day_in(month)
    findings = [*case.uncovered_findings(month)]
    conditions = _conditions(case, month)
    qmb = case.circumstances(CircumstanceKind.QMB, month)
    fits = (
        conditions >= rule.min_conditions
        and (rule.max_conditions is None or conditions <= rule.max_conditions)
        and (rule.qmb is None or rule.qmb == bool(qmb))
    )
    if not fits:
        findings.append(Finding(Reason.LEVEL_NOT_MET, tuple(one.id for one in qmb), (("conditions", conditions),)))
    if case.today <= closing:
        findings.append(Finding(Reason.PERIOD_OPEN))
    evidence = case.proven(case.spans_in(month), Evidence(circumstances=tuple(one.id for one in qmb)))
    answer = replace(case.blank(rule, month), findings=tuple(findings), evidence=evidence)
    return case.settled(answer, rule, closing, 1)


def _blocks(rule: CodeRule, base: CodeRule | None, time: Spent) -> int:
    if base is None:
        return 1
    return max(0, (time.ticks - base.min_seconds * SECOND) // (rule.step_seconds * SECOND))


def _seconds_of(rule: CodeRule, base: CodeRule, units: int) -> int:
    return base.min_seconds + rule.step_seconds * max(units, 1)


def _cap(rule: CodeRule, settings: PolicySettings) -> int | None:
    return settings.mue_99458 if rule.code == "99458" else rule.max_units


def _time_gaps(rule: CodeRule, time: Spent, needed: int) -> list[Finding]:
    """Say that the time is too short, and what would have sufficed; or that it is too long for the short code."""
    if rule.below_seconds is not None and time.ticks >= rule.below_seconds * SECOND:
        return [Finding(Reason.TIME_GE_20, time.entry_ids, (("seconds", time.seconds),))]
    if time.ticks >= needed * SECOND:
        return []
    short = Finding(_TOO_SHORT[needed // _MINUTE], time.entry_ids, (("seconds", time.seconds), ("needed", needed)))
    found = [short]
    if time.double_ticks and time.ticks + time.double_ticks >= needed * SECOND:
        seconds = (("seconds", time.double_ticks // SECOND),)
        found.append(Finding(Reason.TIME_DOUBLE_COUNTED, time.double_ids, seconds))
    if time.uncovered_ticks and time.ticks + time.uncovered_ticks >= needed * SECOND:
        found += findings_of(span.coverage for span in time.uncovered_spans)
    return found


def _month_is_open(case: Case, rule: CodeRule, month: Window, settings: PolicySettings) -> list[Finding]:
    """Hold the short code, which more minutes would undo, and everything when the policy dates by the month's end."""
    waits = rule.below_seconds is not None or settings.time_service_day == ServiceDay.MONTH_END.value
    return [Finding(Reason.PERIOD_OPEN)] if waits and case.today <= case.last_day_in(month) else []


def _service_day(case: Case, month: Window, time: Spent, seconds: int, settings: PolicySettings) -> date:
    tick = time.reached(seconds)
    if settings.time_service_day == ServiceDay.MONTH_END.value or tick is None:
        return case.last_day_in(month)
    return local_day(moment_of(tick - 1), case.facts.timezone)


def _evidence(case: Case, rule: CodeRule, month: Window, time: Spent) -> Evidence:
    needed = case.circumstances(CircumstanceKind.COMPLEX_CARE, month) if rule.complex_care else []
    own = Evidence(
        time_entries=time.entry_ids, contacts=time.contact_ids, circumstances=tuple(one.id for one in needed)
    )
    return case.proven(case.spans_in(month), own)


def _conditions(case: Case, month: Window) -> int:
    """Count the distinct conditions of the patient and of the enrolments that hold in the month."""
    held = {span.coverage.enrollment_id for span in case.spans_in(month)}
    named = {code for one in case.facts.enrolment.enrolments if one.id in held for code in one.diagnoses}
    return len(named | case.facts.conditions)


MINUTE_KINDS = frozenset({Kind.TIME, Kind.ADD_ON})
