"""What patients' records, devices, enrolments and files may refuse."""

from collections.abc import Sequence

from app.domain.duplicates import Candidate
from app.domain.errors.core import Conflict, VantrexiaError


class PatientArchived(Conflict):
    """An archived patient takes no readings."""

    code = "patient_archived"
    default_detail = "The patient is archived and takes no readings."


class DeviceNotHeld(Conflict):
    """A reading names a registered device that its patient did not hold when it was measured."""

    code = "device_not_held"
    default_detail = "The patient did not hold this device when the reading was measured."


class DeviceAlreadyAssigned(Conflict):
    """Somebody holds the device in that time."""

    code = "device_already_assigned"
    default_detail = "The device is assigned to a patient in this time already."


class DeviceNotAssigned(Conflict):
    """Nobody holds the device."""

    code = "device_not_assigned"
    default_detail = "The device is assigned to nobody."


class DeviceMoveNotAllowed(Conflict):
    """The device's life cycle does not lead there."""

    code = "device_move_not_allowed"
    default_detail = "The device cannot take this status."


class EnrollmentOverlap(Conflict):
    """The patient is in this program, or in one that excludes it, at the same time."""

    code = "enrollment_overlap"
    default_detail = "The patient is in this program, or in one that excludes it, at that time."


class PatientMerged(Conflict):
    """The record was merged into another one and lives on there."""

    code = "patient_merged"
    default_detail = "The record was merged into another one, which `merged_into` names."


class PossibleDuplicate(Conflict):
    """There are records that look like one of the same person; `candidates` tells which, and in what."""

    code = "possible_duplicate"
    default_detail = "A record of this person may exist. Send `allow_duplicate` as true if it is somebody else."

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        super().__init__()
        self.candidates = tuple(candidates)


class NotCsv(VantrexiaError):
    """A file was expected and something else came."""

    code = "unsupported_media_type"
    default_detail = "Send the file with the content type text/csv."


class EmrNotConfigured(Conflict):
    """The practice has no connection to its medical record system, or it is switched off."""

    code = "emr_not_configured"
    default_detail = "No connection to a medical record system is set up."


class EmrUnavailable(VantrexiaError):
    """The practice's medical record system does not answer as it should; trying again later may work."""

    code = "emr_unavailable"
    default_detail = "The medical record system does not answer."
