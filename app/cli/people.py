"""`flask index-people`: once after the release that brought the search for possible duplicates."""

import click
from flask.cli import with_appcontext

from app.services.patients import duplicates


@click.command("index-people")
@with_appcontext
def index_people() -> None:
    """Index the names and birth dates of records made before; running it again does nothing."""
    click.echo(f"{duplicates.index_people()} records indexed.")
