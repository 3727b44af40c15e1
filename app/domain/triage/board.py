"""What the triage board can be asked."""

from dataclasses import dataclass
from typing import Literal

from app.domain.paging import PageRequest
from app.domain.triage.score import RiskLevel

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
