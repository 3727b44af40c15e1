"""Every way a use case can refuse, with the code the API answers. The status of each code lives in `app.web.errors`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from app.domain.duplicates import Candidate


class VantrexiaError(Exception):
    """A refusal with a sentence fit for the caller and a machine-readable code."""

    code: ClassVar[str] = "error"
    default_detail: ClassVar[str] = "The request could not be completed."

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or self.default_detail
        super().__init__(self.detail)


class ValidationFailed(VantrexiaError):
    """The input breaks a rule; `field_errors` says which field and why."""

    code = "validation_error"
    default_detail = "Invalid input."

    def __init__(self, field_errors: Mapping[str, Sequence[str]], detail: str | None = None) -> None:
        super().__init__(detail)
        self.field_errors = {name: list(messages) for name, messages in field_errors.items()}


class AuthenticationFailed(VantrexiaError):
    """The credentials do not open this account, whatever the reason."""

    code = "authentication_failed"
    default_detail = "Unable to log in with provided credentials."


class TotpRequired(AuthenticationFailed):
    """The password is right; a code of the authenticator app, or a recovery code, is needed as well."""

    code = "totp_required"
    default_detail = "A two-factor code is required."


class TotpInvalid(AuthenticationFailed):
    """The password is right, the code is not, or it was used before."""

    code = "totp_invalid"
    default_detail = "The two-factor code is not valid."


class NotAuthenticated(VantrexiaError):
    """No credentials came with the request."""

    code = "not_authenticated"
    default_detail = "Authentication credentials were not provided."


class TokenInvalid(VantrexiaError):
    """The token is forged, malformed, revoked or of the wrong kind."""

    code = "token_invalid"
    default_detail = "Token is invalid."


class TokenExpired(VantrexiaError):
    """The token was good once."""

    code = "token_expired"
    default_detail = "Token has expired."


class TokenAlreadyRotated(VantrexiaError):
    """The refresh token was exchanged moments ago; the session lives on with its successor."""

    code = "token_already_rotated"
    default_detail = "This refresh token was just exchanged. Use the newest one."


class TokenReused(VantrexiaError):
    """A spent refresh token came back: the whole session is ended."""

    code = "token_reused"
    default_detail = "This refresh token was used before. The session has been ended."


class AccountLocked(VantrexiaError):
    """Too many failed logins; `locked_until` says when the account opens again."""

    code = "account_locked"

    def __init__(self, locked_until: datetime, failures: int, minutes: int) -> None:
        super().__init__(f"Account locked due to {failures} failed login attempts. Try again in {minutes} minutes.")
        self.locked_until = locked_until


class PermissionDenied(VantrexiaError):
    """Known, but not allowed."""

    code = "permission_denied"
    default_detail = "You do not have permission to perform this action."


class TotpSetupRequired(PermissionDenied):
    """The practice asks a second factor of this role, and the account has none yet."""

    code = "totp_setup_required"
    default_detail = "Set up two-factor sign-in first: your role must use it."


class HttpsRequired(VantrexiaError):
    """The request came in plain text over a network: whatever it carried must be taken as known."""

    code = "https_required"
    default_detail = "This service answers over HTTPS only. Change any password or token sent in this request."


class NotFound(VantrexiaError):
    """Nothing of that id is visible to this caller: other practices' ids look exactly like random ones."""

    code = "not_found"
    default_detail = "Not found."


class Conflict(VantrexiaError):
    """The request is right but the state of the resource forbids it."""

    code = "conflict"
    default_detail = "The request conflicts with the current state of the resource."


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


class TimeOverlap(Conflict):
    """The same person's time is logged already; `rule` says which rule forbids it, `conflicting_ids` with which rows.

    `TIME_DOUBLE_COUNTED`: a minute of one patient counts once, in one program. `ONE_PLACE_AT_A_TIME`: the person was
    with another patient.
    """

    code = "time_overlap"
    default_detail = "This person's time is logged or running already in these minutes."

    def __init__(self, rule: str, conflicting_ids: Sequence[UUID]) -> None:
        super().__init__()
        self.rule, self.conflicting_ids = rule, tuple(conflicting_ids)


class TimerRunning(Conflict):
    """The person has an open timer; `conflicting_ids` names it."""

    code = "timer_running"
    default_detail = "A timer is open already. Stop it before another one is started."

    def __init__(self, conflicting_ids: Sequence[UUID]) -> None:
        super().__init__()
        self.rule, self.conflicting_ids = "ONE_TIMER_A_PERSON", tuple(conflicting_ids)


class TimerNotRunning(Conflict):
    """The person has no open timer."""

    code = "timer_not_running"
    default_detail = "No timer is open."


class BillingConflict(Conflict):
    """A line may not stand beside others, with each rule and the rows; or lacks proof, with all that is missing."""

    code = "billing_conflict"
    default_detail = "The line may not stand beside others."


class EntryMoveNotAllowed(Conflict):
    """The line's life cycle does not lead there."""

    code = "entry_move_not_allowed"
    default_detail = "The line cannot take this status."


class RequestInProgress(Conflict):
    """Another request with the same idempotency key is still running."""

    code = "request_in_progress"
    default_detail = "A request with this Idempotency-Key is still being processed."


class StaleVersion(VantrexiaError):
    """`If-Match` names a version that is no longer current."""

    code = "precondition_failed"
    default_detail = "The resource has changed since it was read. Fetch it again."


class UnsupportedMedia(VantrexiaError):
    """The body is of a kind that is not taken here, by its name or by its content."""

    code = "unsupported_media_type"
    default_detail = "Send a PDF or PNG file with its content type."


class IdempotencyMismatch(VantrexiaError):
    """The idempotency key was used before with another body."""

    code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used with a different request."


class IntegrityViolated(VantrexiaError):
    """A stored value does not open under its own place: it was moved or altered."""

    code = "integrity_error"
    default_detail = "A stored value failed its integrity check. The incident has been recorded."


class Unavailable(VantrexiaError):
    """A part the request needs is down; trying again later may work."""

    code = "service_unavailable"
    default_detail = "The service is temporarily unavailable."


class NotCsv(UnsupportedMedia):
    """A file was expected and something else came."""

    default_detail = "Send the file with the content type text/csv."


class EmrNotConfigured(Conflict):
    """The practice has no connection to its medical record system, or it is switched off."""

    code = "emr_not_configured"
    default_detail = "No connection to a medical record system is set up."


class EmrUnavailable(VantrexiaError):
    """The practice's medical record system does not answer as it should; trying again later may work."""

    code = "emr_unavailable"
    default_detail = "The medical record system does not answer."
