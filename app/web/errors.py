"""The one place where exceptions become responses: an envelope for programs, a page for people, and nothing leaks."""

import logging
from typing import Any

from flask import Flask, Response, g, make_response, render_template, request
from flask_limiter import RateLimitExceeded
from gunicorn.http.errors import ParseException
from marshmallow import ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, RequestedRangeNotSatisfiable

from app.domain import errors
from app.schemas.errors import CandidateSchema
from app.schemas.fields import Instant
from app.services.patients.duplicates import record_shown
from app.web.identity import CONSOLE
from app.web.rate_limits import seconds_to_wait

_log = logging.getLogger(__name__)

STATUS: dict[str, int] = {
    "validation_error": 400,
    "not_authenticated": 401,
    "authentication_failed": 401,
    "totp_required": 401,
    "totp_invalid": 401,
    "token_invalid": 401,
    "token_expired": 401,
    "token_already_rotated": 401,
    "token_reused": 401,
    "signature_invalid": 401,
    "permission_denied": 403,
    "totp_setup_required": 403,
    "https_required": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "conflict": 409,
    "patient_archived": 409,
    "device_not_held": 409,
    "device_already_assigned": 409,
    "device_not_assigned": 409,
    "device_move_not_allowed": 409,
    "enrollment_overlap": 409,
    "billing_conflict": 409,
    "entry_move_not_allowed": 409,
    "patient_merged": 409,
    "time_overlap": 409,
    "timer_running": 409,
    "timer_not_running": 409,
    "possible_duplicate": 409,
    "emr_not_configured": 409,
    "request_in_progress": 409,
    "integrity_error": 409,
    "precondition_failed": 412,
    "payload_too_large": 413,
    "uri_too_long": 414,
    "unsupported_media_type": 415,
    "idempotency_key_reused": 422,
    "account_locked": 423,
    "throttled": 429,
    "internal_error": 500,
    "service_unavailable": 503,
    "emr_unavailable": 503,
}  # fmt: skip

_HTTP_CODES = {
    400: ("validation_error", "The request could not be understood."),
    403: ("permission_denied", errors.PermissionDenied.default_detail),
    404: ("not_found", errors.NotFound.default_detail),
    405: ("method_not_allowed", "This method is not allowed here."),
    413: ("payload_too_large", "The request body is too large."),
    414: ("uri_too_long", "The address is too long."),
    415: ("unsupported_media_type", "Send JSON with the content type application/json."),
}
_UNREADABLE = "The body breaks off or is not in well-formed chunks."  # gunicorn notices while it is read
_RETRY_SECONDS = "2"


def init_app(app: Flask) -> None:
    """Register every handler."""
    app.register_error_handler(errors.VantrexiaError, _refused)
    app.register_error_handler(ValidationError, _invalid)
    app.register_error_handler(RateLimitExceeded, _throttled)
    app.register_error_handler(ParseException, lambda _: _refused(errors.ValidationFailed({}, _UNREADABLE)))
    app.register_error_handler(StaleDataError, lambda _: _refused(errors.StaleVersion()))
    for down in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(down, _unavailable)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)


def error_response(code: str, detail: str, **more: Any) -> Response:
    """Return the envelope as JSON, or its page in the console."""
    g.error_code = code
    if request.path.startswith(CONSOLE):
        page = render_template("admin/error.html", detail=detail, code=code, request_id=g.get("request_id"))
        return make_response(page, STATUS[code])
    from_app = make_response({"detail": detail, "code": code, **more}, STATUS[code])
    if STATUS[code] == STATUS["not_authenticated"]:
        from_app.headers["WWW-Authenticate"] = 'Bearer realm="vantrexia"'
    return from_app


def _refused(refusal: errors.VantrexiaError) -> Response:
    if isinstance(refusal, errors.ValidationFailed):
        return error_response(refusal.code, refusal.detail, field_errors=refusal.field_errors)
    if isinstance(refusal, errors.AccountLocked):
        until = Instant().serialize("at", {"at": refusal.locked_until})
        return error_response(refusal.code, refusal.detail, locked_until=until)
    if isinstance(refusal, errors.PossibleDuplicate):
        record_shown(refusal.candidates)
        shown = CandidateSchema(many=True).dump(refusal.candidates)
        return error_response(refusal.code, refusal.detail, candidates=shown)
    if isinstance(refusal, errors.TimeOverlap | errors.TimerRunning):
        ids = [str(row_id) for row_id in refusal.conflicting_ids]
        return error_response(refusal.code, refusal.detail, rule=refusal.rule, conflicting_ids=ids)
    if isinstance(refusal, errors.Unavailable):
        return _unavailable(refusal)
    return error_response(refusal.code, refusal.detail)


def _invalid(error: ValidationError) -> Response:
    return _refused(errors.ValidationFailed(flat_messages(error.messages)))


def _throttled(error: RateLimitExceeded) -> Response:
    seconds = seconds_to_wait(error)
    detail = f"Request was throttled. Expected available in {seconds} seconds."
    response = error_response("throttled", detail)
    response.headers["Retry-After"] = str(seconds)
    return response


def _unavailable(error: Exception) -> Response:
    _log.error("unavailable: %s", type(error).__name__, extra={"request_id": g.get("request_id")})
    response = error_response("service_unavailable", errors.Unavailable.default_detail)
    response.headers["Retry-After"] = _RETRY_SECONDS
    return response


def _http(error: HTTPException) -> Response:
    if error.response is not None:
        return make_response(error.response)
    if error.code is not None and error.code < 400:  # noqa: PLR2004 - a redirect is no error
        return make_response(error.get_response())
    status = 400 if isinstance(error, RequestedRangeNotSatisfiable) else error.code or 500
    code, detail = _HTTP_CODES.get(status, ("internal_error", "")) if status != 500 else ("internal_error", "")  # noqa: PLR2004
    if code == "internal_error":
        return _bug(error)
    more: dict[str, Any] = {"field_errors": {}} if code == "validation_error" else {}
    response = error_response(code, detail, **more)
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _bug(error: Exception) -> Response:
    """Say nothing but where to look it up. The log gets the place, not the values: those may be health information."""
    original = getattr(error, "original_exception", None) or error
    _log.error("bug: %s", type(original).__name__, extra={"request_id": g.get("request_id"), "trace": original})
    if isinstance(original, DBAPIError) and original.connection_invalidated:
        return _unavailable(original)
    number = g.get("request_id", "unknown")
    return error_response("internal_error", f"Internal server error. Reference: {number}.")


def flat_messages(messages: Any) -> dict[str, list[str]]:
    """Return webargs' and marshmallow's nested messages as one list a field, inner fields with dots."""
    flat: dict[str, list[str]] = {}
    _flatten(messages, "", flat)
    return flat


def _flatten(messages: Any, name: str, flat: dict[str, list[str]]) -> None:
    if isinstance(messages, dict):
        for inner, deeper in messages.items():
            below = "" if inner == "_schema" else str(inner)
            _flatten(deeper, ".".join(filter(None, (name, below))), flat)
    elif isinstance(messages, list | tuple):
        flat.setdefault(name or "non_field_errors", []).extend(str(message) for message in messages)
    else:
        flat.setdefault(name or "non_field_errors", []).append(str(messages))
