"""The one run of a var directory: the lock that proves it and the file var/run.json that describes it."""

import fcntl
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

_PREDECESSOR_SECONDS = 30.0
_POLL_SECONDS = 0.02


class AlreadyRunningError(RuntimeError):
    """Another supervisor owns this var directory."""


@contextmanager
def sole_run(var_dir: Path) -> Iterator[None]:
    """Hold the lock of the var directory; the system lets go of it however we die."""
    with (var_dir / "run.lock").open("a") as lock:
        deadline = time.monotonic() + _PREDECESSOR_SECONDS
        while not _try_lock(lock):
            previous = read_run(var_dir)
            if previous.get("state") != "stopping" or time.monotonic() > deadline:
                where = previous.get("url", var_dir)
                raise AlreadyRunningError(f"Vantrexia already runs from this checkout: {where}")
            time.sleep(_POLL_SECONDS)
        yield


def read_run(var_dir: Path) -> dict[str, object]:
    """Return what the current or a killed run wrote; a run that ended well leaves nothing."""
    try:
        record: dict[str, object] = json.loads(_path(var_dir).read_text())
    except (OSError, ValueError):
        return {}
    return record


def write_run(var_dir: Path, facts: Mapping[str, object]) -> None:
    """Describe this run in var/run.json, whole or not at all."""
    draft = _path(var_dir).with_suffix(".new")
    draft.write_text(json.dumps(facts, indent=2) + "\n")
    draft.replace(_path(var_dir))


def forget_run(var_dir: Path) -> None:
    """Remove var/run.json: this run ended well and left nothing behind."""
    _path(var_dir).unlink(missing_ok=True)


def _path(var_dir: Path) -> Path:
    return var_dir / "run.json"


def _try_lock(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
