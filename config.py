"""Every setting, read from the environment once and checked: a missing or weak secret stops the start."""

import base64
import binascii
import os
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parseaddr
from functools import partial
from json import loads
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

ROOT = Path(__file__).resolve().parent
MIN_KEY_BYTES = 32
MIN_RETENTION_YEARS = 6  # 45 CFR 164.316(b)(2)(i)
_MIN_DISTINCT_BYTES = 12  # of 32 random bytes at least this many differ, but for one start in 10^12
_KNOWN_SECRETS = ("changeme", "change-me", "secret", "password", "vantrexia")
_FILE = "file:"
_MASTER = "FIELD_ENCRYPTION_KEYS"
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
    is_pooled: bool
    migration_database_url: str
    audit_database_url: str
    redis_url: str | None
    web_concurrency: int
    web_threads: int
    jwt_secret_keys: tuple[bytes, ...]
    field_encryption_keys: tuple[bytes, ...]
    jwt_key_file: Path | None
    field_key_file: Path | None
    key_refresh_seconds: int
    audit_signing_key: bytes | None
    audit_anchor_file: Path
    audit_retention_years: int
    ratelimits: dict[str, str]
    cors_allowed_origins: tuple[str, ...]
    trusted_proxies: int
    log_level: str
    var_dir: Path
    smtp_url: str | None
    mail_from: str
    public_url: str
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
        app_env = _one_of(env, "APP_ENV", "production", "development")
        var_dir = Path(env.get("VAR_DIR") or ROOT / "var").resolve()
        database_url = _database_url(env, app_env, var_dir)
        settings = cls(
            app_env=app_env,
            host=env.get("HOST") or ("127.0.0.1" if app_env == "development" else "0.0.0.0"),  # noqa: S104
            database_url=database_url,
            is_pooled=_one_of(env, "DATABASE_POOLER", "none", "transaction") == "transaction",
            migration_database_url=_psycopg(env.get("MIGRATION_DATABASE_URL", "")) or database_url,
            audit_database_url=_audit_url(env, database_url),
            redis_url=env.get("REDIS_URL") or None,
            web_concurrency=_count(env, "WEB_CONCURRENCY", 1),
            web_threads=_count(env, "WEB_THREADS", 8),
            jwt_secret_keys=_keys(env, "JWT_SECRET_KEYS", app_env, var_dir),
            field_encryption_keys=_keys(env, "FIELD_ENCRYPTION_KEYS", app_env, var_dir),
            jwt_key_file=_key_file(env, "JWT_SECRET_KEYS", app_env, var_dir),
            field_key_file=_key_file(env, "FIELD_ENCRYPTION_KEYS", app_env, var_dir),
            key_refresh_seconds=_count(env, "KEY_REFRESH_SECONDS", 60),
            audit_signing_key=_signing_key(env, "AUDIT_SIGNING_KEY", app_env, var_dir),
            audit_anchor_file=Path(env.get("AUDIT_ANCHOR_FILE") or var_dir / "audit-anchor.jsonl").resolve(),
            audit_retention_years=_count(env, "AUDIT_RETENTION_YEARS", 7, minimum=MIN_RETENTION_YEARS),
            ratelimits={scope: _rate(env, f"RATELIMIT_{scope.upper()}", rate) for scope, rate in _RATES.items()},
            cors_allowed_origins=tuple(_words(env, "CORS_ALLOWED_ORIGINS")),
            trusted_proxies=_count(env, "TRUSTED_PROXIES", 0, minimum=0),
            log_level=env.get("LOG_LEVEL", "INFO").upper(),
            var_dir=var_dir,
            smtp_url=_smtp(env),
            mail_from=_mail_from(env, _public_url(env, app_env)),
            public_url=_public_url(env, app_env),
            emr_allowed_private_hosts=frozenset(_words(env, "EMR_ALLOWED_PRIVATE_HOSTS", str.lower)),
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
                "connect_args": _CONNECTING | (_UNPREPARED if self.is_pooled else _SAID_ONCE),
                "execution_options": {"each_transaction": _LIMITS} if self.is_pooled else {},
                "json_serializer": _exact_json,
                "json_deserializer": partial(loads, parse_float=Decimal),
            },
            "MAX_CONTENT_LENGTH": 1024 * 1024,
            "MAX_FORM_MEMORY_SIZE": 256 * 1024,
            "JSON_SORT_KEYS": False,
            "SETTINGS": self,
        }


