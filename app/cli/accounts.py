"""`flask create-admin`: the first account of a practice (a fresh installation has none); and help for the last one."""

import click
from flask.cli import with_appcontext

from app.domain.errors import NotFound, VantrexiaError
from app.domain.passwords import MIN_LENGTH, password_problems
from app.domain.roles import Role
from app.domain.users import NewUser
from app.services.practices import create_practice
from app.services.user_administration import rescue_user
from app.services.users import create_user


@click.command("create-admin")
@click.option("--practice", prompt="Practice name", help="Name of the new practice.")
@click.option("--timezone", default="America/New_York", show_default=True, help="IANA time zone of the practice.")
@click.option("--email", prompt=True)
@click.option("--first-name", prompt=True)
@click.option("--last-name", prompt=True)
@click.password_option(help=f"At least {MIN_LENGTH} characters; asked for when left out.")
@with_appcontext
def create_admin(practice: str, timezone: str, email: str, first_name: str, last_name: str, password: str) -> None:
    """Create a practice and its first administrator."""
    names = (practice, email, first_name, last_name)
    problems = password_problems(password, has_second_factor=False, context=names)
    if problems:
        raise click.ClickException(f"The password is refused. {problems[0]}")
    try:
        practice_id = create_practice(practice, timezone)
        user = create_user(practice_id, NewUser(email, first_name, last_name, Role.ADMIN, password))
    except VantrexiaError as error:
        raise click.ClickException(error.detail) from error
    click.echo(f"Administrator {user.id} of practice {practice_id} can sign in now.")
    click.echo("The first thing asked for is a second factor: an authenticator app.")


@click.command("reset-second-factor")
@click.option("--email", prompt=True, help="Address of the account.")
@with_appcontext
def reset_second_factor(email: str) -> None:
    """Take the second factor off an account: for a practice's only administrator, who lost phone and recovery codes."""
    try:
        rescue_user(email)
    except NotFound as error:
        raise click.ClickException("Nobody has this address.") from error
    click.echo("The second factor is off; its owner is told by mail.")
