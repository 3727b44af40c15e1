"""A patient's access log on paper: who saw or changed the record, when, what and why (07 N13)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.actor import Actor
from app.domain.paging import Page, PageRequest
from app.models import Patient, Practice
from app.services.audit.reports import ReportLine, find_accesses
from app.services.patients.records import find_visible
from app.services.pdf import facts, headline, pdf, section
from app.services.transaction import now, transaction

MOST_ROWS = 2_000  # some sixty pages, made in the request; whoever wants more pages through the list
_COLUMNS = ("when", "who", "role", "what", "outcome", "why")
_SHARES = (1.5, 1.3, 1.1, 1.7, 0.8, 1.6)


@dataclass(frozen=True, slots=True)
class AccessReport:
    """A PDF and the name to keep it under, which does not name the patient."""

    name: str
    content: bytes


def build_access_report(actor: Actor, patient_id: UUID) -> AccessReport:
    """Return who saw or changed the record as PDF, newest first; a clinical manager sees the clinical part.

    Raises NotFound. That it was made is recorded, as for the list.
    """
    at = now()
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        practice = session.get_one(Practice, patient.practice_id).name
        page = find_accesses(session, actor, patient, PageRequest(1, MOST_ROWS))
        story = [headline("Who saw or changed this record"), facts(_about(patient, practice, page, at))]
        rows = [_row(line) for line in page.items]
    content = pdf("Access log", practice, [*story, *section("Accesses", _COLUMNS, rows, _SHARES)])
    return AccessReport(f"access-log-{patient_id}.pdf", content)


def _about(patient: Patient, practice: str, page: Page[ReportLine], at: datetime) -> list[tuple[str, str]]:
    shown = f"all {page.count}" if page.count <= MOST_ROWS else f"the newest {MOST_ROWS:,} of {page.count:,}"
    return [
        ("Patient", f"{patient.first_name} {patient.last_name}, born {patient.date_of_birth}, {patient.mrn}"),
        ("Practice", practice),
        ("Made", f"{_moment(at)}; all times are UTC, by the database's clock"),
        ("Shown", shown),
    ]


def _row(line: ReportLine) -> Mapping[str, object]:
    event, who = line.event, line.who
    emergency = "Emergency access" if event.break_glass_id is not None else ""
    return {
        "when": _moment(event.at),
        "who": who.name if who else "Nobody signed in",
        "role": who.role.replace("_", " ") if who else "",
        "what": event.action.replace(":", ": ").replace("_", " "),
        "outcome": event.outcome,
        "why": ": ".join(part for part in (emergency, event.reason) if part),
    }


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
