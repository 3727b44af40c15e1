"""What a payer wants: settings with effective dates, for the points on which the rules are unsettled (04 §1.8, §5)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any

from app.domain.billing.fees import payer_key
from app.domain.enrolment.programs import Program

MODES = ("phone", "video", "in_person", "message", "none")


class ServiceDay(StrEnum):
    """Which day a time code is dated by."""

    THRESHOLD_MET = "threshold_met"  # the day on which the minutes sufficed
    MONTH_END = "month_end"  # the last day of the month, and billed when it is over


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """The settings of 04 §5 with their defaults, and those of §1.5 and §1.8 that it does not list, and of ours."""

    min_days_99453: int = 2
    interactive_modes: tuple[str, ...] = ("phone", "video", "in_person")
    allow_99091_with_99457: bool = False
    allow_99458_with_99470: bool = False  # 04 §1.8: no, further minutes stand on 99457
    mue_99458: int = 3
    one_practitioner_all_rpm: bool = True
    require_period_closed: bool = True
    exclude_em_day_for_99091: bool = True
    exclude_em_day_for_99457: bool = False  # 04 §1.5: a visit's own minutes are never logged, so nothing counts twice
    covered_dx_prefixes: tuple[str, ...] = ()  # none: every diagnosis is covered
    double_tag_winner: str = "rpm"
    time_service_day: str = ServiceDay.THRESHOLD_MET.value
    not_covered_codes: tuple[str, ...] = ()

    def covers(self, code: str, diagnoses: Iterable[str]) -> bool:
        """Say whether the payer pays the code for one of the diagnoses; dots in prefixes do not matter."""
        if code in self.not_covered_codes:
            return False
        prefixes = tuple(prefix.replace(".", "").upper() for prefix in self.covered_dx_prefixes)
        return not prefixes or any(diagnosis.replace(".", "").startswith(prefixes) for diagnosis in diagnoses)

    @property
    def winner(self) -> Program:
        """The program that keeps a minute which was written down for two."""
        return Program(self.double_tag_winner.upper())

    def as_json(self) -> dict[str, Any]:
        """Return the settings as JSON has them."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def read_settings(said: Mapping[str, Any]) -> PolicySettings:
    """Make settings of JSON: what is not named keeps its default; raises ValueError for what there is not."""
    unknown = said.keys() - {field.name for field in fields(PolicySettings)}
    if unknown:
        raise ValueError(f"Unknown settings: {', '.join(sorted(unknown))}.")
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
    settings = PolicySettings(**given)
    _refuse_impossible(settings)
    return settings


def _refuse_impossible(settings: PolicySettings) -> None:
    ServiceDay(settings.time_service_day)
    _ = settings.winner
    if not set(settings.interactive_modes) <= set(MODES):
        raise ValueError(f"interactive_modes must be among {', '.join(MODES)}.")
    if not (1 <= settings.min_days_99453 <= 30 and 1 <= settings.mue_99458 <= 10):  # noqa: PLR2004 - days of a period
        raise ValueError("min_days_99453 must be 1 to 30, mue_99458 1 to 10.")


@dataclass(frozen=True, slots=True)
class Policy:
    """One payer's settings, or everybody's, for service dates from the first to the last day, both inclusive."""

    effective_from: date
    settings: PolicySettings
    effective_to: date | None = None
    payer: str | None = None

    def holds_on(self, day: date) -> bool:
        """Say whether it is in force."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """All policies of a practice."""

    policies: tuple[Policy, ...] = ()

    def on(self, day: date, payer: str | None = None) -> PolicySettings:
        """Return what holds: the payer's own policy before everybody's, the newest first, or the defaults."""
        wanted = payer_key(payer)
        fitting = [one for one in self.policies if one.holds_on(day) and payer_key(one.payer) in {None, wanted}]
        best = max(fitting, key=lambda one: (one.payer is not None, one.effective_from), default=None)
        return best.settings if best else PolicySettings()
