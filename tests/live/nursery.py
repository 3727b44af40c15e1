"""A worker that is there again the moment it was killed: forked from a process that has loaded all the code.

It is the job worker as it is deployed but for the seconds that loading takes, which fifty kills need not wait for.
"""

import os
import signal

from app.jobs.queue import run_worker
from deploy.processes import ask_signal_at_parent_death
from wsgi import app


def main() -> None:
    """Keep one worker running until killed; it dies with its parent."""
    while True:
        child = os.fork()
        if child == 0:
            ask_signal_at_parent_death(signal.SIGKILL)
            with app.app_context():
                run_worker()
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
