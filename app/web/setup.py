"""Binding everything that all requests share to an application, in the order in which it must run."""

import re
from pathlib import Path
from typing import Protocol

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from werkzeug.middleware.proxy_fix import ProxyFix

from app.crypto.key_file import KeyFile
from app.crypto.keyring import keyring
from app.crypto.packet_signer import packet_signer
from app.extensions import csrf, db, jwt, migrate
from app.integrations.dispatch import dispatch
from app.integrations.egress import gate
from app.integrations.mail import postbox
from app.services.audit.sealing import sealer
from app.services.keys.versions import load_wrapped_keys
from app.web import (
    damaged_values,
    errors,
    headers,
    identity,
    logs,
    rate_limits,
    signing_keys,
    tokens,
    transport,
    uploads,
)
from app.web.strict_json import StrictJsonProvider


class ConsoleForms(SecureCookieSessionInterface):
    """Flask's signed cookie, which carries the token of the console's forms. The API neither reads nor sets any."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Read the cookie for the console's pages, an empty one for all others and for what open pages ask."""
        has_forms = request.path.startswith(identity.CONSOLE) and not request.path.endswith(identity.LIVE)
        return super().open_session(app, request) if has_forms else self.session_class()


class SharedSettings(Protocol):
    """What the web layer needs to know of the settings."""

    @property
    def redis_url(self) -> str | None: ...
    @property
    def trusted_proxies(self) -> int: ...
    @property
    def cors_allowed_origins(self) -> tuple[str, ...]: ...
    @property
    def jwt_secret_keys(self) -> tuple[bytes, ...]: ...
    @property
    def field_encryption_keys(self) -> tuple[bytes, ...]: ...
    @property
    def jwt_key_file(self) -> Path | None: ...
    @property
    def field_key_file(self) -> Path | None: ...
    @property
    def key_refresh_seconds(self) -> int: ...
    @property
    def log_level(self) -> str: ...
    @property
    def is_development(self) -> bool: ...
    @property
    def var_dir(self) -> Path: ...
    @property
    def smtp_url(self) -> str | None: ...
    @property
    def mail_from(self) -> str: ...
    @property
    def public_url(self) -> str: ...
    @property
    def audit_database_url(self) -> str: ...
    @property
    def audit_signing_key(self) -> bytes | None: ...
    @property
    def audit_anchor_file(self) -> Path: ...
    @property
    def audit_retention_years(self) -> int: ...
    @property
    def emr_allowed_private_hosts(self) -> frozenset[str]: ...
    @property
    def allows_demo(self) -> bool: ...


def init_app(app: Flask, settings: SharedSettings, migrations: Path) -> None:
    """Bind extensions, keys, identity, limits, headers and errors."""
    logs.init_app(settings.log_level)
    app.json = StrictJsonProvider(app)
    app.session_interface = ConsoleForms()
    app.ensure_sync = lambda func: func  # type: ignore[method-assign]  # none is async; it is asked 15 times a request
    _trust_proxies(app, settings.trusted_proxies)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(migrations))
    app.config.update(tokens.JWT_CONFIG)
    jwt.init_app(app)
    app.config.update(WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_CHECK_DEFAULT=False)
    csrf.init_app(app)
    _set_up_keys(app, settings)
    mail_directory = settings.var_dir / "mail" if settings.is_development else None
    postbox.configure(settings.smtp_url, mail_directory, settings.mail_from, settings.public_url)
    dispatch.configure(settings.var_dir / "notifications" if settings.is_development else None)
    sealer.configure(
        settings.audit_database_url, settings.audit_signing_key, settings.audit_anchor_file,
        settings.audit_retention_years,
    )  # fmt: skip
    gate.configure(settings.emr_allowed_private_hosts, allows_local_http=settings.allows_demo)
    headers.init_app(app, settings.cors_allowed_origins)
    identity.init_app(app)
    transport.init_app(app, is_demanded=not settings.is_development)
    uploads.init_app(app)
    rate_limits.init_app(app, settings.redis_url)
    errors.init_app(app)
    damaged_values.init_app(app)
    app.config["SCHEMA_REVISION"] = newest_revision(migrations)


def _set_up_keys(app: Flask, settings: SharedSettings) -> None:
    signing_keys.ring.configure(settings.jwt_secret_keys, _file(settings.jwt_key_file, settings))
    signing_keys.init_app(app)
    keyring.configure(
        settings.field_encryption_keys, load_wrapped_keys, _file(settings.field_key_file, settings),
        fresh_for=settings.key_refresh_seconds,
    )  # fmt: skip
    packet_signer.configure(lambda: keyring.masters().in_use())


def _file(path: Path | None, settings: SharedSettings) -> KeyFile | None:
    return KeyFile(path, settings.key_refresh_seconds) if path else None


def newest_revision(migrations: Path) -> str:
    """Return the revision that this code's schema has: that of the last numbered file."""
    newest = max((migrations / "versions").glob("[0-9]*.py"))
    found = re.search(r'^revision = "(\w+)"', newest.read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"{newest.name} names no revision")
    return found[1]


def _trust_proxies(app: Flask, hops: int) -> None:
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
