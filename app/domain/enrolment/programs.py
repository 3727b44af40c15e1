"""The programs a patient can be in, what each needs before its services count, and when an episode of care ends.

Sources: 04 §1.3-1.5 and §2 (CMS rules quoted there): consent with both notices for all; an order with condition and
parameter for remote monitoring; two chronic conditions for CCM, one for PCM, none for APCM; remote physiologic or
therapeutic monitoring, never both.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

PHE_LAST_DAY = date(2023, 5, 11)  # end of the COVID-19 emergency; who was in RPM by then counts as established
RENEWAL_NOTICE = timedelta(days=30)  # ours: an order with an end is due for renewal this long before it


class Program(StrEnum):
    """A program of care."""

    RPM = "RPM"
    RTM = "RTM"
    CCM = "CCM"
    PCM = "PCM"
    APCM = "APCM"


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be on record before a program's services count; consent with both notices is needed by all."""

    order: bool
    diagnoses: int
    initiating_visit: bool
    parameters: tuple[str, ...] = ()
    excludes: Program | None = None


_PHYSIOLOGIC = (
    "blood_pressure", "weight", "glucose", "pulse_oximetry", "heart_rate", "temperature", "respiratory_rate",
    "peak_flow",
)  # fmt: skip
_THERAPEUTIC = ("respiratory_status", "musculoskeletal_status", "cognitive_behavioral_therapy", "therapy_adherence")

NEEDS: dict[Program, Needs] = {
    Program.RPM: Needs(True, 1, initiating_visit=True, parameters=_PHYSIOLOGIC, excludes=Program.RTM),
    Program.RTM: Needs(True, 1, initiating_visit=False, parameters=_THERAPEUTIC, excludes=Program.RPM),
    Program.CCM: Needs(False, 2, initiating_visit=True),
    Program.PCM: Needs(False, 1, initiating_visit=True),
    Program.APCM: Needs(False, 0, initiating_visit=True),
}
PARAMETERS = (*_PHYSIOLOGIC, *_THERAPEUTIC)


class ConsentMethod(StrEnum):
    """How a patient consented."""

    VERBAL = "verbal"
    WRITTEN = "written"
    ELECTRONIC = "electronic"


class DischargeReason(StrEnum):
    """Why an enrolment ended; one entered in error never counted."""

    GOALS_MET = "goals_met"
    PATIENT_REQUEST = "patient_request"
    NOT_ADHERENT = "not_adherent"
    TRANSFERRED = "transferred"
    MOVED_AWAY = "moved_away"
    NOT_COVERED = "not_covered"
    DECEASED = "deceased"
    ENTERED_IN_ERROR = "entered_in_error"
    OTHER = "other"


class DischargeOutcome(StrEnum):
    """How the patient did."""

    IMPROVED = "improved"
    STABLE = "stable"
    WORSENED = "worsened"
    UNKNOWN = "unknown"


def ends_episode(reason: DischargeReason | None) -> bool:
    """Say whether a discharge closes the episode of care, so that a later enrolment begins a new one.

    An episode runs until the treatment goals are met (04 §1.5): a pause, a move or a lapse does not end it.
    """
    return reason is DischargeReason.GOALS_MET


def renewal_due(starts_on: date, ends_on: date | None) -> date | None:
    """Return the day from which an order wants renewing: 30 days before its end, never before its start."""
    return None if ends_on is None else max(starts_on, ends_on - RENEWAL_NOTICE)