_RATES = {
    "user": "1000/hour",
    "poll": "20000/hour",  # twenty pages of one person, open at once
    "anonymous": "100/hour",
    "auth": "20/minute",
    "webhook": "500/hour",
    "ingestion": "1000/hour",
}

_LIMITS = {
    "statement_timeout": "10000",
    "lock_timeout": "2000",
    "idle_in_transaction_session_timeout": "30000",
    "timezone": "UTC",
}
_SAID_ONCE = {"options": " ".join(f"-c {name}={value}" for name, value in _LIMITS.items())}
_UNPREPARED = {"prepare_threshold": None}  # what is prepared on a lent connection is gone with it

# A server that is gone without a word (a cut network) is noticed within seconds.
_CONNECTING = {"connect_timeout": 2, "keepalives_idle": 30, "keepalives_interval": 5, "keepalives_count": 3,
               "tcp_user_timeout": 10_000}  # fmt: skip


def _exact_json(value: Any) -> str:
    """Write JSON for the database, decimals with all their digits."""
    return orjson.dumps(value, default=lambda number: orjson.Fragment(format(number, "f"))).decode()


def _database_url(env: Mapping[str, str], app_env: str, var_dir: Path) -> str:
    url = _psycopg(env.get("DATABASE_URL", ""))
    if not url and app_env == "production":
        raise SettingError("DATABASE_URL", "must name a PostgreSQL database (15 or newer)")
    socket = quote(str(var_dir / "postgres" / "run"), safe="")  # where `make run` keeps its own database
    return url or f"postgresql+psycopg://vantrexia_app@/vantrexia?host={socket}&port=5432"


def _audit_url(env: Mapping[str, str], database_url: str) -> str:
    """Return the database as the sealer's role: its own where the host gives it, else the application's."""
    url = _psycopg(env.get("AUDIT_DATABASE_URL", ""))
    if url or env.get("DATABASE_URL"):
        return url or database_url
    return database_url.replace("//vantrexia_app@", "//vantrexia_sealer@", 1)


def _psycopg(url: str) -> str:
    """Return the URL with the driver named; both `postgres://` and `postgresql://` are understood."""
    match = re.fullmatch(r"postgres(?:ql)?(?:\+psycopg)?://(.*)", url)
    if url and match is None:
        raise SettingError("DATABASE_URL", "must begin with postgres:// or postgresql://")
    return f"postgresql+psycopg://{match[1]}" if match else ""


def _smtp(env: Mapping[str, str]) -> str | None:
    url = urlsplit(env.get("SMTP_URL", ""))
    if url.geturl() and not (url.scheme in {"smtp", "smtps"} and url.hostname):
        raise SettingError("SMTP_URL", "must look like smtp://user:password@host:587 or smtps://…")
    return url.geturl() or None


def _mail_from(env: Mapping[str, str], public_url: str) -> str:
    sender = env.get("MAIL_FROM") or f"Vantrexia <no-reply@{urlsplit(public_url).hostname}>"
    if "@" not in parseaddr(sender)[1]:
        raise SettingError("MAIL_FROM", "must be a mail address")
    return sender


