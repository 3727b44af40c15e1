"""`flask create-admin`: the first account of a practice (a fresh installation has none); and help for the last one."""

import click
from flask.cli import with_appcontext

from app.domain.errors import NotFound, VantrexiaError
from app.domain.passwords import MIN_LENGTH, password_problems
from app.domain.roles import Role
from app.domain.users import NewUser
from app.services.accounts.administration import rescue_user
from app.services.accounts.password_changes import make_invitation_link
from app.services.accounts.users import create_user
from app.services.practices import create_practice


@click.command("create-admin")
@click.option("--practice", prompt="Practice name", help="Name of the new practice.")
@click.option("--timezone", default="America/New_York", show_default=True, help="IANA time zone of the practice.")
@click.option("--email", prompt=True)
@click.option("--first-name", prompt=True)
@click.option("--last-name", prompt=True)
@click.option("--password", help=f"At least {MIN_LENGTH} characters; without it a link is made that sets one, once.")
@with_appcontext
def create_admin(
    practice: str, timezone: str, email: str, first_name: str, last_name: str, password: str | None
) -> None:
    """Create a practice and its first administrator, who chooses the password by a link that works once."""
    _refuse_weak(password, (practice, email, first_name, last_name))
    try:
        practice_id = create_practice(practice, timezone)
        user = create_user(practice_id, NewUser(email, first_name, last_name, Role.ADMIN, password))
    except VantrexiaError as error:
        raise click.ClickException(error.detail) from error
    click.echo(f"Administrator {user.id} of practice {practice_id} was created.")
    if password is None:
        click.echo(f"Choose the password here, once, within 72 hours:\n  {make_invitation_link(user)}")
    click.echo("The first thing asked for at signing in is a second factor: an authenticator app.")


def _refuse_weak(password: str | None, names: tuple[str, ...]) -> None:
    problems = password_problems(password, has_second_factor=False, context=names) if password is not None else []
    if problems:
        raise click.ClickException(f"The password is refused. {problems[0]}")


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
