"""What a database superuser can do to the trail, and what verifying says of it: in the database, and from an export."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.audit.seal import Signer
from app.audit.verify import Broken
from app.services.audit import chain, sealing
from app.services.audit.sealing import sealer
from tests.audit.conftest import Trail
from tests.builders import in_house

_OF_SEAL_2 = "xid::text::bigint >= (SELECT low_xid FROM audit_seals WHERE number = 2)"
_OF_SEAL_3 = "xid::text::bigint >= (SELECT low_xid FROM audit_seals WHERE number = 3)"
_BACK_DATED = (
    "INSERT INTO audit_events (at, xid, practice_id, action, resource_type, outcome)"
    " SELECT at, xid, practice_id, 'patient:read', 'patient', 'success' FROM audit_events ORDER BY xid LIMIT 1"
)


def _edit(trail: Trail) -> None:
    trail.superuser(f"UPDATE audit_events SET user_id = 99 WHERE user_id = 3 AND {_OF_SEAL_2}")


def _delete(trail: Trail) -> None:
    trail.superuser(f"DELETE FROM audit_events WHERE user_id = 4 AND {_OF_SEAL_2}")


def _back_date(trail: Trail) -> None:
    trail.superuser(_BACK_DATED)


def _delete_seal(number: int, trail: Trail) -> None:
    trail.superuser(f"DELETE FROM audit_seal_roots WHERE seal = {number}")
    trail.superuser(f"DELETE FROM audit_seals WHERE number = {number}")


def _delete_middle_seal(trail: Trail) -> None:
    _delete_seal(2, trail)


def _delete_last_seal(trail: Trail) -> None:
    _delete_seal(3, trail)


def _drop_tail(trail: Trail) -> None:
    trail.superuser(f"DELETE FROM audit_events WHERE {_OF_SEAL_3}")
    _delete_seal(3, trail)


def _recompute_all(trail: Trail) -> None:
    """Change an event of the second seal and make the whole chain anew, with a key of one's own."""
    _edit(trail)
    anchor = trail.anchor.read_bytes()
    trail.superuser("DELETE FROM audit_seal_roots")
    trail.superuser("DELETE FROM audit_seals")
    trail.anchor.unlink()
    sealer.signer = Signer(bytes(range(32)))
    for _ in range(3):
        trail.seal()
    trail.anchor.write_bytes(anchor)


def _move_between_practices(trail: Trail) -> None:
    trail.superuser(f"UPDATE audit_events SET practice_id = gen_random_uuid() WHERE user_id = 1 AND {_OF_SEAL_3}")


def _hide_in_another_generation(trail: Trail) -> None:
    trail.superuser(_BACK_DATED.replace("SELECT at, xid", "SELECT at, '3'::xid8"))


def _edit_a_seal(trail: Trail) -> None:
    trail.superuser("UPDATE audit_seals SET sealed_at = sealed_at - interval '1 day' WHERE number = 2")


def _edit_a_root(trail: Trail) -> None:
    trail.superuser("UPDATE audit_seal_roots SET root = repeat('0', 64) WHERE seal = 1 AND position = 1")


SEVEN = [
    (_edit, 2), (_delete, 2), (_back_date, 1), (_delete_middle_seal, 2), (_delete_last_seal, 3), (_drop_tail, 3),
    (_recompute_all, 1),
]  # fmt: skip
MORE = [(_move_between_practices, 3), (_hide_in_another_generation, 1), (_edit_a_seal, 2), (_edit_a_root, 1)]


@pytest.mark.parametrize(("tamper", "seal"), [*SEVEN, *MORE])
def test_s48_tampering_is_found_and_the_first_bad_seal_named(sealed: Trail, tamper, seal: int) -> None:
    """By `flask audit verify --anchor`."""
    tamper(sealed)
    with pytest.raises(Broken) as broken:
        sealed.verify()
    assert broken.value.seal == seal


