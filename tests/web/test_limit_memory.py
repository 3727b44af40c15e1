"""Counting in one's own memory: a moving window to the second, no thread, nothing kept of callers who are gone."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from app.web import limit_memory
from app.web.limit_memory import SCHEME, WindowMemory

TWO = parse("2/minute")


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 1_000_000.0

    def time(self) -> float:
        """Return the time."""
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the store."""
    moved = Clock()
    monkeypatch.setattr(limit_memory, "time", moved)
    return moved


@pytest.fixture
def limiter(clock: Clock) -> MovingWindowRateLimiter:
    """A limiter on a store that is found by its address, as the application finds it."""
    return MovingWindowRateLimiter(storage_from_string(f"{SCHEME}://"))


def test_a_window_moves_to_the_second(clock: Clock, limiter: MovingWindowRateLimiter) -> None:
    """Two at 0 and 30: a third at 60 not yet, after that it is; and then the next only after 90."""
    start = clock.at
    taken = {}
    for second in (0, 30, 31, 60, 60.1, 89, 90.1):
        clock.at = start + second
        taken[second] = limiter.hit(TWO, "ann")
    assert taken == {0: True, 30: True, 31: False, 60: False, 60.1: True, 89: False, 90.1: True}


def test_the_window_says_what_is_left_and_when_there_is_more(clock: Clock, limiter: MovingWindowRateLimiter) -> None:
    """As the headers tell."""
    start = clock.at
    assert limiter.get_window_stats(TWO, "ann") == (start + 60, 2)
    limiter.hit(TWO, "ann")
    clock.at += 20
    limiter.hit(TWO, "ann")
    assert limiter.get_window_stats(TWO, "ann") == (start + 60, 0)
    clock.at = start + 61
    assert limiter.get_window_stats(TWO, "ann") == (start + 80, 1)


def test_callers_do_not_count_for_each_other(limiter: MovingWindowRateLimiter) -> None:
    """And what is cleared begins anew."""
    assert [limiter.hit(TWO, who) for who in ("ann", "ann", "bob", "ann")] == [True, True, True, False]
    limiter.clear(TWO, "ann")
    assert limiter.hit(TWO, "ann")


def test_callers_who_are_gone_leave_nothing(clock: Clock) -> None:
    """Those who are still within their window stay."""
    store = WindowMemory()
    limiter = MovingWindowRateLimiter(store)
    hourly = parse("5/hour")
    for number in range(100):
        limiter.hit(TWO, f"caller {number}")
    limiter.hit(hourly, "slow")
    clock.at += 61
    limiter.hit(TWO, "ann")
    assert store.reset() == 2


def test_no_request_starts_a_thread(limiter: MovingWindowRateLimiter) -> None:
    """The library's store starts one for nearly each."""
    before = threading.active_count()
    started = []
    watch = threading.Thread.start
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", lambda thread: (started.append(thread), watch(thread)))
        for _ in range(20):
            limiter.hit(TWO, "ann")
    assert (started, threading.active_count() <= before) == ([], True)


def test_of_a_hundred_at_once_as_many_as_allowed_are_let_in(clock: Clock) -> None:
    """One lock, one count."""
    limiter, twenty = MovingWindowRateLimiter(WindowMemory()), parse("20/minute")
    with ThreadPoolExecutor(16) as pool:
        let_in = list(pool.map(lambda _: limiter.hit(twenty, "ann"), range(100)))
    assert sum(let_in) == 20
