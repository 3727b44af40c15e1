"""Signing evidence packets: an Ed25519 key of the installation's own, derived from its master keys (ADR 0029, 0034)."""

from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_PURPOSE = b"vantrexia evidence packets 1"
_SEED_BYTES = 32


class PacketKey:
    """A key that signs packets, derived from one master key."""

    def __init__(self, master: bytes) -> None:
        seed = HKDF(SHA256(), _SEED_BYTES, None, _PURPOSE).derive(master)
        self._private = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_hex(self) -> str:
        """The public key's raw bytes in hex."""
        return self._private.public_key().public_bytes_raw().hex()

    @property
    def public_pem(self) -> bytes:
        """The public key as PEM."""
        return self._private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, content: bytes) -> bytes:
        """Return the signature of bytes; Ed25519 gives the same one each time."""
        return self._private.sign(content)


class PacketSigner:
    """Knows the keys of all master keys; asks for those each time, so that a rotation needs no restart."""

    def __init__(self) -> None:
        self._masters: Callable[[], Sequence[bytes]] = tuple

    def configure(self, masters: Callable[[], Sequence[bytes]]) -> None:
        """Set the function that returns the master keys, the one that wraps now first."""
        self._masters = masters

    def current(self) -> PacketKey:
        """Return the key that signs now."""
        return PacketKey(self._masters()[0])

    @property
    def public_keys(self) -> list[str]:
        """The public keys in hex, the one that signs first."""
        return [PacketKey(one).public_hex for one in self._masters()]


packet_signer = PacketSigner()
