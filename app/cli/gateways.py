"""`flask gateways`: the vendors that are understood, and the lab that tries a running server with their messages."""

import os

import click

from app.cli.lab_client import LabClient
from app.cli.lab_run import Finding, run_vendor
from app.cli.lab_vendor import vendor_api
from app.gateways.registry import ALL, VENDORS


@click.group("gateways")
def gateways() -> None:
    """Device vendors."""


@gateways.command("list")
def list_vendors() -> None:
    """Tell which vendors are understood, how they prove themselves and what can be set about them."""
    for vendor in ALL:
        modes = ", ".join(mode.value for mode in vendor.auth_modes)
        click.echo(f"{vendor.id}: {vendor.name} [{modes}]{'' if vendor.is_public else ' (push format not public)'}")
        for option in vendor.options:
            click.echo(f"  {option.name} (default {option.default or 'none'}): {option.help}")


@gateways.command("lab")
@click.argument("vendor", required=False, type=click.Choice(sorted(VENDORS)))
@click.option("--url", default="http://localhost:8000", show_default=True, help="The server to try: a test system.")
@click.option("--email", default="admin@practice.com", show_default=True, help="An administrator's account.")
@click.option("--password", envvar="LAB_PASSWORD", help="Its password; LAB_PASSWORD keeps it out of the process list.")
@click.option("--token", envvar="LAB_TOKEN", help="An access token instead of an account.")
@click.option("--seed", default=1, show_default=True, help="The same seed sends the same readings.")
@click.option("--patience", default=15.0, show_default=True, help="Seconds to wait for what must be stored.")
def lab(
    vendor: str | None, url: str, email: str, password: str | None, token: str | None, seed: int, patience: float
) -> None:
    """Send each vendor's messages with every fault to a running server, and check what it stored.

    Makes an integration, a patient and a device for each vendor. The server must be allowed to call this machine for
    the vendors whose data are fetched, as it is in development.
    """
    client = LabClient(url, token or "")
    if not token:
        client.sign_in(email, password or click.prompt("Password", hide_input=True))
    with vendor_api() as api:
        passed = [run_vendor(client, one, api, seed, patience, _tell) for one in ([vendor] if vendor else VENDORS)]
    click.echo(f"{sum(passed)} of {len(passed)} vendors pass.")
    if not all(passed):
        raise SystemExit(os.EX_SOFTWARE)


def _tell(finding: Finding) -> None:
    verdict = "FAIL" if finding.problems else "pass"
    click.echo(f"{finding.vendor:<12} {finding.fault.value:<20} {verdict}  {'; '.join(finding.problems)}".rstrip())
