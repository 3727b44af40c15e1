"""Finding, tying and ending operating-system processes by proof of identity, never by a broad name."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

import psutil

Process: TypeAlias = psutil.Process

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.01
# Loaded before any fork: opening a library between fork and exec is not safe.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def ask_signal_at_parent_death(signal_number: signal.Signals) -> None:
    """Have Linux send this process a signal when its parent dies, however the parent dies."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal_number))


def tied_to_me(signal_number: signal.Signals) -> Callable[[], None] | None:
    """Return the `preexec_fn` that ties a child to this process, or None where the system cannot."""
    if _LIBC is None:
        return None
    parent = os.getpid()

    def tie() -> None:
        ask_signal_at_parent_death(signal_number)
        # The parent may have died between fork and prctl; then no signal would ever come.
        if os.getppid() != parent:
            os._exit(1)

    return tie


def is_alive(process: Process) -> bool:
    """Say whether a process still runs; a zombie does not, and a recycled pid is another process."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def find_process(pid: int) -> Process | None:
    """Return the process of this number, if there is one."""
    try:
        return Process(pid)
    except psutil.NoSuchProcess:
        return None


def works_in(process: Process, name: str, directory: Path) -> bool:
    """Say whether a live process has this program name and working directory."""
    try:
        return is_alive(process) and process.name() == name and Path(process.cwd()) == directory
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return False


def find_in_directory(name: str, directory: Path) -> list[Process]:
    """List live processes of this program name and working directory."""
    return [process for process in psutil.process_iter() if works_in(process, name, directory)]


def find_marked(variable: str, value: str) -> list[Process]:
    """List live processes, other than this one, that were started with `variable=value`."""
    return [
        process
        for process in psutil.process_iter()
        if process.pid != os.getpid() and _environment_value(process, variable) == value
    ]


def _environment_value(process: Process, variable: str) -> str | None:
    try:
        value: str | None = process.environ().get(variable)
    except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
        return None
    return value


def wait_until_gone(processes: Iterable[Process], seconds: float) -> list[Process]:
    """Wait for processes to end and return those that still run when the time is over."""
    deadline = time.monotonic() + seconds
    remaining = [process for process in processes if is_alive(process)]
    while remaining and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        remaining = [process for process in remaining if is_alive(process)]
    return remaining


def end(processes: Iterable[Process], *steps: tuple[signal.Signals, float]) -> None:
    """Send each signal in turn to whatever still runs, waiting the given seconds after each."""
    remaining = list(processes)
    for signal_number, seconds in steps:
        for process in remaining:
            _send(process, signal_number)
        remaining = wait_until_gone(remaining, seconds)


def _send(process: Process, signal_number: signal.Signals) -> None:
    try:
        process.send_signal(signal_number)
    except psutil.NoSuchProcess:
        return
