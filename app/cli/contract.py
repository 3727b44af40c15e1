"""`flask openapi` and `flask roles`: the contract and the role table, written from the code itself."""

import json

import click
from flask import current_app
from flask.cli import with_appcontext

from app.domain.roles import EMERGENCY_GRANTS, Permission, Role, is_granted
from app.web.errors import STATUS


@click.command("openapi")
@with_appcontext
def openapi() -> None:
    """Print the OpenAPI document."""
    document = json.loads(current_app.test_client().get("/api/v1/openapi.json").text)
    click.echo(json.dumps(document, indent=2, sort_keys=True))


@click.command("roles")
def roles() -> None:
    """Print the role table as Markdown."""
    click.echo(role_table())


@click.command("errors")
def error_list() -> None:
    """Print the error codes as Markdown."""
    click.echo(error_table())


def error_table() -> str:
    """Return every error code with its status, as a Markdown table."""
    rows = [f"| `{code}` | {status} |" for code, status in STATUS.items()]
    return "\n".join(["| code | status |", "|---|---|", *rows])


def role_table() -> str:
    """Return who may do what, as a Markdown table."""
    head = f"| permission | {' | '.join(Role)} |\n|---|{'---|' * len(Role)}"
    rows = [
        f"| `{permission}` | {' | '.join('yes' if is_granted(role, permission) else '–' for role in Role)} |"  # noqa: RUF001 - a dash in a table
        for permission in Permission
    ]
    emergency = ", ".join(f"`{permission}`" for permission in Permission if permission in EMERGENCY_GRANTS)
    return "\n".join([head, *rows, "", f"While they hold emergency access, all staff may also: {emergency}."])
