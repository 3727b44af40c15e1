"""`flask seed-demo`: the demo practices, on a developer's own machine only."""

import click
from flask import current_app
from flask.cli import with_appcontext

from app.services.demo import practices


@click.command("seed-demo")
@with_appcontext
def seed_demo() -> None:
    """Create the demo practices, unless they exist."""
    if not current_app.config["SETTINGS"].allows_demo:
        raise click.ClickException("Demo accounts exist only with APP_ENV=development on a loopback address.")
    click.echo("Demo practices created." if practices.seed_demo() else "Demo practices exist already.")
