"""`flask audit …`: sealing, verifying, exporting and purging the audit trail."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path

import click
from flask.cli import AppGroup

from app.audit.seal import SealRefused
from app.audit.verify import Broken, report
from app.services.audit.chain import export_trail, verify_database
from app.services.audit.retention import oldest_kept, purge_events
from app.services.audit.sealing import seal_events, sealer, start_generation

audit = AppGroup("audit", help="The audit trail: seal, verify, export, purge.")
_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@audit.command("seal")
def seal() -> None:
    """Seal what is finished, as the worker does every minute."""
    try:
        made = seal_events()
    except SealRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    if not made:
        raise click.ClickException("Nothing was sealed: see the log.")
    click.echo(f"{made} seals made.")


@audit.command("verify")
@click.option("--anchor", type=_FILE, help="The anchor file, from where the database's keepers cannot write.")
def verify(anchor: Path | None) -> None:
    """Verify every seal against the database; ends with 1 and names the first that does not hold."""
    try:
        verdict = verify_database(anchor)
    except Broken as broken:
        click.echo(f"BROKEN {broken}")
        sys.exit(1)
    click.echo(report(verdict), nl=False)


@audit.command("export")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
def export(directory: Path) -> None:
    """Write the trail of the whole installation to DIRECTORY, with the program that verifies it."""
    try:
        seal_events()
        lines = export_trail(directory)
    except SealRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"{lines} lines written. To verify: python {directory}/verify.py {directory} --anchor ANCHOR_FILE")


@audit.command("purge")
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), help="First of the oldest month to keep.")
@click.confirmation_option(prompt="Audit events beyond the retention are destroyed for good. Go on?")
def purge(before: datetime | None) -> None:
    """Drop whole months beyond AUDIT_RETENTION_YEARS and leave a signed tombstone."""
    today = datetime.now(UTC).date()
    cutoff: date = before.date() if before else oldest_kept(today, sealer.retention_years)
    try:
        purged = purge_events(cutoff, today)
    except SealRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"{purged.months} months before {cutoff} dropped; tombstone: seal {purged.tombstone}.")


@audit.command("new-generation")
@click.option("--reason", prompt=True, help="Why transaction ids begin anew; it is sealed and shown by `verify`.")
def new_generation(reason: str) -> None:
    """Go on after the database was restored; what the anchor knows and the database lost is admitted in a seal."""
    try:
        opened = start_generation(reason)
    except SealRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"Seal {opened['number']} opens a new generation.")
