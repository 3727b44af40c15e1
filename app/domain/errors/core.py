"""What any use case may refuse."""

from collections.abc import Mapping, Sequence
from typing import ClassVar


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


class PermissionDenied(VantrexiaError):
    """Known, but not allowed."""

    code = "permission_denied"
    default_detail = "You do not have permission to perform this action."


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
