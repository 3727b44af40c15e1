"""Where rate limits are counted by a process for itself: alone, or while Redis is away.

The library's own store starts a thread at nearly every request, which goes through all windows of all callers. Here a
window is put right by whoever asks for it, and those that nobody asks for any more are dropped once a minute.
"""

import time
from collections import deque
from threading import Lock
from typing import Any

from limits.storage import MemoryStorage

SCHEME = "memory+windows"
_SWEEP_SECONDS = 60.0
Window = deque[float]  # when the entries were taken, oldest first


class WindowMemory(MemoryStorage):
    """Moving windows in memory; `memory+windows://`."""

    STORAGE_SCHEME = [SCHEME]

    def __init__(self, uri: str | None = None, **options: Any) -> None:
        super().__init__(uri, **options)
        self._windows: dict[str, tuple[Window, int]] = {}
        self._lock, self._swept_at = Lock(), time.time()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Take entries of a window if it has room."""
        at = time.time()
        with self._lock:
            if at - self._swept_at > _SWEEP_SECONDS:
                self._sweep(at)
            window, _ = self._windows.setdefault(key, (deque(), expiry))
            _leave(window, at - expiry)
            if len(window) + amount > limit:
                return False
            window.extend([at] * amount)
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return when the window's oldest entry was taken and how many it holds."""
        at = time.time()
        with self._lock:
            window, _ = self._windows.get(key, (deque(), expiry))
            _leave(window, at - expiry)
            return (window[0], len(window)) if window else (at, 0)

    def clear(self, key: str) -> None:
        """Forget a window."""
        with self._lock:
            self._windows.pop(key, None)
        super().clear(key)

    def reset(self) -> int | None:
        """Forget all windows; return how many there were."""
        with self._lock:
            count = len(self._windows)
            self._windows.clear()
        super().reset()
        return count

    def _sweep(self, at: float) -> None:
        over = [key for key, (window, expiry) in self._windows.items() if not window or window[-1] < at - expiry]
        for key in over:
            del self._windows[key]
        self._swept_at = at


def _leave(window: Window, oldest: float) -> None:
    """Take out the entries that have left the window."""
    while window and window[0] < oldest:
        window.popleft()
