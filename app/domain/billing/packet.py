"""Evidence packets: what is missing before a line can be proved, and how what proves it is written down. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.domain.billing.answers import Answer, Evidence, distinct
from app.domain.billing.clocks import Clock, Window, bounds
from app.domain.billing.codes import Reason
from app.domain.billing.days import LocalDay, Reading
from app.domain.billing.facts import CircumstanceKind, PatientFacts
from app.domain.enrolment.programs import Program
from app.domain.patient_csv import csv_line

# What does not speak against the proof of a line: money, and time that heals.
_HARMLESS = frozenset({Reason.FEE_MISSING})
_COLUMNS = (
    "date", "reading_id", "counted", "excluded_because", "observation_type", "measured_at", "received_at", "device_id",
    "assignment_id", "source", "status", "payload_sha256", "message_id", "message_sha256",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hashes:
    """A reading's hash as it is stored, and the webhook that brought it: its id and the hash of its bytes as received.

    A reading that was posted by itself has no message.
    """

    content: str
    message_id: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class BilledLine:
    """A line of the ledger as the packet shows it."""

    entry_id: UUID
    cpt_code: str
    service_date: date
    units: int
    amount: Decimal
    payer: str | None
    icd10_codes: tuple[str, ...]
    line_key: str | None
    window: Window | None
    episode_id: UUID | None
    rule_set_id: str | None
    rule_set_hash: str | None


def answer_for(line: BilledLine, answers: Iterable[Answer]) -> Answer | None:
    """Return what the engine says of the line's code in the line's time; None when it does not know such a time."""
    of_code = [one for one in answers if one.code == line.cpt_code]
    exact = [one for one in of_code if line.line_key is not None and one.line_key == line.line_key]
    if line.episode_id is not None:
        exact = exact or [one for one in of_code if one.episode_id == line.episode_id]
    around = [one for one in of_code if one.window == line.window or one.window.contains(line.service_date)]
    return next(iter(exact or around), None)


def missing_items(
    line: BilledLine, answer: Answer | None, times: Sequence[Mapping[str, Any]], window: Window | None
) -> list[str]:
    """Return everything that is missing before the line can be proved; none when it can."""
    if answer is None or window is None:
        return ["no enrolment, data or time in the line's month, period or episode"]
    missing = [finding_words(answer, one.reason) for one in answer.findings if one.reason not in _HARMLESS]
    if answer.is_earned and answer.units < line.units:
        missing.append(f"evidence for {line.units - answer.units} of {line.units} units")
    missing += [f"a narrative of the time entry {one['id']}" for one in times if not one["narrative"]]
    return list(dict.fromkeys(missing))


def finding_words(answer: Answer, reason: Reason) -> str:
    """Return a reason with the numbers that the engine found."""
    return f"{reason.value} ({answer.days} days, {answer.seconds // 60} minutes)"


def with_education(evidence: Evidence, facts: PatientFacts, program: Program, window: Window) -> Evidence:
    """Return the evidence with the set-up and training that the program's patient had by the end of the window."""
    taught = (
        one.id for one in facts.circumstances
        if one.kind is CircumstanceKind.SETUP_TRAINING and one.program in {None, program}
        and one.starts_on <= window.ends_on
    )  # fmt: skip
    return replace(evidence, circumstances=distinct([*evidence.circumstances, *taught]))


def evidence_window(line: BilledLine, answer: Answer) -> Window:
    """Return the local days that the packet covers: of a set-up, from the first counted day or the training on."""
    if answer.clock is not Clock.EPISODE:
        return answer.window
    days = [day for day, _ in answer.evidence.days] + [line.service_date]
    return Window(min(days), max(days))


def proving(readings: Iterable[Reading], answer: Answer) -> list[Reading]:
    """Return the reports of therapeutic data of the kinds that prove a line, on all days that they tell of."""
    ids = {reading_id for _, reading_id in answer.evidence.days}
    kinds = {one.data for one in readings if one.id in ids}
    return [one for one in readings if one.data in kinds]


