"""Doing the jobs that wait, as the worker would.

In a thread of its own, because a browser's tests leave their event loop in this one. There is one queue in a process:
a worker that outlived its test would take the connections of the next one's, so each is waited for.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from app.jobs.queue import run_worker


def work() -> None:
    """Do all jobs that are left."""
    with working():
        pass


@contextmanager
def working() -> Iterator[None]:
    """Let a worker do the jobs that are left while somebody looks on; at the end it is done with them."""
    worker = threading.Thread(target=run_worker, kwargs={"wait": False})
    worker.start()
    try:
        yield
    finally:
        worker.join()
