"""Every setting, read from the environment once and checked: a missing or weak secret stops the start."""

import base64
import binascii
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from json import loads
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

ROOT = Path(__file__).resolve().parent
MIN_KEY_BYTES = 32
_MIN_DISTINCT_BYTES = 12  # of 32 random bytes at least this many differ, but for one start in 10^12
_KNOWN_SECRETS = (
    "changeme",
    "change-me",
    "secret",
    "password",
    "vantrexia",
    "super-secret",
    "your-256-bit-secret",
)
_RATE = re.compile(r"[1-9]\d*/(second|minute|hour|day)")


class SettingError(SystemExit):
    """A setting that the service must not start with; the message names it."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"Vantrexia does not start: {name} {problem}")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process."""

    app_env: str
    host: str
    database_url: str
    migration_database_url: str
    redis_url: str | None
    web_concurrency: int
    web_threads: int
    jwt_secret_keys: tuple[bytes, ...]
    field_encryption_keys: tuple[bytes, ...]
    ratelimits: dict[str, str]
    cors_allowed_origins: tuple[str, ...]
    trusted_proxies: int
    log_level: str
    var_dir: Path
    emr_allowed_private_hosts: frozenset[str]

    @property
    def is_development(self) -> bool:
        """Say whether this is a developer's own machine."""
        return self.app_env == "development"

    @property
    def allows_demo(self) -> bool:
        """Say whether demo accounts may exist: development on a loopback address only."""
        return self.is_development and self.host in {"127.0.0.1", "localhost", "::1"}

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ) -> "Settings":
        """Read and check all settings; raises SettingError (which ends the process) on the first that is wrong."""
        app_env = env.get("APP_ENV", "production")
        if app_env not in {"development", "production"}:
            raise SettingError("APP_ENV", "must be development or production")
        var_dir = Path(env.get("VAR_DIR") or ROOT / "var").resolve()
        database_url = _database_url(env, app_env, var_dir)
        settings = cls(
            app_env=app_env,
            host=env.get("HOST") or ("127.0.0.1" if app_env == "development" else "0.0.0.0"),  # noqa: S104
            database_url=database_url,
            migration_database_url=_psycopg(env.get("MIGRATION_DATABASE_URL", "")) or database_url,
            redis_url=env.get("REDIS_URL") or None,
            web_concurrency=_count(env, "WEB_CONCURRENCY", 1),
            web_threads=_count(env, "WEB_THREADS", 8),
            jwt_secret_keys=_keys(env, "JWT_SECRET_KEYS", app_env, var_dir),
            field_encryption_keys=_keys(env, "FIELD_ENCRYPTION_KEYS", app_env, var_dir),
            ratelimits={scope: _rate(env, f"RATELIMIT_{scope.upper()}", rate) for scope, rate in _RATES.items()},
            cors_allowed_origins=tuple(filter(None, re.split(r"[\s,]+", env.get("CORS_ALLOWED_ORIGINS", "")))),
            trusted_proxies=_count(env, "TRUSTED_PROXIES", 0, minimum=0),
            log_level=env.get("LOG_LEVEL", "INFO").upper(),
            var_dir=var_dir,
            emr_allowed_private_hosts=frozenset(
                filter(None, re.split(r"[\s,]+", env.get("EMR_ALLOWED_PRIVATE_HOSTS", "").lower()))
            ),
        )
        if settings.web_concurrency > 1 and settings.redis_url is None:
            raise SettingError("WEB_CONCURRENCY", "above 1 needs REDIS_URL: without it each process counts alone")
        return settings

    def flask_config(self) -> dict[str, Any]:
        """Return what Flask and its extensions read."""
        return {
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "SQLALCHEMY_ENGINE_OPTIONS": {
                "hide_parameters": True,  # they may be health information
                "pool_size": self.web_threads + 2,
                "max_overflow": 2,
                "pool_timeout": 2,
                "connect_args": {"connect_timeout": 2, "options": _CONNECTION_LIMITS, **_KEEPALIVES},
                "json_serializer": _exact_json,
                "json_deserializer": partial(loads, parse_float=Decimal),
            },
            "MAX_CONTENT_LENGTH": 1024 * 1024,
            "MAX_FORM_MEMORY_SIZE": 256 * 1024,
            "JSON_SORT_KEYS": False,
            "JWT_ALGORITHM": "HS256",
            "JWT_ENCODE_ISSUER": "vantrexia",
            "JWT_DECODE_ISSUER": "vantrexia",
            "JWT_ENCODE_AUDIENCE": "vantrexia-api",
            "JWT_DECODE_AUDIENCE": "vantrexia-api",
            "SECRET_KEY": base64.b64encode(self.jwt_secret_keys[0]).decode(),
            "WTF_CSRF_TIME_LIMIT": None,
            "WTF_CSRF_CHECK_DEFAULT": False,
            "API_TITLE": "Vantrexia API",
            "API_VERSION": "v1",
            "OPENAPI_VERSION": "3.0.3",
            "OPENAPI_URL_PREFIX": "/api/v1",
            "OPENAPI_JSON_PATH": "openapi.json",
            "SETTINGS": self,
        }


