"""Changing a file of keys for the rotation commands."""

import base64
import itertools
import secrets
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from app.crypto.key_file import KEY_BYTES, DatedKey, KeyFile, KeyFileInvalid

_FOREVER = timedelta.max


def announce(path: Path | None, lead_seconds: int, keep_for: timedelta = _FOREVER) -> bool:
    """Put a new key at the head of the file, to be used after the lead; False when there is no file to write.

    Keys whose last work is longer ago than `keep_for` go. A key that is announced already makes another one needless.
    """
    if path is None or not KeyFile(path).is_writable():
        return False
    now, held = datetime.now(UTC), _read(path)
    if held[0].works(now):
        fresh = DatedKey(secrets.token_bytes(KEY_BYTES), now + timedelta(seconds=lead_seconds))
        KeyFile(path).write([fresh, *_still_needed(held, now, keep_for)])
    return True


def replace_all(path: Path | None) -> bool:
    """Put a new key in the place of all others; False when there is no file to write."""
    if path is None or not KeyFile(path).is_writable():
        return False
    KeyFile(path).write([DatedKey(secrets.token_bytes(KEY_BYTES))])
    return True


def wait_until_working(path: Path | None) -> None:
    """Wait until the newest key of the file may be used."""
    if path is None:
        return
    works_from = _read(path)[0].works_from
    if works_from is not None:
        time.sleep(max(0.0, (works_from - datetime.now(UTC)).total_seconds()))


def drop_all_but_newest(path: Path | None) -> None:
    """Leave only the newest key in the file."""
    if path is None or not KeyFile(path).is_writable():
        raise click.ClickException("Remove the old keys where they are set: there is no file this command may write.")
    KeyFile(path).write(_read(path)[:1])


def new_key_text() -> str:
    """Return a fresh key as it is written in a setting."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _still_needed(keys: list[DatedKey], now: datetime, keep_for: timedelta) -> list[DatedKey]:
    """Return the newest key, and each older one until its successor has worked for `keep_for`."""
    kept = keys[:1]
    for successor, key in itertools.pairwise(keys):
        if keep_for == _FOREVER or successor.works_from is None or now - successor.works_from < keep_for:
            kept.append(key)
    return kept


def _read(path: Path) -> list[DatedKey]:
    try:
        return KeyFile(path).read()
    except (OSError, KeyFileInvalid) as error:
        raise click.ClickException(f"{path} {error}") from error
