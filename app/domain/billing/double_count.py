"""The double-count guard (07 N11): what may not stand side by side, by rule, with the rows that clash.

Two guards. `time_conflicts` watches time entries, `line_conflicts` a line against the ledger. Each conflict names its
rule; whether it refuses or only flags is the caller's to decide by `is_hard`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from uuid import UUID

from app.domain.billing.clocks import Clock, Window
from app.domain.billing.codes import Reason
from app.domain.billing.exclusions import bases_of, rivalry
from app.domain.billing.facts import Circumstance, CircumstanceKind, PriorEntry, TimeEntry
from app.domain.billing.policy import PolicySettings
from app.domain.billing.rules import CodeRule, Kind, RuleBook
from app.domain.enrolment.programs import Program


class Rule(StrEnum):
    """The rules of the guard."""

    STAFF_OVERLAP = "DC01"  # one person's entries overlap
    TWO_PROGRAMS = "DC02"  # the same minutes in two programs of one patient
    ONE_DEVICE_CODE = "DC03"  # two device codes in overlapping periods, 99445 with 99454 among them
    ONE_TREATMENT_CODE = "DC04"  # 99470 with 99457 in one month, and the likes
    NO_LIVE_CONTACT = "DC05"  # a treatment code without a live contact in the month
    OTHER_PRACTITIONER = "DC06"  # a second practice in the window
    RPM_WITH_RTM = "DC07"
    SETUP_TWICE = "DC08"  # once an episode
    OWN_TIME_WITH_TREATMENT = "DC09"  # 99091 with 99457
    ADD_ON_ALONE = "DC10"  # a further block, or an add-on to advanced primary care, without its base in the month
    BUNDLED = "DC11"  # what advanced primary care includes: chronic, principal, transitional care, consults
    SAME_LINE = "DC12"  # the same code twice in its month or period
    OVER_THE_CAP = "DC13"  # more units than the payer allows


WORDS: dict[Rule, str] = {
    Rule.STAFF_OVERLAP: "One person cannot work on two things at the same time.",
    Rule.TWO_PROGRAMS: "The same minutes cannot count for two programs.",
    Rule.ONE_DEVICE_CODE: "One device supply code in a 30-day period.",
    Rule.ONE_TREATMENT_CODE: "These codes exclude each other in one month.",
    Rule.NO_LIVE_CONTACT: "There is no live contact in the month.",
    Rule.OTHER_PRACTITIONER: "Another practitioner bills this for the patient in this time.",
    Rule.RPM_WITH_RTM: "Physiologic or therapeutic monitoring in a month, not both.",
    Rule.SETUP_TWICE: "Set-up is billed once in an episode of care.",
    Rule.OWN_TIME_WITH_TREATMENT: "99091 does not stand beside treatment management.",
    Rule.ADD_ON_ALONE: "An add-on needs its base in the same month.",
    Rule.BUNDLED: "Advanced primary care includes this service.",
    Rule.SAME_LINE: "The code is billed for this time already.",
    Rule.OVER_THE_CAP: "More units than may be billed.",
}
_RULE_OF: dict[Reason, Rule] = {
    Reason.PERIOD_OVERLAP: Rule.ONE_DEVICE_CODE,
    Reason.EXCLUDED_BY_CODE: Rule.ONE_TREATMENT_CODE,
    Reason.EXCL_99091_99457: Rule.OWN_TIME_WITH_TREATMENT,
    Reason.RTM_CONFLICT: Rule.RPM_WITH_RTM,
    Reason.APCM_BUNDLE: Rule.BUNDLED,
}
# The contact may be written down later; minutes of two programs count for one of them, whatever is billed.
_FLAGS = frozenset({Rule.NO_LIVE_CONTACT, Rule.TWO_PROGRAMS})


@dataclass(frozen=True, slots=True)
class Conflict:
    """One rule broken, and the rows that break it: first the one that was asked about, if it is a row."""

    rule: Rule
    ids: tuple[UUID, ...]

    @property
    def is_hard(self) -> bool:
        """Say whether it must be settled before the line goes out; a flag only warns."""
        return self.rule not in _FLAGS

    @property
    def detail(self) -> str:
        """The rule in words."""
        return WORDS[self.rule]


def time_conflicts(entries: Iterable[tuple[UUID, TimeEntry]]) -> tuple[Conflict, ...]:
    """Return every clash among time entries, each with its patient: overlaps of one person, minutes of two programs.

    Entries are half-open: one that ends when another begins does not overlap it.
    """
    ordered = sorted(entries, key=lambda one: (one[1].started_at, one[1].id))
    return tuple(found for one, other in _overlapping(ordered) for found in _clash(one, other))


def line_conflicts(
    line: PriorEntry,
    ledger: Iterable[PriorEntry],
    rules: RuleBook,
    settings: PolicySettings,
    *,
    circumstances: Iterable[Circumstance] = (),
    contacts: Iterable[TimeEntry] | None = None,
) -> tuple[Conflict, ...]:
    """Return what a line clashes with; `ledger` are the patient's other lines that stand.

    `contacts` are the patient's time entries of the line's month, of whatever program, if they are known: without them
    no contact is missed and no minute is found twice.
    """
    rule = rules.rule(line.code, line.service_date)
    if rule is None:
        return ()
    others = [one for one in ledger if one.id != line.id]
    time, entries = line.time_of(rule.clock), None if contacts is None else list(contacts)
    return (
        *_against(line, rule, time, others, rules, settings),
        *_alone(line, rule, time, others, settings),
        *_over_the_cap(line, rule, settings),
        *_elsewhere(line, rule, time, circumstances),
        *_without_contact(line, rule, entries, settings),
        *_of_two_programs(line, rule, entries or ()),
    )


def _overlapping(
    ordered: list[tuple[UUID, TimeEntry]],
) -> Iterator[tuple[tuple[UUID, TimeEntry], tuple[UUID, TimeEntry]]]:
    return (
        (one, other) for one, other in combinations(ordered, 2)
        if one[1].started_at < other[1].ended_at and other[1].started_at < one[1].ended_at
    )  # fmt: skip


def _clash(one: tuple[UUID, TimeEntry], other: tuple[UUID, TimeEntry]) -> Iterator[Conflict]:
    ids = (one[1].id, other[1].id)
    if one[1].user_id is not None and one[1].user_id == other[1].user_id:
        yield Conflict(Rule.STAFF_OVERLAP, ids)
    if one[0] == other[0] and one[1].program is not other[1].program:
        yield Conflict(Rule.TWO_PROGRAMS, ids)


def _against(
    line: PriorEntry, rule: CodeRule, time: Window, others: list[PriorEntry], rules: RuleBook, settings: PolicySettings
) -> Iterator[Conflict]:
    for other in others:
        theirs = rules.rule(other.code, other.service_date)
        if theirs is None:
            continue
        broken = _same(rule, line, other) if other.code == line.code else _rival(rule, theirs, settings)
        is_setup = rule.kind is Kind.SETUP and other.code == line.code
        if broken and (is_setup or other.time_of(theirs.clock).overlaps(time)):
            yield Conflict(broken, (line.id, other.id))


def _same(rule: CodeRule, line: PriorEntry, other: PriorEntry) -> Rule | None:
    if rule.kind is Kind.SETUP:
        is_other_episode = line.episode_id and other.episode_id and line.episode_id != other.episode_id
        return None if is_other_episode else Rule.SETUP_TWICE
    is_shifted = rule.clock is Clock.PERIOD and line.time_of(rule.clock) != other.time_of(rule.clock)
    return Rule.ONE_DEVICE_CODE if is_shifted and rule.kind is Kind.SUPPLY else Rule.SAME_LINE


def _rival(rule: CodeRule, theirs: CodeRule, settings: PolicySettings) -> Rule | None:
    reason = rivalry(rule, theirs, settings)
    return _RULE_OF[reason] if reason else None


def _alone(
    line: PriorEntry, rule: CodeRule, month: Window, others: list[PriorEntry], settings: PolicySettings
) -> Iterator[Conflict]:
    bases = bases_of(rule, settings)
    if bases and not any(one.code in bases and one.time_of(Clock.MONTH).overlaps(month) for one in others):
        yield Conflict(Rule.ADD_ON_ALONE, (line.id,))


def _over_the_cap(line: PriorEntry, rule: CodeRule, settings: PolicySettings) -> Iterator[Conflict]:
    cap = settings.mue_99458 if rule.code == "99458" else rule.max_units
    allowed = cap if rule.kind is Kind.ADD_ON else 1
    if allowed is not None and line.units > allowed:
        yield Conflict(Rule.OVER_THE_CAP, (line.id,))


def _elsewhere(
    line: PriorEntry, rule: CodeRule, time: Window, circumstances: Iterable[Circumstance]
) -> Iterator[Conflict]:
    if rule.program not in {Program.RPM, Program.RTM, Program.APCM}:
        return
    for one in circumstances:
        is_other = one.kind is CircumstanceKind.OTHER_PRACTITIONER and one.program in {None, rule.program}
        if is_other and one.touches(time):
            yield Conflict(Rule.OTHER_PRACTITIONER, (line.id, one.id))


def _without_contact(
    line: PriorEntry, rule: CodeRule, entries: Iterable[TimeEntry] | None, settings: PolicySettings
) -> Iterator[Conflict]:
    if entries is None or not rule.live_contact:
        return
    mine = (one for one in entries if one.program is rule.program)
    if not any(one.is_interactive and one.mode in settings.interactive_modes for one in mine):
        yield Conflict(Rule.NO_LIVE_CONTACT, (line.id,))


def _of_two_programs(line: PriorEntry, rule: CodeRule, entries: Iterable[TimeEntry]) -> Iterator[Conflict]:
    """Name the entries of the line's program whose minutes another program's entries have as well."""
    if rule.kind not in {Kind.TIME, Kind.ADD_ON, Kind.OWN_TIME}:
        return
    known = {one.id: one for one in entries}
    for clash in time_conflicts((line.id, one) for one in known.values()):
        if clash.rule is Rule.TWO_PROGRAMS and any(known[one].program is rule.program for one in clash.ids):
            yield Conflict(Rule.TWO_PROGRAMS, (line.id, *clash.ids))
