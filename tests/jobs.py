"""Doing the jobs that wait, as the worker would.

In a thread of its own, because a browser's tests leave their event loop in this one. There is one queue in a process:
a worker that outlived its test would take the connections of the next one's, so each is waited for. What the clock
brings (scores, seals, billing of every practice that any test founded) is not among it: its tests call the services.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.jobs.queue import queue, run_worker


def work() -> None:
    """Do all jobs that are left."""
    with working():
        pass


@contextmanager
def working() -> Iterator[None]:
    """Let a worker do the jobs that are left while somebody looks on; at the end it is done with them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue.periodic_registry, "periodic_tasks", {})
        worker = threading.Thread(target=run_worker, kwargs={"wait": False})
        worker.start()
        try:
            yield
        finally:
            worker.join()
