"""Score inputs as they are stored with a score, so that it can be worked out again exactly."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.domain.triage.score import LatestValue, Raised, ScoreInputs, ScoreOverride
from app.domain.triage.state import State
from app.domain.triage.thresholds import VITALS, AlertLevel

_MEASURES = tuple(vital.measure for vital in VITALS)


def write_inputs(inputs: ScoreInputs, threshold_version: str) -> dict[str, Any]:
    """Return the inputs as JSON: numbers as texts, so that every digit stays."""
    override = inputs.override
    return {
        "as_of": inputs.as_of.isoformat(),
        "thresholds": threshold_version,
        "latest": {
            measure: [str(one.value), one.measured_at.isoformat(), one.source_id]
            for measure, one in inputs.latest.items()
        },
        "alerts": [inputs.warning_alerts, inputs.critical_alerts],
        "last_reviewed_at": _text(inputs.last_reviewed_at),
        "first_reading_at": _text(inputs.first_reading_at),
        "raised": [[one.rule, one.level.value, one.since.isoformat()] for one in inputs.raised],
        "has_active_stat": inputs.has_active_stat,
        "override": [override.score, override.expires_at.isoformat()] if override else None,
    }


def read_inputs(stored: Mapping[str, Any]) -> ScoreInputs:
    """Return what `write_inputs` wrote."""
    override = stored["override"]
    return ScoreInputs(
        as_of=datetime.fromisoformat(stored["as_of"]),
        latest={
            measure: LatestValue(Decimal(value), datetime.fromisoformat(at), source_id)
            for measure, (value, at, source_id) in stored["latest"].items()
        },
        warning_alerts=stored["alerts"][0],
        critical_alerts=stored["alerts"][1],
        last_reviewed_at=_moment(stored["last_reviewed_at"]),
        first_reading_at=_moment(stored["first_reading_at"]),
        raised=tuple(
            Raised(rule, AlertLevel(level), datetime.fromisoformat(since)) for rule, level, since in stored["raised"]
        ),
        has_active_stat=stored["has_active_stat"],
        override=ScoreOverride(override[0], datetime.fromisoformat(override[1])) if override else None,
    )


def latest_of(latest_vitals: Mapping[str, Mapping[str, Any]]) -> dict[str, LatestValue]:
    """Return the newest value of each measure from a patient's latest reading of each kind."""
    found: dict[str, LatestValue] = {}
    for kind in sorted(latest_vitals.values(), key=lambda one: datetime.fromisoformat(one["measured_at"])):
        for measure in _MEASURES:
            if kind.get(measure) is not None:
                at = datetime.fromisoformat(kind["measured_at"])
                found[measure] = LatestValue(Decimal(str(kind[measure])), at, str(kind["observation_id"]))
    return found


def raised_in(state: State, limit_rules: frozenset[str]) -> tuple[Raised, ...]:
    """Return the rules other than limits that are raised; all of them warn."""
    return tuple(
        Raised(name, AlertLevel.WARNING, one.raised_at)
        for name, one in sorted(state.rules.items())
        if one.raised_at is not None and name not in limit_rules
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