def reading_rows(table: Iterable[LocalDay], hashes: Mapping[UUID, Hashes]) -> list[dict[str, Any]]:
    """Return every reading of a truth table in order, each with whether it counts, and if not, why."""
    rows = []
    for day in table:
        counted = [(day.counted_by, None)] if day.counted_by else []
        excluded = [(one.reading, one.reason.value) for one in day.excluded]
        for reading, reason in [*counted, *excluded]:
            rows.append(_row(day.day, reading, reason, hashes))
    return sorted(rows, key=lambda row: (row["date"], row["measured_at"], row["reading_id"]))


def _row(day: date, reading: Reading, reason: str | None, hashes: Mapping[UUID, Hashes]) -> dict[str, Any]:
    known = hashes.get(reading.id)
    return {
        "date": day.isoformat(), "reading_id": str(reading.id), "counted": reason is None, "excluded_because": reason,
        "observation_type": reading.observation_type, "measured_at": instant(reading.measured_at),
        "received_at": instant(reading.received_at), "device_id": reading.device_id,
        "assignment_id": str(reading.assignment_id) if reading.assignment_id else None, "source": reading.source,
        "status": reading.status, "payload_sha256": known.content if known else None,
        "message_id": known.message_id if known else None, "message_sha256": known.message if known else None,
    }  # fmt: skip


def readings_csv(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the readings as a CSV file; yes and no are `true` and `false`."""
    lines = [[_cell(row[name]) for name in _COLUMNS] for row in rows]
    return "".join(csv_line(cells) for cells in [_COLUMNS, *lines]).encode()


def counted_dates(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the counted dates, each with the reading that counts and the further ones of the same day."""
    dates: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["counted"]:
            kept = (
                "reading_id", "device_id", "assignment_id", "measured_at", "received_at", "payload_sha256",
                "message_id", "message_sha256",
            )  # fmt: skip
            dates[row["date"]] = {"date": row["date"], **{name: row[name] for name in kept}, "further_reading_ids": []}
    for row in rows:
        if row["excluded_because"] == "already_counted":
            dates[row["date"]]["further_reading_ids"].append(row["reading_id"])
    return list(dates.values())


def window_body(window: Window, timezone: str) -> dict[str, str]:
    """Return a window's bounds, as local days and as instants, the second exclusive."""
    first, last = bounds(window, timezone)
    return {
        "starts_on": window.starts_on.isoformat(), "ends_on": window.ends_on.isoformat(), "timezone": timezone,
        "starts_at": str(instant(first)), "ends_before": str(instant(last)),
    }  # fmt: skip


def line_body(line: BilledLine, answer: Answer) -> dict[str, Any]:
    """Return the claim line, by the rules that made it."""
    return {
        "entry_id": str(line.entry_id), "cpt_code": line.cpt_code, "service_date": line.service_date.isoformat(),
        "units": line.units, "amount": str(line.amount), "payer": line.payer, "icd10_codes": list(line.icd10_codes),
        "rule_set": {
            "id": line.rule_set_id or answer.rule_set_id, "sha256": line.rule_set_hash or answer.rule_set_hash,
        },
        "days_with_data": answer.days, "seconds": answer.seconds,
    }  # fmt: skip


def manifest_bytes(said: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """Return the manifest: what is said and the hashes of the other files, always the same bytes."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return json.dumps({**said, "files": hashes}, sort_keys=True, indent=2, ensure_ascii=False).encode() + b"\n"


def payload_hash(values: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a reading's stored content, as JSON with sorted keys and no spaces."""
    written = {name: instant(value) if isinstance(value, datetime) else value for name, value in values.items()}
    return hashlib.sha256(json.dumps(written, sort_keys=True, separators=(",", ":"), default=str).encode()).hexdigest()


def instant(moment: datetime | None) -> str | None:
    """Return a moment in UTC with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None


def without_line(facts: PatientFacts, entry_id: UUID) -> dict[str, Any]:
    """Return what changes so that a line is no fact against itself."""
    return {"prior": tuple(one for one in facts.prior if one.id != entry_id)}


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
