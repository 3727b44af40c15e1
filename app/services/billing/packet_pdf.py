"""The summary of an evidence packet as PDF: the manifest's content on paper, the same bytes each time."""

import io
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import inch
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

_STYLES = getSampleStyleSheet()
_LOOK = TableStyle([
    ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.HexColor("#33475b")),
    ("LINEBELOW", (0, 1), (-1, -1), 0.25, colors.HexColor("#d5dde4")),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
])  # fmt: skip
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
    target = io.BytesIO()
    line = said["line"]
    document = SimpleDocTemplate(
        target, pagesize=LETTER, invariant=1, title=f"Evidence {line['cpt_code']} {line['service_date']}",
        author=said["practice"]["name"], leftMargin=0.8 * inch, rightMargin=0.8 * inch,
    )  # fmt: skip
    story: list[Flowable] = [Paragraph("Evidence for a billed line", _STYLES["Title"]), _facts(said)]
    for title, name, columns in _LISTS:
        if said[name]:
            story += [Spacer(1, 12), Paragraph(f"{title} ({len(said[name])})", _STYLES["Heading3"])]
            story.append(_table(columns, said[name]))
    document.build(story)
    return target.getvalue()


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
    return Table([[_text(name), _text(value)] for name, value in rows], colWidths=[1.1 * inch, 5.8 * inch], style=_LOOK)


def _table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Flowable:
    head = [_text(name.replace("_", " ")) for name in columns]
    body = [[_text(_plain(row.get(name))) for name in columns] for row in rows]
    return Table([head, *body], colWidths=[6.9 * inch / len(columns)] * len(columns), repeatRows=1, style=_LOOK)


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)


def _text(words: str) -> Flowable:
    """Return words that break anywhere: ids and hashes are longer than a column."""
    return Paragraph(f'<font size="8">{escape(words)}</font>', _BREAKING)


_BREAKING = _STYLES["BodyText"].clone("Breaking", splitLongWords=1, spaceBefore=0, spaceAfter=0)