@pytest.mark.parametrize(("tamper", "seal"), [*SEVEN, *MORE])
def test_s49_the_offline_verifier_says_the_same_of_an_export(sealed: Trail, tmp_path: Path, tamper, seal: int) -> None:
    """On another machine: the export, its module and the anchor, nothing of ours to import."""
    tamper(sealed)
    answer = _verify_elsewhere(sealed, tmp_path)
    assert (answer.returncode, answer.stdout.split(":")[0]) == (1, f"BROKEN seal {seal}")


def test_s49_an_untouched_export_verifies_elsewhere(sealed: Trail, tmp_path: Path) -> None:
    """With the counts and the head."""
    answer = _verify_elsewhere(sealed, tmp_path)
    assert (answer.returncode, answer.stdout[:26]) == (0, "OK 3 seals, 16 events; hea"), answer.stderr


def _verify_elsewhere(trail: Trail, tmp_path: Path) -> "subprocess.CompletedProcess[str]":
    elsewhere = tmp_path / "elsewhere"
    _export(trail, elsewhere)
    shutil.copy(trail.anchor, elsewhere / "anchor.jsonl")
    command = [sys.executable, "-I", "verify.py", ".", "--anchor", "anchor.jsonl"]
    return subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, check=False)


def _export(trail: Trail, directory: Path) -> None:
    with in_house():
        chain.export_trail(directory)


@pytest.mark.parametrize(
    ("change", "seal"),
    [
        (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], 1),
        (lambda lines: lines[:-1], 3),
        (lambda lines: [line.replace(b'"user_id":2', b'"user_id":7') for line in lines], 1),
        (lambda lines: [*lines, lines[-1]], 3),
        (lambda lines: [*lines[:-3]], 3),
        (lambda lines: [*lines[:3], b'"user_id"\n', *lines[3:]], 1),
    ],
    ids=["reordered", "shortened", "edited", "repeated", "last seal cut off", "noise"],
)
def test_n3_a_changed_export_is_found(sealed: Trail, tmp_path: Path, change, seal: int) -> None:
    """Reordering and cutting included."""
    _export(sealed, tmp_path / "export")
    trail = tmp_path / "export" / "trail.jsonl"
    trail.write_bytes(b"".join(change(trail.read_bytes().splitlines(keepends=True))))
    with pytest.raises(Broken) as broken:
        chain.verify.verify_file(trail, chain.verify.read_anchor(sealed.anchor))
    assert broken.value.seal == seal


def test_n3_a_later_checkpoint_proves_that_an_export_was_cut_off(sealed: Trail, tmp_path: Path) -> None:
    """Even when the manifest was cut to fit."""
    _export(sealed, tmp_path / "early")
    sealed.write()
    sealed.seal()
    with pytest.raises(Broken, match="seal 4: is anchored but missing"):
        chain.verify.verify_file(tmp_path / "early" / "trail.jsonl", chain.verify.read_anchor(sealed.anchor))


def test_without_an_anchor_the_verdict_says_what_is_not_proven(sealed: Trail) -> None:
    """A cut end cannot be seen then."""
    _drop_tail(sealed)
    assert sealed.verify(anchored=False).notes == ["Without an anchor neither the end nor the key is proven."]


def test_verifying_goes_on_while_events_are_written(sealed: Trail) -> None:
    """What is not sealed yet is told, not blamed."""
    sealed.write(2)
    assert sealed.verify().notes == ["2 events wait for their seal."]


def test_a_seal_signed_by_somebody_else_is_refused_even_when_never_anchored(sealed: Trail) -> None:
    """The keys that the anchor knows are the ones believed."""
    sealer.signer = Signer(bytes(range(32)))
    with sealer.connection() as connection:
        sealing.seal_next(connection, sealer.signer)
    with pytest.raises(Broken, match="seal 4: is signed with an unknown key"):
        sealed.verify()


def test_an_event_of_a_generation_that_never_was_is_found(sealed: Trail) -> None:
    """No seal covers it and none will: all events are counted."""
    sealed.superuser("INSERT INTO audit_events (action, resource_type, outcome, generation) VALUES ('a', 'b', 'c', 9)")
    with pytest.raises(Broken, match="1 events lie outside every seal"):
        sealed.verify()
