"""Commands for operators: `flask --app wsgi …`."""

from flask import Flask

from app.cli.accounts import create_admin, reset_second_factor
from app.cli.audit import audit
from app.cli.billing import billing
from app.cli.contract import error_list, openapi, roles
from app.cli.demo import seed_demo
from app.cli.diagnoses import diagnoses
from app.cli.gateways import gateways
from app.cli.keys import keys
from app.cli.people import index_people
from app.cli.worker import worker


def init_app(app: Flask) -> None:
    """Register the commands."""
    for command in (
        audit, billing, create_admin, diagnoses, error_list, gateways, index_people, keys, openapi, reset_second_factor,
        roles, seed_demo, worker,
    ):  # fmt: skip
        app.cli.add_command(command)
