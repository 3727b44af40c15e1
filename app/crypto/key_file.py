"""A file of keys that is read again when it changes: `key [from=TIME]` a line, newest first, `#` begins a comment.

A key with a time verifies and unwraps at once, but signs and wraps only from then on: by that time every process that
reads the file knows it.
"""

import base64
import binascii
import hashlib
import logging
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

KEY_BYTES = 32
_LOOK_EVERY = 5.0  # seconds, at most: until a process looks whether the file has changed
_FROM = "from="
_log = logging.getLogger(__name__)


class KeyFileInvalid(ValueError):
    """The file holds something else than keys; the message never shows what."""


@dataclass(frozen=True, slots=True)
class DatedKey:
    """A key and, if it was announced before its use, from when on it is used for new work."""

    key: bytes
    works_from: datetime | None = None

    def works(self, now: datetime) -> bool:
        """Say whether new tokens or wrappings may be made with it."""
        return self.works_from is None or self.works_from <= now


def newest_working(keys: Iterable[DatedKey], now: datetime) -> DatedKey:
    """Return the first key that works, or the last when all are announced only."""
    ring = list(keys)
    return next((key for key in ring if key.works(now)), ring[-1])


def fingerprint(key: bytes) -> str:
    """Return the name under which operators speak of a key; it tells nothing about the key."""
    return hashlib.sha256(b"vantrexia fingerprint" + key).hexdigest()[:12]


class KeyFile:
    """One file of keys on disk."""

    def __init__(self, path: Path, look_every: float = _LOOK_EVERY) -> None:
        self.path = path
        self._every = min(look_every, _LOOK_EVERY)
        self._seen: tuple[int, int, int] | None = None
        self._looked_at = float("-inf")

    def is_writable(self) -> bool:
        """Say whether this process may replace the file."""
        return os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK)

    def read(self) -> list[DatedKey]:
        """Return the keys, newest first; raises KeyFileInvalid or OSError."""
        lines = (line.partition("#")[0].split() for line in self.path.read_text().splitlines())
        keys = [_parse(*words) for words in lines if words]
        if not keys:
            raise KeyFileInvalid("holds no key")
        return keys

    def news(self, *, at_once: bool = False) -> list[DatedKey] | None:
        """Return the keys if the file has changed since the last look; a file that cannot be read is no news."""
        if not at_once and time.monotonic() - self._looked_at < self._every:
            return None
        self._looked_at = time.monotonic()
        try:
            stat = self.path.stat()
            state = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if state == self._seen:
                return None
            self._seen = state
            return self.read()
        except (OSError, KeyFileInvalid) as error:
            _log.error("key file %s cannot be read, the keys in use stay: %s", self.path.name, type(error).__name__)
            return None

    def write(self, keys: Iterable[DatedKey]) -> None:
        """Replace the file in one step: a reader sees the old keys or the new ones, never half of them."""
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        with draft.open("w") as file:
            file.write("".join(f"{_line(key)}\n" for key in keys))
            file.flush()
            os.fsync(file.fileno())
        if self.path.exists():
            owner = self.path.stat()
            os.chown(draft, owner.st_uid, owner.st_gid)
            draft.chmod(owner.st_mode & 0o777)
        draft.replace(self.path)


def _parse(text: str, *more: str) -> DatedKey:
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
        from_text = more[0].removeprefix(_FROM) if more else None
        works_from = datetime.fromisoformat(from_text) if from_text else None
    except (binascii.Error, ValueError) as error:
        raise KeyFileInvalid("holds a line that is no key") from error
    if len(key) < KEY_BYTES or (works_from and works_from.tzinfo is None):
        raise KeyFileInvalid("holds a weak key or a time without zone")
    return DatedKey(key, works_from)


def _line(key: DatedKey) -> str:
    text = base64.urlsafe_b64encode(key.key).decode()
    return text if key.works_from is None else f"{text} {_FROM}{key.works_from.astimezone(UTC).isoformat()}"
