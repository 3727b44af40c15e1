"""Binding everything that all requests share to an application, in the order in which it must run."""

import re
from pathlib import Path
from typing import Protocol

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.crypto.keyring import keyring
from app.extensions import csrf, db, jwt, migrate
from app.services.keys import load_wrapped_keys
from app.services.sealing import sealer
from app.web import errors, headers, identity, logs, rate_limits
from app.web.strict_json import StrictJsonProvider
from app.web.tokens import ring


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
    def log_level(self) -> str: ...
    @property
    def audit_database_url(self) -> str: ...
    @property
    def audit_signing_key(self) -> bytes | None: ...
    @property
    def audit_anchor_file(self) -> Path: ...
    @property
    def audit_retention_years(self) -> int: ...


def init_app(app: Flask, settings: SharedSettings, migrations: Path) -> None:
    """Bind extensions, keys, identity, limits, headers and errors."""
    logs.init_app(settings.log_level)
    app.json = StrictJsonProvider(app)
    _trust_proxies(app, settings.trusted_proxies)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(migrations))
    jwt.init_app(app)
    csrf.init_app(app)
    ring.configure(settings.jwt_secret_keys)
    keyring.configure(settings.field_encryption_keys, load_wrapped_keys)
    sealer.configure(
        settings.audit_database_url, settings.audit_signing_key, settings.audit_anchor_file,
        settings.audit_retention_years,
    )  # fmt: skip
    headers.init_app(app, settings.cors_allowed_origins)
    identity.init_app(app)
    rate_limits.init_app(app, settings.redis_url)
    errors.init_app(app)
    app.config["SCHEMA_REVISION"] = newest_revision(migrations)


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
