"""Bringing the local database's schema and demo practice up to date, at no cost when they are."""

import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local_settings import CHECKOUT
from deploy.processes import tied_to_me

_REVISION = re.compile(r"^revision(?:\s*:\s*\w+)?\s*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)


class SchemaError(RuntimeError):
    """The migrations failed, so the app cannot start."""


def flask(*arguments: str) -> list[str]:
    """Return the command line of one of the app's own commands."""
    return [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]


def newest_revision(versions: Path = CHECKOUT / "migrations" / "versions") -> str | None:
    """Read the last migration's revision from its text: importing alembic costs a second."""
    files = sorted(path for path in versions.glob("*.py") if path.name[0].isdigit())
    found = _REVISION.search(files[-1].read_text(encoding="utf-8")) if files else None
    return found[1] if found else None


def migrate(environment: Mapping[str, str]) -> None:
    """Bring the schema to the newest revision."""
    print("Bringing the database schema up to date …", flush=True)
    if _run(flask("db", "upgrade"), environment) != 0:
        raise SchemaError("The migrations failed, see above.")


def seed_demo_once(environment: Mapping[str, str], marker: Path, key: str) -> None:
    """Make the demo practice unless the marker says that this very database has it."""
    seeded = marker.read_text().split() if marker.exists() else []
    if key in seeded:
        return
    print("Making the demo practice (once) …", flush=True)
    if _run(flask("seed-demo"), environment) == 0:
        marker.write_text("\n".join([*seeded, key]) + "\n")
    else:
        print("The demo practice could not be made, see above; starting without it.", flush=True)


def _run(command: list[str], environment: Mapping[str, str]) -> int:
    return subprocess.run(
        command,
        check=False,
        cwd=CHECKOUT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=tied_to_me(signal.SIGTERM),
    ).returncode
