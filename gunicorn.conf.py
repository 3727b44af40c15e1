"""How gunicorn serves the app; every number that a deployment may change comes from the environment."""

import os
import ssl
import sys
from collections.abc import Callable

import gunicorn.http.wsgi

from config import Settings

_production = os.environ.get("APP_ENV") != "development"
_host = os.environ.get("HOST") or ("0.0.0.0" if _production else "127.0.0.1")  # noqa: S104 - a host routes to us from outside

bind = f"{f'[{_host}]' if ':' in _host else _host}:{os.environ.get('PORT') or 8000}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or 1)
threads = int(os.environ.get("WEB_THREADS") or 8)

if workers > 1 and not os.environ.get("REDIS_URL"):
    sys.exit(
        f"WEB_CONCURRENCY={workers} needs REDIS_URL: without a shared store each process would count "
        "rate limits for itself. Set REDIS_URL, or leave WEB_CONCURRENCY at 1 and raise WEB_THREADS."
    )

timeout = 30
graceful_timeout = 30
keepalive = 5
max_requests = 20_000 if _production else 0
max_requests_jitter = 2_000 if _production else 0
preload_app = False

limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190

# The app reads X-Forwarded-* itself, through ProxyFix and TRUSTED_PROXIES.
forwarded_allow_ips = "127.0.0.1"
# A socket that can stop or resize the server is a door that nobody here uses.
control_socket_disable = True
# The app writes one line for each request, without patients' data.
accesslog = None
errorlog = "-"
loglevel = "info" if _production else "warning"
# Which server this is helps nobody but an attacker; gunicorn has no setting for it.
gunicorn.http.wsgi.SERVER = "vantrexia"

certfile = os.environ.get("TLS_CERTFILE") or None
keyfile = os.environ.get("TLS_KEYFILE") or None


def ssl_context(config: object, make_default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """Speak TLS 1.3 and nothing older, when gunicorn itself serves TLS."""
    context = make_default()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def on_starting(_server: object) -> None:
    """End at once when a setting is wrong: a worker that ended for it would be started again for ever."""
    Settings.from_environment()
