"""What a caller asks for: new thresholds, a dry run of them, an override of a score."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.triage.effective import ThresholdSet

MAX_PREVIEW_DAYS = 90


@dataclass(frozen=True, slots=True)
class NewThresholds:
    """A whole set that takes the place of the one before, and why."""

    own: ThresholdSet
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """A set to try on the readings of the last days: of one patient, or of the practice when none is named."""

    own: ThresholdSet
    days: int = 30
    patient_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewScoreOverride:
    """The score that a clinician thinks right, why, and until when."""

    risk_score: int
    reason: str
    expires_at: datetime