_RATES = {
    "user": "1000/hour",
    "anonymous": "100/hour",
    "auth": "20/minute",
    "webhook": "500/hour",
    "ingestion": "1000/hour",
}

_CONNECTION_LIMITS = " ".join(
    (
        "-c statement_timeout=10000",
        "-c lock_timeout=2000",
        "-c idle_in_transaction_session_timeout=30000",
        "-c timezone=UTC",
    )
)

# A server that is gone without a word (a cut network) is noticed within seconds.
_KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 10_000}


def _exact_json(value: Any) -> str:
    """Write JSON for the database, decimals with all their digits."""
    return orjson.dumps(value, default=lambda number: orjson.Fragment(format(number, "f"))).decode()


def _database_url(env: Mapping[str, str], app_env: str, var_dir: Path) -> str:
    url = _psycopg(env.get("DATABASE_URL", ""))
    if not url and app_env == "production":
        raise SettingError("DATABASE_URL", "must name a PostgreSQL database (15 or newer)")
    socket = quote(str(var_dir / "postgres" / "run"), safe="")  # where `make run` keeps its own database
    return url or f"postgresql+psycopg://vantrexia_app@/vantrexia?host={socket}&port=5432"


def _psycopg(url: str) -> str:
    """Return the URL with the driver named; both `postgres://` and `postgresql://` are understood."""
    match = re.fullmatch(r"postgres(?:ql)?(?:\+psycopg)?://(.*)", url)
    if url and match is None:
        raise SettingError("DATABASE_URL", "must begin with postgres:// or postgresql://")
    return f"postgresql+psycopg://{match[1]}" if match else ""


def _count(env: Mapping[str, str], name: str, default: int, *, minimum: int = 1) -> int:
    text = env.get(name) or str(default)
    if not text.isdecimal() or int(text) < minimum:
        raise SettingError(name, f"must be a whole number of at least {minimum}")
    return int(text)


def _rate(env: Mapping[str, str], name: str, default: str) -> str:
    rate = env.get(name) or default
    if not _RATE.fullmatch(rate):
        raise SettingError(name, "must look like 1000/hour")
    return rate


def _keys(env: Mapping[str, str], name: str, app_env: str, var_dir: Path) -> tuple[bytes, ...]:
    """Return the keys of a ring, newest first; development makes its own once and keeps them under `var/`."""
    text = env.get(name, "")
    if not text and app_env == "development":
        text = _own_key(var_dir / "keys" / name.lower())
    if not text:
        raise SettingError(name, "is missing: give at least one base64 key of 32 random bytes, newest first")
    return tuple(_key(name, part) for part in re.split(r"[\s,]+", text.strip()))


def _key(name: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SettingError(name, "holds a key that is not base64") from error
    is_known = any(word in text.lower() for word in _KNOWN_SECRETS)
    if len(key) < MIN_KEY_BYTES or len(set(key)) < _MIN_DISTINCT_BYTES or is_known:
        raise SettingError(name, f"holds a weak key: {MIN_KEY_BYTES} random bytes in base64 are needed")
    return key


def _own_key(path: Path) -> str:
    """Return a developer's own key, made once; several processes starting together agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(base64.urlsafe_b64encode(secrets.token_bytes(MIN_KEY_BYTES)).decode())
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text()
