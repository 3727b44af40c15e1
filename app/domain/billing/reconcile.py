"""What a run does to the ledger: lines to enter, to bring up to date, to take back; and impacts where a line is fixed.

A pending line of the engine's own follows the facts. One that was submitted, paid, denied or appealed is never changed:
when the facts now say something else, an impact tells before and after (07 N9). A line that a person voided stays void.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.domain.billing.answers import Answer, Evidence
from app.domain.billing.entries import EntryStatus


class VoidCause(StrEnum):
    """Who took a line back: the engine may bring back what it took itself."""

    PERSON = "person"
    ENGINE = "engine"


class ImpactKind(StrEnum):
    """What late facts did to a line that is no longer pending."""

    NO_LONGER_BILLABLE = "no_longer_billable"
    REPLACED = "replaced"  # another code is right now
    UNITS_CHANGED = "units_changed"
    EVIDENCE_LOST = "evidence_lost"  # still billable, but rows that proved it no longer count


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A line of the engine's own, in whatever state, as it stands in the ledger."""

    id: UUID
    line_key: str
    code: str
    status: EntryStatus
    units: int
    amount: Decimal
    service_date: date
    fingerprint: str
    void_cause: VoidCause | None = None
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True)
class Impact:
    """A fixed line that the facts no longer bear out as it was billed; `suggestion` says what a person might do."""

    entry_id: UUID
    kind: ImpactKind
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    suggestion: str

    @property
    def fingerprint(self) -> str:
        """What tells this impact from another of the same line; raised once."""
        said = json.dumps([self.kind.value, self.after], sort_keys=True, default=str)
        return hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done."""

    enter: tuple[Answer, ...] = ()
    refresh: tuple[tuple[OwnLine, Answer], ...] = ()
    reinstate: tuple[tuple[OwnLine, Answer], ...] = ()
    take_back: tuple[tuple[OwnLine, Answer], ...] = ()
    impacts: tuple[Impact, ...] = ()


def reconcile(answers: Iterable[Answer], lines: Iterable[OwnLine]) -> Plan:
    """Compare what is right with what stands. Doing the plan and comparing again gives an empty plan."""
    own = {line.line_key: line for line in lines}
    judged = {answer.line_key: answer for answer in answers}
    sorted_out: dict[str, list[Any]] = {name: [] for name in ("enter", "refresh", "reinstate", "take_back", "impacts")}
    for key, answer in judged.items():
        line = own.get(key)
        if line is None:
            if answer.is_billable:
                sorted_out["enter"].append(answer)
        else:
            _sort(sorted_out, line, answer, judged.values())
    return Plan(**{name: tuple(found) for name, found in sorted_out.items()})


def fingerprint(answer: Answer, evidence: Mapping[str, Any] | None = None) -> str:
    """Return what tells one state of a line from another: everything that is stored of it.

    `evidence`: the answer's as JSON, where it was made already.
    """
    said = [
        answer.units, str(answer.amount), str(answer.service_date), answer.payer, list(answer.diagnoses),
        answer.seconds, answer.days, evidence or answer.evidence.as_json(), answer.rule_set_hash,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _sort(found: dict[str, list[Any]], line: OwnLine, answer: Answer, judged: Iterable[Answer]) -> None:
    if line.status is EntryStatus.VOID:
        if line.void_cause is VoidCause.ENGINE and answer.is_billable:
            found["reinstate"].append((line, answer))
    elif line.status is EntryStatus.PENDING:
        if not answer.is_billable:
            found["take_back"].append((line, answer))
        elif fingerprint(answer) != line.fingerprint:
            found["refresh"].append((line, answer))
    else:
        impact = impact_on(line, answer, judged)
        if impact is not None:
            found["impacts"].append(impact)


def impact_on(line: OwnLine, answer: Answer, judged: Iterable[Answer] = ()) -> Impact | None:
    """Return what the facts of now say against a fixed line; None when they bear it out."""
    if not answer.is_billable:
        better = _replacement(line, answer, judged)
        kind = ImpactKind.REPLACED if better else ImpactKind.NO_LONGER_BILLABLE
        return Impact(line.id, kind, _before(line), _after(answer, better), _advice(line, answer, better))
    if answer.units != line.units:
        advice = f"Send a corrected claim: {answer.units} units instead of {line.units}."
        return Impact(line.id, ImpactKind.UNITS_CHANGED, _before(line), _after(answer), advice)
    lost = _lost(line.evidence, answer.evidence)
    if lost:
        advice = "Still billable as it stands. Make a new evidence packet: rows that proved the line no longer count."
        return Impact(line.id, ImpactKind.EVIDENCE_LOST, _before(line), {**_after(answer), "lost": lost}, advice)
    return None


def _replacement(line: OwnLine, answer: Answer, judged: Iterable[Answer]) -> Answer | None:
    """Return the code that would be right in the same time, if only this line did not stand in its way."""
    return next(
        (
            one for one in judged
            if one.code != line.code and one.window == answer.window and one.clock is answer.clock and one.findings
            and all(finding.ids == (line.id,) for finding in one.findings)
        ),
        None,
    )  # fmt: skip


def _advice(line: OwnLine, answer: Answer, better: Answer | None) -> str:
    if better is not None:
        return f"Send a corrected claim: {better.code} (${better.amount}) replaces {line.code} (${line.amount})."
    return f"Void the claim line or document what is missing: {line.code} is not billable."


def _before(line: OwnLine) -> dict[str, Any]:
    return {
        "code": line.code, "is_billable": True, "units": line.units, "amount": str(line.amount),
        "days": len(line.evidence.days), "time_entries": len(line.evidence.time_entries),
    }  # fmt: skip


def _after(answer: Answer, better: Answer | None = None) -> dict[str, Any]:
    said: dict[str, Any] = {
        "code": answer.code, "is_billable": answer.is_billable, "units": answer.units, "amount": str(answer.amount),
        "days": answer.days, "seconds": answer.seconds, "reasons": sorted(answer.reasons),
    }  # fmt: skip
    if better is not None:
        said |= {"replaced_by": better.code, "replacement_amount": str(better.amount)}
    return said


def _lost(before: Evidence, now: Evidence) -> list[str]:
    gone_days = {reading for _, reading in before.days} - {reading for _, reading in now.days}
    gone_time = set(before.time_entries) - set(now.time_entries)
    return sorted(str(one) for one in gone_days | gone_time)
