"""Headers of every response, and the trace of every refusal."""

import logging
import secrets
from collections.abc import Iterable, Mapping
from http import HTTPStatus

from flask import Flask, Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from app.domain.errors import VantrexiaError
from app.services.refusals import record_refusal
from app.web.identity import CONSOLE

_log = logging.getLogger(__name__)
_CORS_METHODS = "GET, POST, PUT, PATCH, DELETE"
_CORS_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match"
_CORS_EXPOSED = (
    "ETag, Location, Retry-After, X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset,"
    " RateLimit, RateLimit-Policy"
)
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
}
_TRACED = frozenset({400, 401, 403, 404, 409, 412, 422, 500, 503})  # 423 has its own event, 429 only a log line


def init_app(app: Flask, cors_origins: Iterable[str]) -> None:
    """Set the headers, keep the trace, let the configured origins in."""
    origins = frozenset(cors_origins)
    app.after_request(_trace_refusal)
    app.after_request(_conditional)
    app.after_request(_protect)
    if origins:
        app.after_request(lambda response: _allow_origin(response, origins))


def script_nonce() -> str:
    """Return this response's nonce for inline scripts and styles."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def _protect(response: Response) -> Response:
    response.headers.pop("Server", None)
    if response.status_code == HTTPStatus.NO_CONTENT:
        response.headers.pop("Content-Type", None)
    ours = {"X-Request-Id": g.get("request_id", ""), "Content-Security-Policy": _content_policy()}
    if request.endpoint != "static":
        ours["Cache-Control"] = "no-store"
    _add_headers(response, ours, instead=True)
    _add_headers(response, _FIXED, instead=False)
    return response


def _add_headers(response: Response, ours: Mapping[str, str], *, instead: bool) -> None:
    """Add headers, in place of those that are there or only where none is: `headers[name] = …` walks through all."""
    there = {name.lower() for name, _ in response.headers} & {name.lower() for name in ours}
    if instead:
        for name in there:
            del response.headers[name]
        there.clear()
    response.headers.extend([(name, value) for name, value in ours.items() if name.lower() not in there])


def _content_policy() -> str:
    if not response_is_page():
        return "default-src 'none'; frame-ancestors 'none'; sandbox"
    nonce = script_nonce()
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:;"
        " font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none';"
        " frame-ancestors 'none'"
    )


def response_is_page() -> bool:
    """Say whether the answer is shown by a browser: the console and the rendered docs."""
    return request.path.startswith(CONSOLE) or request.endpoint == "docs.page"


def _conditional(response: Response) -> Response:
    """Answer 304 to a GET whose version the caller has."""
    if request.method in {"GET", "HEAD"} and response.status_code == 200 and "ETag" in response.headers:  # noqa: PLR2004
        response.make_conditional(request)
    return response


def _trace_refusal(response: Response) -> Response:
    """Record refused and failed calls of the API and the console; a database that is down must not make it worse."""
    if response.status_code not in _TRACED or request.endpoint is None or request.endpoint.startswith("health."):
        return response
    try:
        record_refusal(
            action=f"{request.method} {request.endpoint}",
            resource_id=next((str(value) for value in (request.view_args or {}).values()), None),
            patient_id=(request.view_args or {}).get("patient_id"),
            code=g.get("error_code", ""),
            failed=response.status_code >= 500,  # noqa: PLR2004
        )
    except (SQLAlchemyError, VantrexiaError) as error:
        _log.error("refusal not recorded: %s", type(error).__name__, extra={"request_id": g.get("request_id")})
    return response


def _allow_origin(response: Response, origins: frozenset[str]) -> Response:
    origin = request.headers.get("Origin")
    response.headers.add("Vary", "Origin")
    if origin in origins and not request.path.startswith(CONSOLE):
        response.headers["Access-Control-Allow-Origin"] = str(origin)
        response.headers["Access-Control-Expose-Headers"] = _CORS_EXPOSED
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = _CORS_METHODS
            response.headers["Access-Control-Allow-Headers"] = _CORS_HEADERS
            response.headers["Access-Control-Max-Age"] = "600"
    return response
