"""The keys in use: master keys wrap a data key and an index key per practice; unwrapped keys live in memory only."""

import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.crypto.envelope import key_version, open_sealed, place, seal
from app.crypto.key_file import KEY_BYTES, DatedKey, KeyFile, newest_working
from app.domain.errors import IntegrityViolated, Unavailable

_FRESH_FOR = 60.0  # seconds until a process looks for a newer data key; KEY_REFRESH_SECONDS


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key as the database holds it: sealed under a master key."""

    purpose: str
    version: int
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class PracticeKeys:
    """A practice's unwrapped keys: data keys by version, the newest of them, and the index key."""

    data: dict[int, AESGCM]
    newest: int
    index: bytes
    loaded_at: float


_log = logging.getLogger(__name__)
KeyLoader = Callable[[UUID | None], Iterable[WrappedKey]]


class MasterKeys:
    """The keys of `FIELD_ENCRYPTION_KEYS`, newest first: the first that works wraps, any unwraps."""

    def __init__(self, keys: Iterable[bytes | DatedKey]) -> None:
        self._dated = [key if isinstance(key, DatedKey) else DatedKey(key) for key in keys]
        self._keys = {_fingerprint(key.key): AESGCM(key.key) for key in self._dated}

    def wrap(self, key: bytes, where: bytes) -> bytes:
        """Seal a key under the newest working master key."""
        newest = self.newest()
        return seal(self._keys[newest], newest, where, key)

    def unwrap(self, wrapped: bytes, where: bytes) -> bytes:
        """Open a wrapped key; raises Unavailable when its master key is missing, IntegrityViolated when damaged."""
        master = self._keys.get(key_version(wrapped))
        if master is None:  # the operator's to mend, by bringing the key back: nothing that is stored is damaged
            _log.error("master key %08x wraps stored keys and is not among FIELD_ENCRYPTION_KEYS", key_version(wrapped))
            raise Unavailable
        return open_sealed(master, where, wrapped)

    def newest(self) -> int:
        """Return the id of the key that wraps now."""
        return _fingerprint(newest_working(self._dated, datetime.now(UTC)).key)

    def in_use(self) -> list[bytes]:
        """Return all keys, the one that wraps now first."""
        newest = newest_working(self._dated, datetime.now(UTC))
        return [newest.key, *(one.key for one in self._dated if one is not newest)]

    def ids(self) -> list[int]:
        """Return the ids of all keys, newest first."""
        return list(self._keys)


class Keyring:
    """Unwraps a practice's keys once and keeps them for a minute."""

    def __init__(self) -> None:
        self._lock, self._file_lock = threading.Lock(), threading.Lock()
        self._practices: dict[UUID | None, PracticeKeys] = {}
        self._master: MasterKeys | None = None
        self._load: KeyLoader | None = None
        self._file: KeyFile | None = None
        self.fresh_for = _FRESH_FOR

    def configure(
        self,
        master_keys: Iterable[bytes],
        load: KeyLoader,
        file: KeyFile | None = None,
        *,
        fresh_for: float = _FRESH_FOR,
    ) -> None:
        """Set the master keys, their file and the function that reads a practice's wrapped keys; forget the cache."""
        self._master, self._load, self._file, self.fresh_for = MasterKeys(master_keys), load, file, fresh_for
        self._practices = {}

    def new_keys(self, practice_id: UUID | None) -> list[WrappedKey]:
        """Return fresh wrapped keys (`data`, `index`) for a practice, or for the system when it is None."""
        return [self.new_key(practice_id, purpose, 1) for purpose in ("data", "index")]

    def new_key(self, practice_id: UUID | None, purpose: str, version: int) -> WrappedKey:
        """Return one fresh wrapped key."""
        where = _key_place(purpose, version, practice_id)
        return WrappedKey(purpose, version, self.masters().wrap(os.urandom(KEY_BYTES), where))

    def rewrap(self, practice_id: UUID | None, key: WrappedKey) -> WrappedKey:
        """Return the same key under the newest master key."""
        where = _key_place(key.purpose, key.version, practice_id)
        return WrappedKey(key.purpose, key.version, self.masters().wrap(self._unwrap(key.wrapped, where), where))

    def forget(self, practice_id: UUID | None) -> None:
        """Read the practice's keys again at the next need."""
        with self._lock:
            self._practices.pop(practice_id, None)

    def practice(self, practice_id: UUID | None, *, needs_version: int | None = None) -> PracticeKeys:
        """Return the practice's keys, read again when stale or when a version is asked for that is not known."""
        keys = self._practices.get(practice_id)
        is_stale = keys is None or time.monotonic() - keys.loaded_at > self.fresh_for
        if keys is None or is_stale or (needs_version is not None and needs_version not in keys.data):
            keys = self._read(practice_id)
        return keys

    def _read(self, practice_id: UUID | None) -> PracticeKeys:
        if self._load is None:
            raise IntegrityViolated("The key ring has not been set up.")
        asked_at = time.monotonic()  # before asking: a slow answer must not prolong the minute
        opened = {
            (row.purpose, row.version): self._unwrap(row.wrapped, _key_place(row.purpose, row.version, practice_id))
            for row in self._load(practice_id)
        }
        data = {version: AESGCM(key) for (purpose, version), key in opened.items() if purpose == "data"}
        if not data:
            raise IntegrityViolated("The practice has no data key.")
        keys = PracticeKeys(data, max(data), opened["index", 1], asked_at)
        with self._lock:
            self._practices[practice_id] = keys
        return keys

    def masters(self, *, at_once: bool = False) -> MasterKeys:
        """Return the master keys, from their file if it has changed."""
        if self._file is not None:
            with self._file_lock:  # who comes second must find the news taken in, not only read
                news = self._file.news(at_once=at_once)
                if news and all(len(key.key) == KEY_BYTES for key in news):
                    self._master = MasterKeys(news)
        if self._master is None:
            raise IntegrityViolated("The key ring has not been set up.")
        return self._master

    def _unwrap(self, wrapped: bytes, where: bytes) -> bytes:
        masters = self.masters()
        if key_version(wrapped) not in masters.ids():
            masters = self.masters(at_once=True)
        return masters.unwrap(wrapped, where)


def _fingerprint(key: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"vantrexia master key" + key).digest()[:4])


def _key_place(purpose: str, version: int, practice_id: UUID | None) -> bytes:
    return place("practice_keys", purpose, version, practice_id)


keyring = Keyring()