def _public_url(env: Mapping[str, str], app_env: str) -> str:
    """Return the address that mailed links begin with: never taken from a request, whose Host anybody can choose."""
    local = f"http://localhost:{env.get('PORT') or '8000'}"
    if env.get("SMTP_URL") and not env.get("PUBLIC_URL") and app_env == "production":
        raise SettingError("PUBLIC_URL", "is missing: the links in mails begin with it")
    url = (env.get("PUBLIC_URL") or local).rstrip("/")
    allowed = {"https", "http"} if app_env == "development" or url == local else {"https"}
    if urlsplit(url).scheme not in allowed or not urlsplit(url).hostname:
        raise SettingError("PUBLIC_URL", "must be the https:// address under which people reach the service")
    return url


def _one_of(env: Mapping[str, str], name: str, usual: str, other: str) -> str:
    if (word := env.get(name) or usual) not in {usual, other}:
        raise SettingError(name, f"must be {usual} or {other}")
    return word


def _count(env: Mapping[str, str], name: str, default: int, *, minimum: int = 1) -> int:
    text = env.get(name) or str(default)
    if not text.isdecimal() or int(text) < minimum:
        raise SettingError(name, f"must be a whole number of at least {minimum}")
    return int(text)


def _words(env: Mapping[str, str], name: str, put: Callable[[str], str] = str) -> list[str]:
    return [put(word) for word in re.split(r"[\s,]+", env.get(name, "")) if word]


def _rate(env: Mapping[str, str], name: str, default: str) -> str:
    rate = env.get(name) or default
    if not _RATE.fullmatch(rate):
        raise SettingError(name, "must look like 1000/hour")
    return rate


def _keys(env: Mapping[str, str], name: str, app_env: str, var_dir: Path) -> tuple[bytes, ...]:
    """Return the keys of a ring, newest first, from the setting itself or the file that it names."""
    file = _key_file(env, name, app_env, var_dir)
    if file is None and not env.get(name):
        raise SettingError(name, "is missing: give at least one base64 key of 32 random bytes, newest first")
    if file is None:
        return tuple(_key(name, part) for part in re.split(r"[\s,]+", env[name].strip()))
    try:
        lines = [line.partition("#")[0].split() for line in file.read_text().splitlines()]
    except OSError as error:
        raise SettingError(name, f"names a file that cannot be read: {error.strerror}") from error
    if not any(lines):
        raise SettingError(name, "names a file without a key")
    return tuple(_key(name, words[0]) for words in lines if words)


def _key_file(env: Mapping[str, str], name: str, app_env: str, var_dir: Path) -> Path | None:
    """Return the file of `file:/path`; development makes its own once and keeps it under `var/`."""
    text = env.get(name, "")
    if text.startswith(_FILE):
        return Path(text.removeprefix(_FILE))
    if text or app_env != "development":
        return None
    own = var_dir / "keys" / name.lower()
    _make_own_key(own)
    return own


def _signing_key(env: Mapping[str, str], name: str, app_env: str, var_dir: Path) -> bytes | None:
    """Return the seed of the sealer's key; None where nobody seals, as in web processes of production."""
    if not env.get(name) and app_env == "production":
        return None
    key = _keys(env, name, app_env, var_dir)[0]
    if len(key) != MIN_KEY_BYTES:
        raise SettingError(name, f"must be exactly {MIN_KEY_BYTES} random bytes in base64")
    return key


def _key(name: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SettingError(name, "holds a key that is not base64") from error
    is_known = any(word in text.lower() or word.encode() in key.lower() for word in _KNOWN_SECRETS)
    if name == _MASTER and len(key) > MIN_KEY_BYTES:
        raise SettingError(name, f"holds a key of {len(key)} bytes: AES-256 takes exactly {MIN_KEY_BYTES}")
    if len(key) < MIN_KEY_BYTES or len(set(key)) < _MIN_DISTINCT_BYTES or is_known:
        raise SettingError(name, f"holds a weak key: {MIN_KEY_BYTES} random bytes in base64 are needed")
    return key


def _make_own_key(path: Path) -> None:
    """Make a developer's own key, once; several processes starting together agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(base64.urlsafe_b64encode(secrets.token_bytes(MIN_KEY_BYTES)).decode())
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
