"""Verifying an audit trail offline: this one file, Python's standard library and the package `cryptography`.

    python verify.py EXPORT_DIR_OR_FILE --anchor ANCHOR_FILE

An export is a file of lines, `trail.jsonl`. The first is the manifest, `{"manifest": {...}}`. Then come the seals,
`{"seal": {...}, "roots": [...]}`, each followed by the events it covers, one a line, hashed as it is.

event   JSON object of EVENT_FIELDS in that order, no spaces, only ASCII (else \\uXXXX); times in UTC with microseconds
leaf    SHA-256(0x00 || line); a node is SHA-256(0x01 || left || right): the Merkle tree of RFC 6962, 2.1
root    one tree over each practice's events, ordered by transaction and id; then one over the practices' ROOT_FIELDS
seal    SEAL_FIELDS as JSON with sorted keys; `hash` is its SHA-256, `signature` Ed25519 over the hash, both in hex;
        `previous` is the hash of the seal before, `key` the public key, the window [low_xid, high_xid) has no gaps
anchor  lines `{"number", "hash", "key", "sealed_at"}`, kept where nobody can write who can write the database
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

EVENT_FIELDS = (
    "at", "id", "xid", "generation", "practice_id", "user_id", "session_id", "action", "resource_type", "resource_id",
    "patient_id", "subject_ids", "outcome", "fields", "ip", "request_id", "reason", "break_glass_id",
)  # fmt: skip
SEAL_FIELDS = (
    "number", "kind", "generation", "low_xid", "high_xid", "sealed_at", "first_at", "last_at", "count", "practices",
    "root", "details", "key", "previous",
)  # fmt: skip
ROOT_FIELDS = ("practice_id", "count", "root", "previous")
_SEAL = b'{"seal":'
Seal = dict[str, Any]
Roots = list[dict[str, Any]]


class Broken(Exception):
    """The first seal that does not hold, and why."""

    def __init__(self, seal: int | None, why: str) -> None:
        super().__init__(f"seal {seal}: {why}" if seal is not None else why)
        self.seal, self.why = seal, why


class MerkleTree:
    """The root of a list of leaves that is seen once: it keeps one node for each height."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        self._nodes: list[tuple[int, bytes]] = []
        self.count = 0
        for leaf in leaves:
            self._add(leaf)

    def _add(self, leaf: bytes) -> None:
        height, node = 0, hashlib.sha256(b"\0" + leaf).digest()
        while self._nodes and self._nodes[-1][0] == height:
            node = joined(self._nodes.pop()[1], node)
            height += 1
        self._nodes.append((height, node))
        self.count += 1

    def root(self) -> str:
        """Return the root over all leaves so far, in hex."""
        node = self._nodes[-1][1] if self._nodes else hashlib.sha256(b"").digest()
        for _, left in reversed(self._nodes[:-1]):
            node = joined(left, node)
        return node.hex()


@dataclass
class Verdict:
    """What was verified up to which seal, and what a reader must know besides."""

    seals: int = 0
    events: int = 0
    head: Seal | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Trust:
    """What is believed without proof: anchored hashes by number, and public keys; both may be unknown."""

    anchor: dict[int, str] | None = None
    keys: frozenset[str] | None = None


