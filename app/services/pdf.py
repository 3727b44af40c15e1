"""PDFs: a title, facts and tables on letter paper, the same bytes for the same content."""

import io
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import inch
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

_STYLES = getSampleStyleSheet()
_BREAKING = _STYLES["BodyText"].clone("Breaking", splitLongWords=1, spaceBefore=0, spaceAfter=0)
_LOOK = TableStyle([
    ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.HexColor("#33475b")),
    ("LINEBELOW", (0, 1), (-1, -1), 0.25, colors.HexColor("#d5dde4")),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
])  # fmt: skip
_FACTS = (1.1 * inch, 5.8 * inch)
_WIDTH = sum(_FACTS)


def pdf(title: str, author: str, story: Sequence[Flowable]) -> bytes:
    """Return the file; title and author are properties of it."""
    target = io.BytesIO()
    document = SimpleDocTemplate(
        target, pagesize=LETTER, invariant=1, title=title, author=author, leftMargin=0.8 * inch, rightMargin=0.8 * inch
    )
    document.build(list(story))
    return target.getvalue()


def headline(words: str) -> Flowable:
    """Return the title of a page."""
    return Paragraph(escape(words), _STYLES["Title"])


def facts(rows: Sequence[tuple[str, str]]) -> Flowable:
    """Return names with what is to be said of each."""
    return Table([[_text(name), _text(value)] for name, value in rows], colWidths=_FACTS, style=_LOOK)


def section(
    title: str, columns: Sequence[str], rows: Sequence[Mapping[str, object]], shares: Sequence[float] = ()
) -> list[Flowable]:
    """Return a heading with the number of rows, and under it the table; `shares` are how the columns part its width."""
    head = [_text(name.replace("_", " ")) for name in columns]
    body = [[_text(_plain(row.get(name))) for name in columns] for row in rows]
    parts = shares or [1] * len(columns)
    widths = [_WIDTH * part / sum(parts) for part in parts]
    table = Table([head, *body], colWidths=widths, repeatRows=1, style=_LOOK)
    return [Spacer(1, 12), Paragraph(f"{escape(title)} ({len(rows)})", _STYLES["Heading3"]), table]


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)


def _text(words: str) -> Flowable:
    """Return words that break anywhere: ids and hashes are longer than a column."""
    return Paragraph(f'<font size="8">{escape(words)}</font>', _BREAKING)
