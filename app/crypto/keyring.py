"""The keys in use: master keys wrap a data key and an index key per practice; unwrapped keys live in memory only."""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.crypto.envelope import open_sealed, place, seal
from app.domain.errors import IntegrityViolated

KEY_BYTES = 32
_FRESH_FOR = 60.0  # seconds until a process looks for a newer data key


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


KeyLoader = Callable[[UUID | None], Iterable[WrappedKey]]


class MasterKeys:
    """The keys of `FIELD_ENCRYPTION_KEYS`, newest first: the first wraps, any unwraps."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        self._keys = {_fingerprint(key): AESGCM(key) for key in keys}
        self._newest = next(iter(self._keys))

    def wrap(self, key: bytes, where: bytes) -> bytes:
        """Seal a key under the newest master key."""
        return seal(self._keys[self._newest], self._newest, where, key)

    def unwrap(self, wrapped: bytes, where: bytes) -> bytes:
        """Open a wrapped key; raises IntegrityViolated when no master key fits."""
        master = self._keys.get(int.from_bytes(wrapped[1:5]))
        if master is None:
            raise IntegrityViolated("No master key opens this practice's keys.")
        return open_sealed(master, where, wrapped)


class Keyring:
    """Unwraps a practice's keys once and keeps them for a minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._practices: dict[UUID | None, PracticeKeys] = {}
        self._master: MasterKeys | None = None
        self._load: KeyLoader | None = None

    def configure(self, master_keys: Iterable[bytes], load: KeyLoader) -> None:
        """Set the master keys and the function that reads a practice's wrapped keys; forget what was cached."""
        self._master, self._load = MasterKeys(master_keys), load
        self._practices = {}

    def new_keys(self, practice_id: UUID | None) -> list[WrappedKey]:
        """Return fresh wrapped keys (`data`, `index`) for a practice, or for the system when it is None."""
        return [
            WrappedKey(purpose, 1, self._masters().wrap(os.urandom(KEY_BYTES), _key_place(purpose, 1, practice_id)))
            for purpose in ("data", "index")
        ]

    def practice(self, practice_id: UUID | None, *, needs_version: int | None = None) -> PracticeKeys:
        """Return the practice's keys, read again when stale or when a version is asked for that is not known."""
        keys = self._practices.get(practice_id)
        is_stale = keys is None or time.monotonic() - keys.loaded_at > _FRESH_FOR
        if keys is None or is_stale or (needs_version is not None and needs_version not in keys.data):
            keys = self._read(practice_id)
        return keys

    def _read(self, practice_id: UUID | None) -> PracticeKeys:
        if self._load is None:
            raise IntegrityViolated("The key ring has not been set up.")
        opened = {
            (row.purpose, row.version): self._masters().unwrap(
                row.wrapped, _key_place(row.purpose, row.version, practice_id)
            )
            for row in self._load(practice_id)
        }
        data = {version: AESGCM(key) for (purpose, version), key in opened.items() if purpose == "data"}
        if not data:
            raise IntegrityViolated("The practice has no data key.")
        keys = PracticeKeys(data, max(data), opened["index", 1], time.monotonic())
        with self._lock:
            self._practices[practice_id] = keys
        return keys

    def _masters(self) -> MasterKeys:
        if self._master is None:
            raise IntegrityViolated("The key ring has not been set up.")
        return self._master


def _fingerprint(key: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"vantrexia master key" + key).digest()[:4])


def _key_place(purpose: str, version: int, practice_id: UUID | None) -> bytes:
    return place("practice_keys", purpose, version, practice_id)


keyring = Keyring()
