"""The summary of an evidence packet as PDF: the manifest's content on paper, the same bytes each time."""

from collections.abc import Mapping
from typing import Any

from reportlab.platypus import Flowable

from app.services.pdf import facts, headline, pdf, section

_LISTS = (
    ("Counted days", "days", ("date", "reading_id", "device_id", "received_at")),
    ("Readings that do not count", "excluded", ("date", "reading_id", "excluded_because")),
    ("Time", "time_entries", ("started_at", "ended_at", "staff_name", "credential", "mode", "narrative")),
    ("Consents", "consents", ("obtained_on", "method", "revoked_on", "id")),
    ("Orders", "orders", ("starts_on", "ends_on", "diagnoses", "id")),
    ("Enrolments", "enrollments", ("starts_on", "ends_on", "initiating_visit_on", "id")),
    ("Devices held", "assignments", ("device_serial", "device_model", "started_at", "ended_at")),
    ("Set-up and education", "circumstances", ("kind", "starts_on", "id")),
)


def summary_pdf(said: Mapping[str, Any]) -> bytes:
    """Return the summary of what a manifest says."""
    line = said["line"]
    story = [headline("Evidence for a billed line"), _facts(said)]
    for title, name, columns in _LISTS:
        if said[name]:
            story += section(title, columns, said[name])
    return pdf(f"Evidence {line['cpt_code']} {line['service_date']}", said["practice"]["name"], story)


def _facts(said: Mapping[str, Any]) -> Flowable:
    line, window, patient = said["line"], said["window"], said["patient"]
    rows = [
        ("Patient", f"{patient['name']}, born {patient['date_of_birth']}, {patient['timezone']}"),
        ("Practice", said["practice"]["name"]),
        ("Line", f"{line['cpt_code']}, {line['units']} unit(s), ${line['amount']}, {line['service_date']}"),
        ("Payer", line["payer"] or "none on record"),
        ("Diagnoses", ", ".join(line["icd10_codes"]) or "none"),
        ("Window", f"{window['starts_on']} to {window['ends_on']}, both inclusive"),
        ("Proof", f"{line['days_with_data']} days with data, {line['seconds'] // 60} full minutes"),
        ("Rules", f"{line['rule_set']['id']}, SHA-256 {line['rule_set']['sha256']}"),
        ("Entry", line["entry_id"]),
    ]
    return facts(rows)
