"""The long-running commands under the supervisor: started, watched, started again, ended as a group."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.local_settings import CHECKOUT
from deploy.processes import Process, is_alive, tied_to_me, wait_until_gone

# A supervisor that was killed finds what it left behind by this variable, whatever the pids.
MARK = "VANTREXIA_RUN"
_FIRST_DELAY_SECONDS = 0.5
_LONGEST_DELAY_SECONDS = 10.0
_STEADY_SECONDS = 30.0


@dataclass
class Child:
    """One command, restarted with a growing delay while it keeps ending."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _code: int = field(default=0, init=False)
    _started_at: float = field(default=0.0, init=False)
    _start_again_at: float = field(default=0.0, init=False)
    _delay_seconds: float = field(default=_FIRST_DELAY_SECONDS, init=False)

    @property
    def pid(self) -> int | None:
        """Return the process id while the command runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the command in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(
            self.command,
            cwd=CHECKOUT,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=tied_to_me(signal.SIGTERM),  # noqa: PLW1509 - one ctypes call, loaded before
        )

    def has_ended(self) -> bool:
        """Say whether the command ended; what it left in its group is killed before its pid is free."""
        if self._process is None:
            return True
        if is_alive(Process(self._process.pid)):
            return False
        self._kill_group()
        self._code = self._process.wait()
        self._plan_restart()
        self._process = None
        return True

    def restart_when_due(self) -> bool:
        """Start the ended command again once its delay is over, and say whether it was."""
        if time.monotonic() < self._start_again_at:
            return False
        print(f"The {self.name} ended (code {self._code}); starting it again.", flush=True)
        self.start()
        return True

    def ask_to_end(self) -> None:
        """Ask the command to finish what it does and end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def wait_or_kill(self, deadline: float) -> None:
        """Wait for the end until the deadline, then kill the command and all it started."""
        if self._process is None:
            return
        remaining_seconds = max(0.0, deadline - time.monotonic())
        wait_until_gone([Process(self._process.pid)], remaining_seconds)
        self._kill_group()
        self._process.wait()
        self._process = None

    def _kill_group(self) -> None:
        # The leader is not reaped yet, so its number cannot belong to anybody else's group.
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                return

    def _plan_restart(self) -> None:
        now = time.monotonic()
        steady = now - self._started_at > _STEADY_SECONDS
        delay = _FIRST_DELAY_SECONDS if steady else self._delay_seconds
        self._start_again_at = now + delay
        self._delay_seconds = min(delay * 2, _LONGEST_DELAY_SECONDS)
