"""What the triage board can be asked, and which vital of a patient it shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.domain.paging import PageRequest
from app.domain.triage.parameters import PARAMETERS
from app.domain.triage.score import LatestValue, RiskLevel
from app.domain.triage.score_record import latest_of
from app.domain.triage.thresholds import VITALS, Vital

BoardOrdering = Literal["-risk_score", "risk_score", "-last_reading_at", "last_reading_at"]
BOARD_ORDERINGS: tuple[BoardOrdering, ...] = (
    "-risk_score",
    "risk_score",
    "-last_reading_at",
    "last_reading_at",
)


@dataclass(frozen=True, slots=True)
class BoardQuery:
    """Which lines of the board are wanted."""

    paging: PageRequest
    risk_level: RiskLevel | None = None
    has_unack_alerts: bool | None = None
    ordering: BoardOrdering = "-risk_score"


@dataclass(frozen=True, slots=True)
class TellingVital:
    """The vital that says most about where a patient stands, with its newest value."""

    vital: Vital
    latest: LatestValue


def telling_vital(
    parts: Sequence[Mapping[str, Any]], latest_vitals: Mapping[str, Mapping[str, Any]]
) -> TellingVital | None:
    """Return the vital whose rule the score names; None before the first reading.

    With all values in range it is the first of the reading that is nearest to a limit, and without a score the first
    that is known. `parts` and `latest_vitals` are those of the summary.
    """
    latest = latest_of(latest_vitals)
    deviation: Mapping[str, Any] = next((part for part in parts if part["name"] == "vital_deviation"), {})
    rule, sources = PARAMETERS.get(deviation.get("rule", "")), deviation.get("source_ids", ())
    known = [TellingVital(vital, latest[vital.measure]) for vital in VITALS if vital.measure in latest]
    named = [one for one in known if rule is not None and one.vital.measure == rule.measure]
    nearest = [one for one in known if one.latest.source_id in sources]
    return next(iter((*named, *nearest, *known)), None)
