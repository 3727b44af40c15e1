"""Where rate limits are counted when processes share them: Redis, asked once a request instead of twice.

The library takes an entry in one call and asks for the window in another, for the headers. The first knows both.
"""

import time
from threading import local
from typing import Any

from limits.storage import RedisStorage

SCHEME = "redis+once"
# Takes an entry if the window has room, and says whether it did, the oldest entry of the window and how many it holds.
# Entries lie newest first: those still in the window are the first `count`, found by halving.
_TAKE = """
local at, limit, expiry, amount = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local function is_in_window(place)
    local taken_at = redis.call('lindex', KEYS[1], place)
    return taken_at and tonumber(taken_at) >= at - expiry
end
local acquired = 0
if amount <= limit and not is_in_window(limit - amount) then
    for _ = 1, amount do redis.call('lpush', KEYS[1], ARGV[1]) end
    redis.call('ltrim', KEYS[1], 0, limit - 1)
    redis.call('expire', KEYS[1], expiry)
    acquired = 1
end
local count, high = 0, redis.call('llen', KEYS[1]) - 1
if is_in_window(high) then
    count = high + 1
else
    while count <= high do
        local middle = math.floor((count + high) / 2)
        if is_in_window(middle) then count = middle + 1 else high = middle - 1 end
    end
end
return {acquired, redis.call('lindex', KEYS[1], count - 1) or ARGV[1], count}
"""


class OneTripRedis(RedisStorage):
    """Redis that answers taking an entry and asking for its window together; `redis+once://…`."""

    STORAGE_SCHEME = [SCHEME, f"{SCHEME}s", f"{SCHEME}+unix"]

    def __init__(self, uri: str, **options: Any) -> None:
        super().__init__(uri.replace(SCHEME, "redis", 1), **options)
        self._take = self.storage.register_script(_TAKE)
        self._seen = local()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Take entries of a window if it has room, and remember what it holds for the question that follows."""
        at = time.time()
        acquired, oldest, count = self._take([self.prefixed_key(key)], [at, limit, expiry, amount])
        self._seen.window = (key, (float(oldest), int(count)))
        return bool(acquired)

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return when the window's oldest entry was taken and how many it holds: as this thread has just seen it."""
        seen_key, window = getattr(self._seen, "window", (None, None))
        self._seen.window = (None, None)
        return window if window and seen_key == key else super().get_moving_window(key, limit, expiry)