class ChainCheck:
    """Checks the links of one chain in their order. In a practice's own export the links between are left out."""

    def __init__(self, trust: Trust, *, practice_id: str | None = None, purged: Sequence[Seal] = ()) -> None:
        self._trust, self._practice_id = trust, practice_id
        self._anchor = trust.anchor or {}
        self._before = max((seal["details"]["before"] for seal in purged), default="")
        self._remaining = purged[-1]["details"]["remaining"] if purged else {}
        self._last: Seal | None = None
        self.verdict = Verdict()

    def check(self, seal: Seal, roots: Roots, lines: Iterable[tuple[str | None, bytes]]) -> None:
        """Check the next seal with its practices' roots and events; raises Broken."""
        if self._practice_id is None:
            self._check_predecessor(seal, self._last)
        self._check_seal(seal)
        found = practice_roots(lines)
        check = self._check_events if self._practice_id is None else self._check_slice
        check(seal, roots, found)
        self._last = self.verdict.head = seal
        self.verdict.seals += 1
        self.verdict.events += sum(root["count"] for root in found)

    def finish(self, head: Seal | None = None) -> Verdict:
        """Say what was verified, once the last seal came; raises Broken when anchor or manifest know later ones."""
        last = self._last or {"number": 0, "hash": None}
        missing = [number for number in self._anchor if number > last["number"]]
        if missing and self._practice_id is None:
            raise Broken(min(missing), f"is anchored but missing: the trail was cut off after seal {last['number']}")
        if head and (head["number"], head["hash"]) != (last["number"], last["hash"]):
            raise Broken(head["number"], "is the head in the manifest but not at the end of the trail")
        if self._trust.anchor is None:
            self.verdict.notes.append("Without an anchor neither the end nor the key is proven.")
        return self.verdict

    def _check_predecessor(self, seal: Seal, last: Seal | None) -> None:
        number, expected = seal["number"], 1 if last is None else last["number"] + 1
        if seal["kind"] == "generation" and seal["details"].get("lost") == [expected, number - 1]:
            self.verdict.notes.append(f"Seals {expected} to {number - 1} were lost: {seal['details']['reason']}")
        elif number != expected:
            raise Broken(expected, "is missing" if number > expected else "comes twice")
        if seal["previous"] != (last["hash"] if last else None):
            raise Broken(number, "does not follow from the seal before it")
        if last and seal["generation"] == last["generation"] and seal["low_xid"] != last["high_xid"]:
            raise Broken(number, "does not begin where the seal before it ends")

    def _check_seal(self, seal: Seal) -> None:
        number = seal["number"]
        if seal_hash(seal) != seal["hash"]:
            raise Broken(number, "was altered: its hash does not fit")
        if self._anchor.get(number, seal["hash"]) != seal["hash"]:
            raise Broken(number, "is not the one that was anchored: it was made anew")
        if self._trust.keys is not None and seal["key"] not in self._trust.keys:
            raise Broken(number, "is signed with an unknown key")
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(seal["key"]))
            key.verify(bytes.fromhex(seal["signature"]), bytes.fromhex(seal["hash"]))
        except (InvalidSignature, ValueError) as error:
            raise Broken(number, "has a wrong signature") from error

    def _check_events(self, seal: Seal, roots: Roots, found: Roots) -> None:
        if (seal["practices"], seal["root"]) != (len(roots), MerkleTree(map(root_leaf, roots)).root()):
            raise Broken(seal["number"], "has practices' roots that were altered")
        if seal["first_at"] is not None and seal["first_at"][:10] < self._before:
            roots = self._remaining.get(str(seal["number"]), [])
        _compare(seal["number"], roots, found)

    def _check_slice(self, seal: Seal, roots: Roots, found: Roots) -> None:
        if [root["practice_id"] for root in roots] != [self._practice_id]:
            raise Broken(seal["number"], "has no root of this practice")
        (own,) = roots
        if self._last is None and own["previous"] is not None:
            self.verdict.notes.append(f"What seal {own['previous']} and those before it cover is not part of this.")
        elif self._last is not None and own["previous"] != self._last["number"]:
            raise Broken(own["previous"], f"is missing: seal {seal['number']} follows it")
        if climbed(own, seal["practices"]) != seal["root"]:
            raise Broken(seal["number"], "does not contain the practice's root")
        _compare(seal["number"], roots, found)


def verify_file(trail: Path, trust: Trust) -> Verdict:
    """Verify an exported trail; raises Broken with the first seal that does not hold."""
    with trail.open("rb") as file:
        tombstones = [json.loads(line)["seal"] for line in file if line.startswith(_SEAL) and b'"tombstone"' in line]
    with trail.open("rb") as file:
        manifest = json.loads(file.readline() or b"{}").get("manifest")
        if manifest is None:
            raise Broken(None, "This is no exported trail: the manifest is missing.")
        check = ChainCheck(trust, practice_id=manifest["practice_id"], purged=tombstones)
        _check_lines(check, file)
    return check.finish(manifest["head"])


def _check_lines(check: ChainCheck, lines: Iterable[bytes]) -> None:
    links = 0

    def link_of(line: bytes) -> int:
        nonlocal links
        links += line.startswith(_SEAL)
        return links

    for number, group in groupby(lines, key=link_of):
        if number == 0:
            raise Broken(None, "There are events before the first seal.")
        link = json.loads(next(group))
        check.check(link["seal"], link["roots"], _owned(link["seal"], group))  # noqa: B031 - the rest of it


