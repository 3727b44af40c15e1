"""Only over TLS: in production the API refuses plain http instead of redirecting it, because the secret is out by then.

Who speaks TLS is a proxy in front (TRUSTED_PROXIES says to believe its X-Forwarded-Proto) or gunicorn itself. Requests
that never left the machine, and probes, may come in plain.
"""

from ipaddress import ip_address

from flask import Flask, redirect, request
from flask.typing import ResponseReturnValue

from app.domain.errors import HttpsRequired
from app.web.identity import CONSOLE

_PROBES = "health."


def init_app(app: Flask, *, is_demanded: bool) -> None:
    """Refuse plain http, where that is demanded."""
    if is_demanded:
        app.before_request(_refuse_plain)


def _refuse_plain() -> ResponseReturnValue | None:
    if request.is_secure or _is_from_this_machine() or (request.endpoint or "").startswith(_PROBES):
        return None
    if request.path.startswith(CONSOLE) and request.method == "GET":  # their cookies are Secure: none came along
        return redirect(request.url.replace("http://", "https://", 1), 301)
    raise HttpsRequired


def _is_from_this_machine() -> bool:
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
