"""One encrypted value: `version(1) key_version(4) nonce(12) ciphertext+tag(16)`, AES-256-GCM, bound to its place.

The place (table, column, row, practice) is authenticated but not stored: a value copied elsewhere does not open.
"""

import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.domain.errors import IntegrityViolated

FORMAT = 1
_NONCE = 12
_HEADER = 5


def place(table: str, column: str, row: object, practice_id: UUID | None) -> bytes:
    """Return the associated data that ties a value to where it is stored."""
    return f"{table}|{column}|{row}|{practice_id}".encode()


def seal(key: AESGCM, key_version: int, where: bytes, plaintext: bytes) -> bytes:
    """Return the envelope of `plaintext` under a fresh 96-bit nonce."""
    nonce = os.urandom(_NONCE)
    return bytes((FORMAT,)) + key_version.to_bytes(4) + nonce + key.encrypt(nonce, plaintext, where)


def key_version(envelope: bytes) -> int:
    """Return which key an envelope was sealed with; raises IntegrityViolated on a foreign format."""
    if len(envelope) < _HEADER + _NONCE or envelope[0] != FORMAT:
        raise IntegrityViolated
    return int.from_bytes(envelope[1:_HEADER])


def open_sealed(key: AESGCM, where: bytes, envelope: bytes) -> bytes:
    """Return the plaintext; raises IntegrityViolated when the value was altered or belongs elsewhere."""
    nonce, body = envelope[_HEADER : _HEADER + _NONCE], envelope[_HEADER + _NONCE :]
    try:
        return key.decrypt(nonce, body, where)
    except InvalidTag as error:
        raise IntegrityViolated from error
