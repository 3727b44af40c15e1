"""What a rate alone hides on a shared machine: processor time a request, and how busy others keep the cores."""

from contextlib import suppress
from dataclasses import dataclass

import psutil

_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Effort:
    """Processor time that a server has used up to now, in seconds."""

    seconds: float

    def milliseconds_each(self, earlier: "Effort", requests: int) -> float:
        """Return the milliseconds of one request since an earlier look."""
        return (self.seconds - earlier.seconds) * 1000 / max(requests, 1)


def effort_of(*pids: int) -> Effort:
    """Return what servers and all their processes, ended ones too, have used; each is named by its first process."""
    used = 0.0
    for server in map(psutil.Process, pids):
        used += sum(server.cpu_times()[:4])  # its own user and system time, and that of children it has collected
        for worker in server.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                used += sum(worker.cpu_times()[:4])
    return Effort(used)


def busy_share() -> float:
    """Return which share of all cores somebody uses while we do nothing, in percent."""
    return float(psutil.cpu_percent(interval=_LOOK_SECONDS))
