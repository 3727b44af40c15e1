"""Verifying an evidence packet offline: this one file, Python's standard library and the package `cryptography`.

    python packet_verify.py PACKET.zip [--key HEX]

A packet is a ZIP without compression of exactly FILES, in that order, with fixed times and rights, so that there is one
packet of one content, byte by byte. `manifest.json` names the SHA-256 of `readings.csv` and `summary.pdf` and the
public key; `signature.bin` is Ed25519 over the bytes of the manifest; `public_key.pem` is the key, whose raw bytes in
hex are
what `--key` compares. Without `--key` the packet proves that nothing was changed since somebody signed it, not who.
"""

import argparse
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

MANIFEST, SIGNATURE, PUBLIC_KEY = "manifest.json", "signature.bin", "public_key.pem"
HASHED = ("readings.csv", "summary.pdf")
FILES = (MANIFEST, *HASHED, SIGNATURE, PUBLIC_KEY)
FORMAT = "vantrexia-evidence/1"
_EPOCH, _RIGHTS, _UNIX = (1980, 1, 1, 0, 0, 0), 0o644 << 16, 3
_UNREADABLE = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError, KeyError)


class Tampered(Exception):
    """The first file that does not hold, and why; `packet` is what holds the files together."""

    def __init__(self, file: str, why: str) -> None:
        super().__init__(f"{file}: {why}")
        self.file, self.why = file, why


@dataclass(frozen=True)
class Verdict:
    """What was verified: the manifest, and by which key it is signed."""

    manifest: dict[str, Any]
    key: str
    is_key_trusted: bool


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return the one ZIP there is of these files."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in FILES:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system, info.external_attr = _UNIX, _RIGHTS
            archive.writestr(info, files[name])
    return target.getvalue()


def verify_packet(content: bytes, trusted_keys: Sequence[str] = ()) -> Verdict:
    """Verify a packet; raises Tampered with the first file that does not hold."""
    files = _read(content)
    key = _key(files[PUBLIC_KEY])
    raw = key.public_bytes_raw().hex()
    if trusted_keys and raw not in trusted_keys:
        raise Tampered(PUBLIC_KEY, "is not the key that was to be expected")
    manifest = _manifest(files, key)
    if manifest.get("public_key") != raw:
        raise Tampered(PUBLIC_KEY, "is not the key that the manifest names")
    for name in HASHED:
        if hashlib.sha256(files[name]).hexdigest() != manifest["files"].get(name):
            raise Tampered(name, "was altered: its hash is not the one in the manifest")
    _refuse_other_bytes(content, packed(files))
    return Verdict(manifest, raw, bool(trusted_keys))


def _read(content: bytes) -> dict[str, bytes]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        names = archive.namelist()
    except _UNREADABLE as error:
        raise Tampered("packet", "is no readable ZIP: its directory was altered") from error
    for expected, name in zip(FILES, names, strict=False):
        if name != expected:
            raise Tampered(expected, "is not where it belongs")
    if len(names) != len(FILES):
        raise Tampered("packet", f"holds {len(names)} files instead of {len(FILES)}")
    return {name: _content(archive, name) for name in FILES}


def _content(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except _UNREADABLE as error:
        raise Tampered(name, "was altered: its checksum does not fit") from error


def _key(pem: bytes) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem)
    except ValueError as error:
        raise Tampered(PUBLIC_KEY, "is no public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise Tampered(PUBLIC_KEY, "is no Ed25519 key")
    return key


def _manifest(files: Mapping[str, bytes], key: Ed25519PublicKey) -> dict[str, Any]:
    try:
        key.verify(files[SIGNATURE], files[MANIFEST])
    except InvalidSignature as error:
        raise Tampered(MANIFEST, "was altered, or its signature: the two do not fit") from error
    manifest: dict[str, Any] = json.loads(files[MANIFEST])
    if manifest.get("format") != FORMAT:
        raise Tampered(MANIFEST, f"is not of the format {FORMAT}")
    return manifest


def _refuse_other_bytes(content: bytes, expected: bytes) -> None:
    """Refuse what the ZIP's own fields say differently: times, rights, comments, bytes behind the end."""
    if content == expected:
        return
    pairs = enumerate(zip(content, expected, strict=False))
    at = next((place for place, (one, other) in pairs if one != other), min(len(content), len(expected)))
    raise Tampered(_file_at(expected, at), f"has a field of the ZIP that was altered, at byte {at}")


def _file_at(expected: bytes, at: int) -> str:
    infos = zipfile.ZipFile(io.BytesIO(expected)).infolist()
    before = [info.filename for info in infos if info.header_offset <= at]
    last = infos[-1]
    end = last.header_offset + 30 + len(last.filename) + last.file_size  # 30: a local header without its name
    return before[-1] if at < end else "packet"


def report(verdict: Verdict) -> str:
    """Return a verdict in words."""
    line = verdict.manifest["line"]
    trust = "" if verdict.is_key_trusted else "Note: without --key it is not proven who signed.\n"
    return f"{trust}OK {line['cpt_code']} of {line['service_date']}, line {line['entry_id']}; key {verdict.key}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify from the command line; 0 when everything holds, 1 when something does not."""
    parser = argparse.ArgumentParser(description="Verify an evidence packet, offline.")
    parser.add_argument("packet", type=Path)
    parser.add_argument("--key", action="append", default=[], help="a public key that is trusted, in hex")
    given = parser.parse_args(arguments)
    try:
        sys.stdout.write(report(verify_packet(given.packet.read_bytes(), given.key)))
    except Tampered as tampered:
        sys.stdout.write(f"BROKEN {tampered}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
