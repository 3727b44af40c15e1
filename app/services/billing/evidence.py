"""Evidence packets of billed lines (ADR 0029): what proves a line, signed, the same bytes each time it is asked for."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.audit import events
from app.crypto.packet_signer import packet_signer
from app.crypto.packet_verify import FORMAT, MANIFEST, PUBLIC_KEY, SIGNATURE, packed
from app.domain.actor import Actor
from app.domain.billing import packet
from app.domain.billing.answers import Answer
from app.domain.billing.clocks import Window, bounds, month_of, period_from
from app.domain.billing.days import truth_table
from app.domain.billing.engine import evaluate
from app.domain.billing.entries import EntryStatus
from app.domain.billing.facts import Horizon, PatientFacts
from app.domain.billing.packet import BilledLine
from app.domain.enrolment.coverage import coverage_on
from app.domain.enrolment.programs import Program
from app.domain.errors import BillingConflict
from app.models import BillingEntry, Patient, Practice
from app.services.billing import packet_rows
from app.services.billing.books import load_book
from app.services.billing.entries import find_line
from app.services.billing.facts import load_patients
from app.services.billing.packet_pdf import summary_pdf
from app.services.billing.reading_days import load_every_reading
from app.services.transaction import now, transaction


@dataclass(frozen=True, slots=True)
class EvidencePacket:
    """A packet and the name to keep it under; neither names the patient."""

    name: str
    content: bytes


def build_evidence(actor: Actor, entry_id: UUID) -> EvidencePacket:
    """Build a line's packet; raises NotFound, and BillingConflict with all that is missing."""
    with transaction() as session:
        found = find_line(session, actor, entry_id)
        entry, patient = found.entry, found.patient
        said = _said(session, entry, patient)
        events.record(
            session, "billing_entry:evidence", "billing_entry", resource_id=entry.id, patient_id=patient.id
        )  # fmt: skip
    return EvidencePacket(f"evidence-{entry_id}.zip", _signed(said))


def _signed(said: dict[str, Any]) -> bytes:
    key = packet_signer.current()
    said["public_key"] = key.public_hex
    files = {"readings.csv": packet.readings_csv(said.pop("readings")), "summary.pdf": summary_pdf(said)}
    manifest = packet.manifest_bytes(said, files)
    own = {MANIFEST: manifest, SIGNATURE: key.sign(manifest), PUBLIC_KEY: key.public_pem}
    return packed({**files, **own})


def _said(session: Session, entry: BillingEntry, patient: Patient) -> dict[str, Any]:
    line = _line(entry)
    facts, answer = _judged(session, entry, patient, line)
    window = packet.evidence_window(line, answer) if answer else None
    times = packet_rows.time_entries(session, patient, answer.evidence) if answer else []
    missing = packet.missing_items(line, answer, times, window)
    if entry.status == EntryStatus.VOID.value:
        missing.insert(0, "a line that stands: this one is void")
    if missing or answer is None or window is None:
        raise BillingConflict(f"Missing: {'; '.join(missing)}.")
    rows = _readings(session, patient, facts, answer, window) if answer.evidence.days else []
    proved = packet.with_education(answer.evidence, facts, answer.program, window)
    return {
        "format": FORMAT, "line": packet.line_body(line, answer),
        "patient": _patient(patient), "practice": _practice(session, patient),
        "window": packet.window_body(window, patient.timezone), "readings": rows,
        "days": packet.counted_dates(rows),
        "excluded": [row for row in rows if not row["counted"]], "time_entries": times,
        "assignments": packet_rows.assignments(session, patient, answer.evidence.assignments),
        **packet_rows.documents(session, patient, proved),
    }  # fmt: skip


def _judged(
    session: Session, entry: BillingEntry, patient: Patient, line: BilledLine
) -> tuple[PatientFacts, Answer | None]:  # fmt: skip
    """Return what the engine says today of the line's code and time, as if the line were not there yet."""
    around = line.window or Window(line.service_date, line.service_date)
    horizon = Horizon(Window(month_of(around.starts_on).starts_on, month_of(around.ends_on).ends_on), now())
    loaded = load_patients(session, entry.practice_id, [patient.id], horizon)[patient.id]
    facts = replace(loaded, **packet.without_line(loaded, entry.id))
    answers = evaluate(facts, load_book(session, entry.practice_id), horizon).answers
    return facts, packet.answer_for(line, answers)


def _readings(
    session: Session, patient: Patient, facts: PatientFacts, answer: Answer, window: Window
) -> list[dict[str, Any]]:  # fmt: skip
    if answer.program is Program.RTM:
        readings, hashes = packet.proving(facts.readings, answer), packet_rows.report_hashes(session, patient, answer)
    else:
        since, until = bounds(window, patient.timezone)
        readings = load_every_reading(session, patient.practice_id, patient.id, since, until)
        hashes = packet_rows.reading_hashes(session, patient, window)
    table = truth_table(
        window, patient.timezone, readings, lambda day: coverage_on(answer.program, day, facts.enrolment)
    )
    return packet.reading_rows(table, hashes)


def _line(entry: BillingEntry) -> BilledLine:
    window = None
    if entry.period_start is not None:
        window = Window(entry.period_start, entry.period_end or period_from(entry.period_start).ends_on)
    return BilledLine(
        entry.id, entry.cpt_code, entry.service_date, entry.units, entry.amount, entry.payer, tuple(entry.icd10_codes),
        entry.line_key, window, entry.episode_id, entry.rule_set_id, entry.rule_set_hash,
    )  # fmt: skip


def _patient(patient: Patient) -> dict[str, str]:
    return {
        "id": str(patient.id), "name": f"{patient.first_name} {patient.last_name}",
        "date_of_birth": patient.date_of_birth.isoformat(), "timezone": patient.timezone,
    }  # fmt: skip


def _practice(session: Session, patient: Patient) -> dict[str, str]:
    practice = session.get_one(Practice, patient.practice_id)
    return {"id": str(practice.id), "name": practice.name}
