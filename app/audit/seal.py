"""Making seals: the sealer's key, a practice's way up to a seal's root, and the anchor that outlives the database."""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.audit.verify import MerkleTree, Roots, Seal, joined, root_leaf, seal_hash

_TAIL_BYTES = 4096  # more than any line of an anchor


class SealRefused(Exception):
    """Sealing now would hide something: the sentence says what an operator must look at."""


class Signer:
    """Signs seals with the key that only the sealer holds."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw().hex()

    def sign(self, said: dict[str, Any]) -> Seal:
        """Return the seal that says this."""
        seal = {**said, "key": self.public_key}
        seal["hash"] = seal_hash(seal)
        return {**seal, "signature": self._key.sign(bytes.fromhex(seal["hash"])).hex()}


def with_paths(roots: Roots) -> tuple[str, Roots]:
    """Return the root over practices' roots, and each of them with its position and its path up there."""
    levels = [[hashlib.sha256(b"\0" + root_leaf(root)).digest() for root in roots]]
    while len(levels[-1]) > 1:
        levels.append(_above(levels[-1]))
    top = levels[-1][0].hex() if roots else MerkleTree(()).root()
    return top, [{**root, "position": at, "path": _path(levels, at)} for at, root in enumerate(roots)]


def _above(level: Sequence[bytes]) -> list[bytes]:
    pairs = [joined(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs


def _path(levels: Sequence[Sequence[bytes]], at: int) -> list[str]:
    path = []
    for level in levels[:-1]:
        sibling = at ^ 1
        if sibling < len(level):
            path.append(level[sibling].hex())
        at //= 2
    return path


class Anchor:
    """A file of seals' hashes that is only ever appended to; it belongs where the database's keepers cannot write."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def last(self) -> dict[str, Any] | None:
        """Return the newest line; None when there is none yet."""
        if not self.path.exists():
            return None
        with self.path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            lines = file.read().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(b"\n")]
        last: dict[str, Any] | None = json.loads(whole[-1]) if whole else None
        return last

    def append(self, seals: Sequence[Seal]) -> None:
        """Write seals down and see that the disk has them; half a line of a killed writer is ended first."""
        if not seals:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps({name: seal[name] for name in ("number", "hash", "key", "sealed_at")}) for seal in seals]
        with self.path.open("ab+") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
            if file.read() not in {b"", b"\n"}:
                file.write(b"\n")
            file.write("".join(f"{line}\n" for line in lines).encode())
            file.flush()
            os.fsync(file.fileno())
