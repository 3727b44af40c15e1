"""The job worker as a process of its own, as it is deployed; killed, not asked to end, when a test is done with it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from config import ROOT
from tests.live.installation import Installation


def worker(installation: Installation) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Run a worker until the block ends."""
    return _running(installation, ["flask", "--app", "wsgi", "worker"])


def nursery(installation: Installation) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Run a worker that is there again as soon as it is killed; it is the process's only child."""
    return _running(installation, ["tests.live.nursery"])


def child_of(pid: int, patience: float = 10.0) -> int:
    """Return the process that a parent has now, waiting for it; raises AssertionError when there is none."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if children:
            return int(children[0])
        time.sleep(0.02)
    raise AssertionError(f"{pid} has no child")


@contextmanager
def _running(installation: Installation, module: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", *module]
    with (installation.directory / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, env=installation.environment, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
