"""`flask keys`: what keys are in use, and rotating them while the service runs. docs/keys.md tells when and why."""

import time
from uuid import UUID

import click
from flask import current_app
from flask.cli import with_appcontext

from app.cli.key_files import announce, drop_all_but_newest, new_key_text, replace_all, wait_until_working
from app.crypto.keyring import keyring
from app.domain.tokens import SESSION_LIFETIME
from app.services.keys import rotation
from app.services.keys.versions import list_keys, rewrap_keys

_TOLD_EVERY = 2.0
_HOURS = int(SESSION_LIFETIME.total_seconds() // 3600)
_ENVIRONMENT = """{name} is not a file this command may write. Change it where it is set, in three steps:
  1. {name}=<the present value>,{key}
     and restart every process: the new key is known everywhere, and used nowhere.
  2. {name}={key},<the present value>
     and restart every process: the new key is used.{then}
  3. {name}={key}
     {when}, and restart every process."""


@click.group("keys")
def keys() -> None:
    """Show and rotate keys."""


@keys.command("status")
@with_appcontext
def status() -> None:
    """Tell which keys exist and which are still needed; never a key itself."""
    settings = current_app.config["SETTINGS"]
    in_use: dict[int, int] = {}
    for owner in list_keys():
        who = f"practice {owner.practice_id}" if owner.practice_id else "installation"
        unfinished = "  (rotation unfinished)" if owner.practice_id and len(owner.data_versions) > 1 else ""
        click.echo(f"{who}: data keys {', '.join(map(str, owner.data_versions))}{unfinished}")
        for master in owner.master_ids:
            in_use[master] = in_use.get(master, 0) + 1
    for position, master in enumerate(keyring.masters().ids()):
        place = "newest" if position == 0 else "older"
        need = f"wraps keys of {in_use[master]}" if master in in_use else "wraps nothing that is stored"
        click.echo(f"master key {master:08x}: {place}, {need}")
    file = settings.jwt_key_file
    click.echo(f"token keys: {len(settings.jwt_secret_keys)}" + (f" in {file}" if file else " in JWT_SECRET_KEYS"))


@keys.group("rotate")
def rotate() -> None:
    """Make a new key and move everything to it, online."""


@rotate.command("data")
@click.option("--practice", type=click.UUID, help="One practice only; all when left out.")
@with_appcontext
def rotate_data(practice: UUID | None) -> None:
    """Give practices a new data key and encrypt every value anew. Run it again if it was interrupted."""
    known = rotation.list_practices()
    if practice and practice not in known:
        raise click.ClickException("There is no such practice.")
    chosen = [practice] if practice else known
    for practice_id in chosen:
        is_new = rotation.announce_data_key(practice_id)
        click.echo(f"{practice_id}: {'new data key' if is_new else 'an unfinished rotation is taken up'}")
    _wait_until_known(chosen)
    left = sum(_finish(practice_id) for practice_id in chosen)
    if left:
        raise click.ClickException(f"{left} rows remain under old keys, which stay. See docs/keys.md.")
    click.echo("Nothing is sealed under an old data key any more.")


@rotate.command("master")
@click.option("--drop-old", is_flag=True, help="Remove the old master keys from the file when nothing needs them.")
@with_appcontext
def rotate_master(*, drop_old: bool) -> None:
    """Wrap every stored key under a new master key."""
    settings = current_app.config["SETTINGS"]
    newest = keyring.masters(at_once=True).ids()[0]
    if all(owner.master_ids <= {newest} for owner in list_keys()):
        if not announce(settings.field_key_file, settings.key_refresh_seconds):
            then = "\n     Then run this command again: it wraps every key anew."
            _tell_environment("FIELD_ENCRYPTION_KEYS", then, "when `flask keys status` says the old key wraps nothing")
            return
        newest = keyring.masters(at_once=True).ids()[0]
    wait_until_working(settings.field_key_file)
    _rewrap(newest)
    if drop_old:
        time.sleep(settings.key_refresh_seconds)  # a practice founded a moment ago may have been wrapped by the old key
        _rewrap(newest)
        drop_all_but_newest(settings.field_key_file)
        click.echo("The old master keys are gone from the file. Backups made before now need them: keep those apart.")


@rotate.command("token")
@click.option("--drop-old", is_flag=True, help="After a leak: old keys stop at once, everybody signs in again.")
@with_appcontext
def rotate_token(*, drop_old: bool) -> None:
    """Sign tokens with a new key; the old ones verify until the last token they signed has expired."""
    settings = current_app.config["SETTINGS"]
    file, lead = settings.jwt_key_file, 2 * settings.key_refresh_seconds
    if not (replace_all(file) if drop_old else announce(file, lead, SESSION_LIFETIME)):
        _tell_environment("JWT_SECRET_KEYS", "", f"after {_HOURS} hours (after a leak: at once)")
    elif drop_old:
        click.echo("There is one new key: every token made before now is refused.")
    else:
        click.echo(
            f"A new key verifies now and signs in {lead} s. Run this again after {_HOURS} hours: it drops the old."
        )


def _rewrap(newest: int) -> None:
    count = sum(rewrap_keys(owner.practice_id, newest) for owner in list_keys())
    click.echo(f"{count} keys wrapped anew under master key {newest:08x}.")


def _wait_until_known(practices: list[UUID]) -> None:
    click.echo("Waiting until every process knows the new keys …")
    time.sleep(max(0.0, rotation.seconds_until_known(practices)))
    settled = time.monotonic()
    while rotation.has_older_transactions(time.monotonic() - settled):
        time.sleep(0.2)


def _finish(practice_id: UUID) -> int:
    told_at = float("-inf")

    def tell(_practice: UUID, table: str, done: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at > _TOLD_EVERY:
            told_at = time.monotonic()
            click.echo(f"{practice_id}: {table}: {done} rows")

    for place in rotation.reencrypt(practice_id, tell):
        click.echo(f"{practice_id}: {place.table}.{place.column} of row {place.row} does not open", err=True)
    left = rotation.values_on_old_keys(practice_id)
    if left:
        return left
    dropped = rotation.drop_old_data_keys(practice_id)
    click.echo(f"{practice_id}: done, data keys dropped: {', '.join(map(str, dropped)) or 'none'}")
    return 0


def _tell_environment(name: str, then: str, when: str) -> None:
    key = new_key_text()
    click.echo(_ENVIRONMENT.format(name=name, key=key, then=then, when=when))
