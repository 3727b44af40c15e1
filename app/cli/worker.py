"""`flask worker`: runs background jobs until told to stop."""

import click
from flask.cli import with_appcontext

from app.jobs.queue import run_worker


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Run the job worker."""
    run_worker()
