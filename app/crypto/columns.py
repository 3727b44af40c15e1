"""The descriptor through which a model's encrypted column is read and written as plain text.

`first_name = Encrypted("first_name_enc")` beside `first_name_enc: Mapped[bytes]`. The row's own id and practice must be
set first, because the value is bound to them. Decryption happens when the attribute is read, and only then.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Generic, Protocol, Self, TypeVar, overload
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.crypto import damage
from app.crypto.envelope import key_version, open_sealed, place, seal
from app.crypto.keyring import PracticeKeys, keyring
from app.domain.errors import IntegrityViolated

T = TypeVar("T")
_OPENED = "_opened_ahead"


class EncryptedRow(Protocol):
    """What a row must have for its values to be bound to it."""

    __tablename__: Any

    @property
    def encryption_row(self) -> object:
        """The row's immutable identity."""

    @property
    def encryption_practice(self) -> UUID:
        """The practice whose keys are used."""


class Encrypted(Generic[T]):
    """A value that is stored as an envelope in another attribute of the same row."""

    def __init__(
        self, column: str, encode: Callable[[T], str], decode: Callable[[str], T], unreadable: object = None
    ) -> None:
        self.column, self._encode, self._decode, self._unreadable = column, encode, decode, unreadable

    @overload
    def __get__(self, row: None, owner: type) -> Self: ...
    @overload
    def __get__(self, row: EncryptedRow, owner: type) -> T: ...
    def __get__(self, row: EncryptedRow | None, owner: type) -> Self | T:
        if row is None:
            return self
        opened = row.__dict__.get(_OPENED)
        if opened and (kept := opened.get(self.column)) and kept[0] is row.__dict__.get(self.column):
            return self._decode(kept[1])
        envelope: bytes | None = getattr(row, self.column)
        if envelope is None:
            return None  # type: ignore[return-value]  # an optional column is declared with T | None
        practice_id = row.encryption_practice
        where = place(row.__tablename__, self.column, row.encryption_row, practice_id)
        try:
            return self._decode(decrypt(practice_id, where, envelope).decode())
        except IntegrityViolated:
            if damage.is_tolerated():
                return self._unreadable  # type: ignore[return-value]  # a mark in the value's place
            raise

    def __set__(self, row: EncryptedRow, value: T) -> None:
        if getattr(row, self.column) is not None and self._holds(row, value):
            return  # the same plaintext would encrypt to other bytes and look like a change
        if value is None:
            setattr(row, self.column, None)
            return
        where = place(row.__tablename__, self.column, row.encryption_row, row.encryption_practice)
        setattr(row, self.column, encrypt(row.encryption_practice, where, self._encode(value).encode()))

    def _holds(self, row: EncryptedRow, value: T) -> bool:
        """Compare with what is stored; a damaged value equals nothing, so that writing anew repairs it."""
        try:
            return self.__get__(row, type(row)) == value
        except IntegrityViolated:
            return False


def encrypt(practice_id: UUID, where: bytes, plaintext: bytes) -> bytes:
    """Seal a value under the practice's newest data key."""
    keys = keyring.practice(practice_id)
    return seal(keys.data[keys.newest], keys.newest, where, plaintext)


def decrypt(practice_id: UUID, where: bytes, envelope: bytes) -> bytes:
    """Open a value of the practice; raises IntegrityViolated, and notes it, when it does not belong where it was."""
    try:
        version = key_version(envelope)
        keys = keyring.practice(practice_id, needs_version=version)
        return open_sealed(_key(keys, version), where, envelope)
    except IntegrityViolated:
        damage.note(where)
        raise


def decrypt_column(practice_id: UUID, table: str, column: str, cells: Iterable[tuple[object, bytes]]) -> list[str]:
    """Open one column of many rows, given as (row id, envelope); what is damaged is noted and comes as a mark."""
    before, after = f"{table}|{column}|".encode(), f"|{practice_id}".encode()
    keys = keyring.practice(practice_id)
    opened = []
    for row, envelope in cells:
        where = before + str(row).encode() + after
        try:
            version = key_version(envelope)
            if version not in keys.data:
                keys = keyring.practice(practice_id, needs_version=version)
            opened.append(open_sealed(_key(keys, version), where, envelope).decode())
        except IntegrityViolated:
            damage.note(where)
            opened.append(damage.UNREADABLE)
    return opened


def _key(keys: PracticeKeys, version: int) -> AESGCM:
    key = keys.data.get(version)
    if key is None:
        raise IntegrityViolated
    return key


def open_ahead(rows: Sequence[EncryptedRow], columns: Sequence[str]) -> None:
    """Open some encrypted columns of a page of rows at once, which costs less than one at a time when they are read.

    What was opened stays with the row, and counts only as long as the row holds the same bytes.
    """
    for row in rows:
        before, after = f"{row.__tablename__}|", f"|{row.encryption_row}|{row.encryption_practice}"
        keys, loaded = keyring.practice(row.encryption_practice).data, row.__dict__
        opened = loaded[_OPENED] = {}
        for column in columns:
            envelope = loaded.get(column)
            if envelope is None:
                continue
            try:
                where = f"{before}{column}{after}".encode()
                opened[column] = envelope, open_sealed(keys[key_version(envelope)], where, envelope).decode()
            except (IntegrityViolated, KeyError):  # noted, marked or refused when it is read; a new key is loaded then
                continue


def encrypted_text(column: str) -> Encrypted[str]:
    """A text that is always there."""
    return Encrypted(column, str, str, damage.UNREADABLE)


def optional_text(column: str) -> Encrypted[str | None]:
    """A text that may be absent."""
    return Encrypted(column, str, str, damage.UNREADABLE)


def encrypted_date(column: str) -> Encrypted[date]:
    """A calendar date."""
    return Encrypted(column, date.isoformat, date.fromisoformat)


def encrypted_json(column: str, mark: str) -> Encrypted[dict[str, Any] | None]:
    """A small JSON object; when it is damaged, its member `mark` says so."""
    return Encrypted(column, lambda value: json.dumps(value, sort_keys=True), json.loads, {mark: damage.UNREADABLE})


def encrypted_bytes(column: str) -> Encrypted[bytes]:
    """Bytes of any kind, such as a piece of a file."""
    return Encrypted(column, lambda value: value.decode("latin-1"), lambda text: text.encode("latin-1"))
