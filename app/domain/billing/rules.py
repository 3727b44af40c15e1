"""Rule sets: which codes there are on a service date, and what each needs. Data, read from `data/rule_sets/*.json`.

A new year is a new file; nothing here changes. A set is in force from its first to its last day, both inclusive; on a
day without one no code is effective, because a guess would bill. Within a set a code stands behind those it yields to.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from app.domain.billing.clocks import Clock
from app.domain.billing.codes import Reason
from app.domain.enrolment.programs import Program

RULE_SET_FILES = Path(__file__).with_name("data") / "rule_sets"


class Kind(StrEnum):
    """How a code is earned."""

    SETUP = "setup"  # once an episode, for set-up and training that are documented
    SUPPLY = "supply"  # days with data in a period
    TIME = "time"  # minutes in a month
    ADD_ON = "add_on"  # further full blocks of minutes on top of a base
    OWN_TIME = "own_time"  # the physician's own minutes in a period
    MONTHLY = "monthly"  # a month of care, no minutes
    BY_HAND = "by_hand"  # not earned here: known as a line that a person enters, for what it excludes and needs


@dataclass(frozen=True, slots=True)
class Yield:
    """The codes before which this one gives way in the same time, and what that is called."""

    to: tuple[str, ...]
    reason: Reason
    unless: str | None = None  # a setting of the payer's policy that allows both


@dataclass(frozen=True, slots=True)
class CodeRule:
    """What one code needs. Seconds are whole; `min_` inclusive, `below_` exclusive, days inclusive at both ends."""

    code: str
    program: Program | None  # None: of no program of the product's
    kind: Kind
    clock: Clock
    min_days: int = 0
    max_days: int = 31
    data: str = "physiologic"
    min_seconds: int = 0
    below_seconds: int | None = None
    step_seconds: int = 0
    base: str | None = None  # whose minutes come first
    bases: tuple[str, ...] = ()  # one of which must be billed in the same month, where there are no minutes
    max_units: int | None = None
    credentials: frozenset[str] = frozenset()
    live_contact: bool = False
    complex_care: bool = False
    min_conditions: int = 0
    max_conditions: int | None = None
    qmb: bool | None = None
    yields: tuple[Yield, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the rule as JSON has it: lists in order, so that the same rule reads the same."""
        return json.loads(json.dumps(asdict(self), default=_plain))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class RuleSet:
    """The codes of a span of service dates."""

    id: str
    name: str
    effective_from: date
    effective_to: date
    rules: tuple[CodeRule, ...]

    @cached_property
    def by_code(self) -> dict[str, CodeRule]:
        """The rules by code, in the order in which they are to be judged."""
        return {rule.code: rule for rule in self.rules}

    @cached_property
    def hash(self) -> str:
        """SHA-256 of everything it says, so that a line names exactly the rules it was made by."""
        said = json.dumps(asdict(self), sort_keys=True, default=_plain)
        return hashlib.sha256(said.encode()).hexdigest()

    def lasting(self, first: date, last: date) -> "RuleSet":
        """Return the same rules for other dates, to see what they would make of them."""
        return replace(self, effective_from=first, effective_to=last)


@dataclass(frozen=True)
class RuleBook:
    """All rule sets. Their dates do not overlap; in a book that supposes something the first of them goes before."""

    sets: tuple[RuleSet, ...]

    def on(self, day: date) -> RuleSet | None:
        """Return the set in force on a service date, if there is one."""
        return next((one for one in self.sets if one.effective_from <= day <= one.effective_to), None)

    def rule(self, code: str, day: date) -> CodeRule | None:
        """Return a code's rule on a day: of the set in force, or else the newest there is."""
        return self.known(code, day) if code in self.codes else None

    def known(self, code: str, day: date) -> CodeRule:
        """Return likewise the rule of a code that some set has; raises KeyError for any other."""
        in_force = self.on(day)
        return (in_force.by_code.get(code) if in_force else None) or self.codes[code]

    def only(self, set_id: str, first: date, last: date) -> "RuleBook":
        """Return the book as if one set held on all those days; codes of the others are known and not effective."""
        never = date.min
        return RuleBook(
            tuple(one.lasting(first, last) if one.id == set_id else one.lasting(never, never) for one in self.sets)
        )

    def during(self, set_id: str, first: date, last: date) -> "RuleBook":
        """Return the book as if one set held on those days and the others, as they do, on all the rest."""
        chosen = [one.lasting(first, last) for one in self.sets if one.id == set_id]
        newest = max(self.sets, key=lambda one: one.effective_from).lasting(date.max, date.max)
        return RuleBook(
            (*chosen, *self.sets, newest)
        )  # the first that holds is asked; the newest keeps the order of judging

    def find(self, set_id: str) -> RuleSet | None:
        """Return a set by its id."""
        return next((one for one in self.sets if one.id == set_id), None)

    @cached_property
    def codes(self) -> dict[str, CodeRule]:
        """Every code of any set with its newest rule, in the order of judging."""
        known: dict[str, CodeRule] = {}
        for one in sorted(self.sets, key=lambda each: each.effective_from, reverse=True):
            known |= {code: rule for code, rule in one.by_code.items() if code not in known}
        return known


@cache
def rule_book() -> RuleBook:
    """Return the rule sets that the product knows."""
    return RuleBook(
        tuple(read_rule_set(json.loads(path.read_text())) for path in sorted(RULE_SET_FILES.glob("*.json")))
    )


def read_rule_set(said: Mapping[str, Any]) -> RuleSet:
    """Make a rule set of its JSON; raises ValueError for rules that name codes which are not judged before them."""
    rules = tuple(_read_rule(one) for one in said["codes"])
    _refuse_wrong_order(rules)
    first, last = date.fromisoformat(said["effective_from"]), date.fromisoformat(said["effective_to"])
    return RuleSet(said["id"], said["name"], first, last, rules)


def _read_rule(said: Mapping[str, Any]) -> CodeRule:
    read: dict[str, Callable[[Any], Any]] = {
        "program": lambda name: Program(name) if name else None,
        "kind": Kind,
        "clock": Clock,
        "credentials": frozenset,
        "bases": tuple,
        "yields": lambda many: tuple(Yield(tuple(y["to"]), Reason(y["reason"]), y.get("unless")) for y in many),
    }
    return CodeRule(**{name: read[name](value) if name in read else value for name, value in said.items()})


def _refuse_wrong_order(rules: Iterable[CodeRule]) -> None:
    judged: set[str] = set()
    for rule in rules:
        needed = {*(code for one in rule.yields for code in one.to), *rule.bases, *([rule.base] if rule.base else ())}
        if not needed <= judged or rule.code in judged:
            raise ValueError(f"{rule.code} must stand once, behind {sorted(needed - judged)}.")
        judged.add(rule.code)


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else str(value)
