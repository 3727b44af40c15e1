"""What the charts draw: per kind of reading its times, values, limits and marks. A missing value is None."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.admin.texts import plain
from app.domain.triage.assessment import assess
from app.domain.triage.thresholds import PREFIX_OF
from app.domain.vitals.kinds import KINDS, VitalKind
from app.domain.vitals.measures import MEASURES
from app.domain.vitals.units import rounded
from app.services.readings.observations import VitalsHistory
from app.services.readings.statistics import MeasureStats

_SIDES = ("low", "high", "critical_low", "critical_high")
_NOON = time(12)


def reading_charts(history: VitalsHistory) -> list[dict[str, Any]]:
    """Return a chart of each kind that has readings, in the order of the kinds; times are seconds since 1970."""
    limits = {name: Decimal(str(limit)) for name, limit in history.thresholds.items()}
    rows = {kind: [row for row in history.observations if row.observation_type == kind] for kind in KINDS}
    return [_of_readings(KINDS[kind], found, limits) for kind, found in rows.items() if found]


def daily_charts(buckets: Sequence[MeasureStats], thresholds: dict[str, float], zone: str) -> list[dict[str, Any]]:
    """Return a chart of each kind of its daily means: what a long span shows instead of every reading."""
    charts = [
        _of_days(kind, [one for one in buckets if one.observation_type == kind.type], zone) for kind in KINDS.values()
    ]
    limits = {name: Decimal(str(limit)) for name, limit in thresholds.items()}
    for line in (line for chart in charts for line in chart["lines"]):
        line["limits"] = _limits(line["measure"], limits)
    return [chart for chart in charts if chart["at"]]


def marked_measures(
    reading: Any, limits: dict[str, Decimal], measures: Iterable[str] = ("systolic", "diastolic")
) -> dict[str, str]:
    """Return which measures of a reading that raised an alert are beyond their limits, and how far.

    An alert for something else (pulse, or limits changed since) marks the first line, so that none is lost.
    """
    if reading.alert_level is None:
        return {}
    values = {measure: getattr(reading, measure) for measure in measures}
    marks = {breach.measure: breach.level.value for breach in assess(values, limits)}
    if marks:
        return marks
    return {next(measure for measure in values if values[measure] is not None): reading.alert_level}


def _of_readings(kind: VitalKind, rows: Sequence[Any], limits: dict[str, Decimal]) -> dict[str, Any]:
    marks = [_marks(row, kind, limits) for row in rows]
    lines = [
        _line(name, [getattr(row, name) for row in rows], [mark.get(name) for mark in marks], _limits(name, limits))
        for name in kind.required
    ]
    said = [_said(row, kind) for row in rows]
    return _chart(kind, [row.measured_at.timestamp() for row in rows], lines, said)


def _marks(row: Any, kind: VitalKind, limits: dict[str, Decimal]) -> dict[str, str]:
    if row.status == "quarantined":
        return {name: "quarantined" for name in kind.required if getattr(row, name) is not None}
    return marked_measures(row, limits, kind.required)


def _said(row: Any, kind: VitalKind) -> str:
    values = "/".join(plain(getattr(row, name)) for name in kind.required)
    pulse = f", pulse {plain(row.pulse)} bpm" if "pulse" in kind.optional and row.pulse is not None else ""
    alert = f", {row.alert_level} alert" if row.alert_level else ""
    waits = ", in quarantine" if row.status == "quarantined" else ""
    return f"{values} {MEASURES[kind.required[0]].limits.unit}{pulse}{alert}{waits}"


def _of_days(kind: VitalKind, buckets: Sequence[MeasureStats], zone: str) -> dict[str, Any]:
    means = {(one.starts_on, one.measure): rounded(one.mean, 1) for one in buckets}
    days = sorted({one.starts_on for one in buckets if one.starts_on is not None})
    at = [datetime.combine(day, _NOON, ZoneInfo(zone)).astimezone(UTC).timestamp() for day in days]
    lines = [_line(name, [means.get((day, name)) for day in days], [None] * len(days), {}) for name in kind.required]
    unit = MEASURES[kind.required[0]].limits.unit
    said = [
        "/".join(plain(means.get((day, name))) for name in kind.required) + f" {unit}, mean of the day" for day in days
    ]
    return _chart(kind, at, lines, said)


def _chart(kind: VitalKind, at: list[float], lines: list[dict[str, Any]], said: list[str]) -> dict[str, Any]:
    return {"kind": kind.type, "label": kind.label, "at": at, "lines": lines, "said": said}


def _line(name: str, values: Sequence[Any], marks: Sequence[str | None], limits: dict[str, float]) -> dict[str, Any]:
    numbers = [None if value is None else float(value) for value in values]
    measure = MEASURES[name]
    label = measure.label.removesuffix(" BP")
    return {
        "measure": name, "label": label, "unit": measure.limits.unit, "values": numbers, "marks": list(marks),
        "limits": limits,
    }  # fmt: skip


def _limits(name: str, limits: dict[str, Decimal]) -> dict[str, float]:
    known = {side: limits.get(f"{PREFIX_OF.get(name, name)}_{side}") for side in _SIDES}
    return {side: float(limit) for side, limit in known.items() if limit is not None}
