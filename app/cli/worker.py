"""`flask worker`: runs background jobs until told to stop."""

import gc

import click
from flask.cli import with_appcontext

from app.jobs.queue import run_worker


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Run the job worker; the garbage collector is set as in the web workers, for runs over many patients."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    run_worker()
