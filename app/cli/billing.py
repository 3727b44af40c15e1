"""`flask billing …`: evidence packets: verifying them, and the public keys that do."""

import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from app.crypto.packet_signer import packet_signer
from app.crypto.packet_verify import Tampered, report, verify_packet

billing = AppGroup("billing", help="Billing: verify evidence packets, and the keys for that.")


@billing.command("verify")
@click.argument("packet", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--key", multiple=True, help="A public key that is trusted, in hex; by default this installation's.")
def verify(packet: Path, key: tuple[str, ...]) -> None:
    """Verify PACKET without the database; ends with 1 and names the first file that does not hold."""
    try:
        verdict = verify_packet(packet.read_bytes(), key or packet_signer.public_keys)
    except Tampered as tampered:
        click.echo(f"BROKEN {tampered}")
        sys.exit(1)
    click.echo(report(verdict), nl=False)


@billing.command("keys")
def keys() -> None:
    """Print the public keys of evidence packets in hex, the one that signs first. Publish them, and keep old ones."""
    for key in packet_signer.public_keys:
        click.echo(key)
