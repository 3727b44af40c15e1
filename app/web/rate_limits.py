"""Rate limits: one scope a request, a moving window, headers on every answer.

Scopes, decided once (the contract leaves room): the auth endpoints' own limit stands in place of the anonymous one, and
ingestion's own in place of the user's. Probes and static files are not counted but carry the headers too.

Webhooks are counted by integration, but only from addresses that have proven to be the vendor's: others have a count of
their own, so that nobody can use up a vendor's.
"""

import math
import time
from collections import OrderedDict
from http import HTTPStatus

from flask import Flask, Response, current_app, g, request
from flask_limiter import Limiter, RateLimitExceeded
from limits import RateLimitItem, parse
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from app.web import limit_memory, limit_store
from app.web.identity import is_poll, limiter_identity
from app.web.limit_memory import WindowMemory

_UNCOUNTED = ("static", "health.")
_AUTH = (
    "auth.Login", "auth.TokenRefresh", "passwords.PasswordReset", "passwords.PasswordResetConfirm",
    "admin.login", "admin.forgot_password", "admin.set_password",
)  # fmt: skip
_INGESTION = "ingestion."
_WEBHOOK = "webhooks.Webhook"
_MOST_PROVEN = 10_000
_STORE_TIMEOUT = 0.2  # seconds: a hung Redis must not hang requests


def _scope() -> str:
    """Return which limit counts this request."""
    endpoint = request.endpoint or ""
    if endpoint in _AUTH and request.method == "POST":
        return "auth"
    if endpoint == _WEBHOOK and request.method == "POST":
        return "webhook"
    if limiter_identity() is None:
        return "anonymous"
    if is_poll():
        return "poll"  # an open page asks 900 times an hour, nearly all that a person may
    return "ingestion" if endpoint.startswith(_INGESTION) else "user"


def _key() -> str:
    if _scope() == "webhook":
        return _webhook_key(is_proven=_sender() in _proven)
    user = limiter_identity()
    return f"{_scope()}:{request.remote_addr if user is None or _scope() == 'auth' else user}"


def _webhook_key(*, is_proven: bool) -> str:
    integration, address = _sender()
    return f"webhook:{integration}" if is_proven else f"webhook-unproven:{address}"


def _sender() -> tuple[str, str]:
    return str((request.view_args or {}).get("integration_id")), request.remote_addr or ""


_proven: OrderedDict[tuple[str, str], None] = OrderedDict()  # (integration, address), the latest at the end


def _note_proven(response: Response) -> Response:
    """Remember an address whose message was believed; that first one is the integration's as well."""
    if request.endpoint != _WEBHOOK or request.method != "POST" or response.status_code != HTTPStatus.OK:
        return response
    if _sender() not in _proven and limiter.current_limit is not None:
        rest = limiter.current_limit.request_args[1:]
        limiter.limiter.hit(limiter.current_limit.limit, _webhook_key(is_proven=True), *rest)
    _proven[_sender()] = None
    _proven.move_to_end(_sender())
    if len(_proven) > _MOST_PROVEN:
        _proven.popitem(last=False)
    return response


def _limit() -> str:
    rates: dict[str, str] = current_app.config["SETTINGS"].ratelimits
    return rates[_scope()]


class FallingBack(Limiter):
    """The library's limiter, in which every request that Redis fails falls back to the process's own count.

    The library lets only the first do so: what was waiting for Redis beside it would end in an error.
    """

    def init_app(self, app: Flask) -> None:
        """Bind to an application and its store, of which nothing is known yet; without it our own memory counts."""
        super().init_app(app)
        self._storage_dead = False
        self._fallback_limiter = MovingWindowRateLimiter(WindowMemory())

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:
        try:
            super()._check_request_limit(callable_name, in_middleware)
        except RedisError:
            self.context.seen_limits.clear()
            super()._check_request_limit(callable_name, in_middleware)


limiter = FallingBack(
    key_func=_key,
    application_limits=[_limit],
    application_limits_exempt_when=lambda: (request.endpoint or "").startswith(_UNCOUNTED),
    request_identifier=lambda: request.endpoint or "__unmatched__",
    strategy="moving-window",
    in_memory_fallback_enabled=True,
)


def init_app(app: Flask, redis_url: str | None) -> None:
    """Bind the limiter to its store and put its headers on every response."""
    shared = redis_url.replace("redis", limit_store.SCHEME, 1) if redis_url else None
    app.config["RATELIMIT_STORAGE_URI"] = shared or f"{limit_memory.SCHEME}://"
    if redis_url:
        timeouts = {"socket_timeout": _STORE_TIMEOUT, "socket_connect_timeout": _STORE_TIMEOUT}
        app.config["RATELIMIT_STORAGE_OPTIONS"] = timeouts
    limiter.init_app(app)
    app.after_request(_set_headers)
    app.after_request(_note_proven)


def seconds_to_wait(_error: RateLimitExceeded) -> int:
    """Return whole seconds until the next request will be let through, at least 1."""
    current = limiter.current_limit
    return max(1, math.ceil(current.window[0] - time.time())) if current else 1


def _set_headers(response: Response) -> Response:
    item, remaining, reset_at = _state()
    wait = max(0, int(reset_at - time.time()))
    state = {
        "X-RateLimit-Limit": str(item.amount),
        "X-RateLimit-Remaining": str(max(0, remaining)),
        "X-RateLimit-Reset": str(int(reset_at)),
        "RateLimit-Policy": f'"default";q={item.amount};w={item.get_expiry()}',
        "RateLimit": f'"default";r={max(0, remaining)};t={wait}',
    }
    response.headers.extend(state)
    return response


def _state() -> tuple[RateLimitItem, int, float]:
    """Return the limit that counted this request, what is left of it and when it resets."""
    current = limiter.current_limit
    if current is not None:
        try:
            return current.limit, current.remaining, current.reset_at
        except RedisError:  # it went away between counting and asking; the next request counts without it
            pass
    rates: dict[str, str] = current_app.config["SETTINGS"].ratelimits
    item = parse(rates["user" if g.get("actor") else "anonymous"])
    return item, item.amount, time.time() + item.get_expiry()