def _owned(seal: Seal, lines: Iterable[bytes]) -> Iterator[tuple[str | None, bytes]]:
    """Yield each event with its practice; one of another window has no business in this seal."""
    low, high, generation = seal["low_xid"], seal["high_xid"], seal["generation"]
    for line in lines:
        try:
            event = json.loads(line)
            is_own, practice_id = low <= event["xid"] < high and event["generation"] == generation, event["practice_id"]
        except (ValueError, KeyError, TypeError) as error:
            raise Broken(seal["number"], "is followed by a line that is no event") from error
        if not is_own:
            raise Broken(seal["number"], "is followed by an event of another seal")
        yield practice_id, line.rstrip(b"\n")


def event_line(values: Sequence[Any]) -> bytes:
    """Return the line of an event whose fields are given in the order of EVENT_FIELDS."""
    return json.dumps(dict(zip(EVENT_FIELDS, values, strict=True)), separators=(",", ":")).encode()


def seal_hash(seal: Seal) -> str:
    """Return the hash of what a seal says."""
    said = {name: seal[name] for name in SEAL_FIELDS}
    return hashlib.sha256(json.dumps(said, separators=(",", ":"), sort_keys=True).encode()).hexdigest()


def root_leaf(root: dict[str, Any]) -> bytes:
    """Return a practice's root as a leaf of the seal's tree."""
    return json.dumps({name: root[name] for name in ROOT_FIELDS}, separators=(",", ":")).encode()


def practice_roots(lines: Iterable[tuple[str | None, bytes]]) -> Roots:
    """Return count and root of each practice's events, which come practice by practice."""
    roots = []
    for practice_id, own in groupby(lines, key=lambda line: line[0]):
        tree = MerkleTree(line for _, line in own)
        roots.append({"practice_id": practice_id, "count": tree.count, "root": tree.root(), "previous": None})
    return roots


def climbed(root: dict[str, Any], size: int) -> str:
    """Return the seal's root as reached from a practice's by its path: RFC 6962, 2.1.1."""
    node, at, last = hashlib.sha256(b"\0" + root_leaf(root)).digest(), root["position"], size - 1
    path = iter(bytes.fromhex(step) for step in root["path"])
    while last > 0:
        if at % 2 or at < last:
            sibling = next(path, b"")
            node = joined(sibling, node) if at % 2 else joined(node, sibling)
        at, last = at // 2, last // 2
    return node.hex()


def joined(left: bytes, right: bytes) -> bytes:
    """Return the node over two nodes."""
    return hashlib.sha256(b"\1" + left + right).digest()


def _compare(number: int, sealed: Roots, found: Roots) -> None:
    kept, real = ([(r["practice_id"], r["count"], r["root"]) for r in roots if r["count"]] for roots in (sealed, found))
    if kept != real:
        was, is_now = (sum(one[1] for one in roots) for roots in (kept, real))
        how = "altered or moved" if was == is_now else "removed" if was > is_now else "added"
        raise Broken(number, f"covers {was} events and {is_now} are there: some were {how}")


def read_anchor(path: Path) -> Trust:
    """Read an anchor file; raises Broken when it contradicts itself."""
    links = [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]
    anchor = {link["number"]: link["hash"] for link in reversed(links)}
    for link in links:
        if anchor[link["number"]] != link["hash"]:
            raise Broken(link["number"], "is anchored twice, differently")
    return Trust(anchor, frozenset(link["key"] for link in links))


def report(verdict: Verdict) -> str:
    """Return a verdict in words."""
    head = f"{verdict.head['number']} {verdict.head['hash']}" if verdict.head else "none"
    notes = "".join(f"Note: {note}\n" for note in verdict.notes)
    return f"{notes}OK {verdict.seals} seals, {verdict.events} events; head {head}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify from the command line; 0 when everything holds, 1 when something does not."""
    parser = argparse.ArgumentParser(description="Verify an exported audit trail, offline.")
    parser.add_argument("export", type=Path, help="the directory of an export, or its trail.jsonl")
    parser.add_argument("--anchor", type=Path, help="the anchor file, from where the database's keepers cannot write")
    given = parser.parse_args(arguments)
    trail = given.export / "trail.jsonl" if given.export.is_dir() else given.export
    try:
        sys.stdout.write(report(verify_file(trail, read_anchor(given.anchor) if given.anchor else Trust())))
    except Broken as broken:
        sys.stdout.write(f"BROKEN {broken}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
