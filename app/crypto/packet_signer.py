"""Signing evidence packets: an Ed25519 key of the installation's own, derived from its master keys (ADR 0029)."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_PURPOSE = b"vantrexia evidence packets 1"
_SEED_BYTES = 32


class PacketSigner:
    """Signs with the key of the newest master key; knows those of the older ones."""

    def __init__(self) -> None:
        self._keys: list[Ed25519PrivateKey] = []

    def configure(self, master_keys: Sequence[bytes]) -> None:
        """Take the master keys, newest first."""
        self._keys = [Ed25519PrivateKey.from_private_bytes(_seed(one)) for one in master_keys]

    @property
    def public_keys(self) -> list[str]:
        """The public keys in hex, the one that signs first."""
        return [key.public_key().public_bytes_raw().hex() for key in self._keys]

    @property
    def public_pem(self) -> bytes:
        """The public key that signs, as PEM."""
        return self._keys[0].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, content: bytes) -> bytes:
        """Return the signature of bytes; Ed25519 gives the same one each time."""
        return self._keys[0].sign(content)


def _seed(master: bytes) -> bytes:
    return HKDF(SHA256(), _SEED_BYTES, None, _PURPOSE).derive(master)


packet_signer = PacketSigner()
