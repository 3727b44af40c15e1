"""What one code's billing does to another: add-ons need their base, rivals exclude each other, nothing is billed twice.

Judged after each code by itself, winners first. A line that is fixed (entered by hand, or no longer pending) is a fact:
it stands, and whatever it excludes gives way to it, also a code that would else have won.
"""

from collections.abc import Iterable, Iterator

from app.domain.billing.answers import Answer, Finding
from app.domain.billing.clocks import Clock, Window
from app.domain.billing.codes import Reason
from app.domain.billing.facts import PriorEntry
from app.domain.billing.policy import PolicySettings
from app.domain.billing.rules import CodeRule, Kind

# The short and the long code of one service: why the one is refused already says that the other is right.
_OF_TWINS = frozenset({Reason.PERIOD_OVERLAP, Reason.EXCLUDED_BY_CODE})


def against_fixed(
    rule: CodeRule, answer: Answer, prior: Iterable[PriorEntry], rules: dict[str, CodeRule], settings: PolicySettings
) -> Iterator[Finding]:
    """Return what fixed lines other than this very one forbid."""
    for entry in prior:
        theirs = rules.get(entry.code)
        if theirs is None or not entry.is_fixed or (entry.is_auto and entry.line_key == answer.line_key):
            continue
        if entry.code == answer.code:
            yield from _same_code(rule, answer, entry)
        elif entry.time_of(theirs.clock).overlaps(answer.window):
            reason = rivalry(rule, theirs, settings)
            if reason is not None:
                yield Finding(reason, (entry.id,))


def against_winners(
    rule: CodeRule, answer: Answer, judged: Iterable[Answer], settings: PolicySettings
) -> Iterator[Finding]:
    """Return which earned codes this one gives way to; between twins only when nothing else is said already."""
    for one in rule.yields:
        if one.reason in _OF_TWINS and not answer.is_earned:
            continue
        if one.unless and getattr(settings, one.unless):
            continue
        if any(won.code in one.to and won.is_earned and won.window.overlaps(answer.window) for won in judged):
            yield Finding(one.reason)


def without_base(
    rule: CodeRule, answer: Answer, judged: Iterable[Answer], prior: Iterable[PriorEntry], settings: PolicySettings
) -> Iterator[Finding]:
    """Say that an add-on has no base in its month: neither billable nor billed."""
    if rule.kind is not Kind.ADD_ON:
        return
    bases = bases_of(rule, settings)
    is_earned = any(one.code in bases and one.is_earned and one.window == answer.window for one in judged)
    is_billed = any(one.code in bases and one.is_fixed and _in_month(one, answer.window) for one in prior)
    if not (is_earned or is_billed):
        yield Finding(Reason.BASE_NOT_BILLED)


def bases_of(rule: CodeRule, settings: PolicySettings) -> frozenset[str]:
    """Return the codes on one of which a code must stand; none when it stands alone."""
    more = {"99470"} if rule.code == "99458" and settings.allow_99458_with_99470 else set()
    return frozenset({*([rule.base] if rule.base else ()), *rule.bases, *more})


def rivalry(one: CodeRule, other: CodeRule, settings: PolicySettings) -> Reason | None:
    """Return by which reason two codes exclude each other in the same time, whichever gives way; None when both may."""
    for this, that in ((one, other), (other, one)):
        for giving in this.yields:
            if that.code in giving.to and not (giving.unless and getattr(settings, giving.unless)):
                return giving.reason
    return None


def _same_code(rule: CodeRule, answer: Answer, entry: PriorEntry) -> Iterator[Finding]:
    if rule.kind is Kind.SETUP:
        if entry.episode_id in {None, answer.episode_id}:
            yield Finding(Reason.SETUP_ALREADY_BILLED, (entry.id,))
        return
    time = entry.time_of(rule.clock)
    if rule.clock is Clock.PERIOD and time != answer.window:
        if time.overlaps(answer.window):
            yield Finding(Reason.PERIOD_OVERLAP, (entry.id,))
    elif time.overlaps(answer.window):
        yield Finding(Reason.DUPLICATE, (entry.id,))


def _in_month(entry: PriorEntry, month: Window) -> bool:
    return entry.time_of(Clock.MONTH).overlaps(month)
