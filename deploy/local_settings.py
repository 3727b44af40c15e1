"""What `make run` reads from its environment, and the plain facts that follow from it."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
DEMO_PASSWORD = "SecureP@ss123"  # noqa: S105 - public, and only ever on loopback
DEMO_ACCOUNTS = ("clinician", "admin", "nurse", "billing", "monitor")
# What a server binds to and where this machine itself then reaches it.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound to
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_HIGHEST_PORT = 65_535
_ASSIGNMENT = re.compile(r"(?:export\s+)?([A-Z][A-Z0-9_]*)=(.*)")


class SettingsError(RuntimeError):
    """A setting cannot be used as it is."""


@dataclass(frozen=True)
class LocalSettings:
    """Where the local server listens, keeps its files and finds its database."""

    host: str
    port: int
    var_dir: Path
    development: bool
    tls: bool
    database_url: str | None
    environment: Mapping[str, str]

    @property
    def loopback(self) -> bool:
        """Say whether only this machine can reach the server."""
        return self.host in _LOOPBACK

    @property
    def url(self) -> str:
        """Return the address to show and to open in a browser."""
        everywhere_or_here = self.loopback or self.host in _EVERYWHERE
        name = "localhost" if everywhere_or_here else self.host
        bracketed = f"[{name}]" if ":" in name else name
        return f"{'https' if self.tls else 'http'}://{bracketed}:{self.port}"

    @property
    def mail_dir(self) -> Path | None:
        """Return where mails can be read instead of being sent; None where a server is set, or none may be written."""
        return self.var_dir / "mail" if self.development and "SMTP_URL" not in self.environment else None

    @property
    def probe_host(self) -> str:
        """Return the address at which this machine itself reaches the server."""
        return _EVERYWHERE.get(self.host, self.host)


def read_settings(environment: Mapping[str, str] = os.environ) -> LocalSettings:
    """Read the settings from the environment, and from `.env` what the environment leaves open."""
    values = _env_file(CHECKOUT / ".env") | {name: value for name, value in environment.items() if value}
    values.setdefault("APP_ENV", "development")
    development = values["APP_ENV"] == "development"
    host = values.setdefault("HOST", "127.0.0.1" if development else "0.0.0.0")  # noqa: S104 - a host routes to us from outside
    port = values.setdefault("PORT", "8000")
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= _HIGHEST_PORT:
        raise SettingsError(f"PORT must be a number from 1 to {_HIGHEST_PORT}, not {port!r}.")
    var_dir = (CHECKOUT / values.get("VAR_DIR", "var")).resolve()
    return LocalSettings(
        host=host,
        port=int(port),
        var_dir=var_dir,
        development=development,
        tls="TLS_CERTFILE" in values,
        database_url=values.get("DATABASE_URL"),
        environment=values | {"VAR_DIR": str(var_dir)},
    )


def _env_file(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines() if path.exists() else []
    matches = (_ASSIGNMENT.fullmatch(line.strip()) for line in lines)
    pairs = ((match[1], match[2].strip().strip("'\"")) for match in matches if match)
    return {name: value for name, value in pairs if value}
