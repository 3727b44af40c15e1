"""`flask keys`: what it tells, and what it changes."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from app.crypto.key_file import DatedKey, KeyFile
from app.crypto.keyring import keyring
from app.crypto.packet_signer import PacketKey, packet_signer
from app.crypto.packet_verify import FORMAT, HASHED, MANIFEST, PUBLIC_KEY, SIGNATURE, Tampered, packed, verify_packet
from app.domain.billing.packet import manifest_bytes
from app.services.keys.versions import list_keys, load_wrapped_keys, rewrap_keys
from config import Settings
from deploy.local_postgres import LocalPostgres
from tests.builders import a_patient, a_practice, a_user, in_house, signed_in


@pytest.fixture
def impatient(app: Flask, settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Key files of the test's own, and processes that look at them every second."""
    own = replace(settings, jwt_key_file=tmp_path / "token", field_key_file=tmp_path / "master", key_refresh_seconds=1)
    KeyFile(own.jwt_key_file).write([DatedKey(key) for key in settings.jwt_secret_keys])
    KeyFile(own.field_key_file).write([DatedKey(key) for key in settings.field_encryption_keys])
    app.config["SETTINGS"] = own
    keyring.configure(settings.field_encryption_keys, load_wrapped_keys, KeyFile(own.field_key_file, 0), fresh_for=0.1)
    yield own
    keyring.configure([*settings.field_encryption_keys, *_keys_in(own.field_key_file)], load_wrapped_keys)
    app.config["SETTINGS"] = settings
    with in_house():  # the suite's other tests know only the suite's own master key
        for owner in list_keys():
            rewrap_keys(owner.practice_id, keyring.masters().newest())


def _keys_in(path: Path) -> list[bytes]:
    return [key.key for key in KeyFile(path).read()]


def _run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["keys", *arguments])


def test_s61_rotating_data_moves_one_practice(app: Flask, impatient: Settings) -> None:
    """And says so."""
    practice_id = a_practice()
    done = _run(app, "rotate", "data", "--practice", str(practice_id))
    assert done.exit_code == 0, done.output
    assert "data keys dropped: 1" in done.output
    assert f"practice {practice_id}: data keys 2" in _run(app, "status").output


def test_rotating_data_of_no_practice_is_an_error(app: Flask, impatient: Settings) -> None:
    """A slip of the hand must not look like success."""
    done = _run(app, "rotate", "data", "--practice", "00000000-0000-0000-0000-000000000000")
    assert (done.exit_code, "no such practice" in done.output) == (1, True)


def test_s61_damage_keeps_the_old_key_and_fails_the_command(
    app: Flask, impatient: Settings, postgres: LocalPostgres
) -> None:
    """An operator has to look at it."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    postgres.query(f"UPDATE patients SET first_name_enc = last_name_enc WHERE id = '{patient.id}'")
    done = _run(app, "rotate", "data", "--practice", str(doctor.actor.practice_id))
    assert (done.exit_code, "1 rows remain under old keys" in done.output) == (1, True)
    assert f"patients.first_name_enc of row {patient.id} does not open" in done.output
    counted = f"SELECT count(*) FROM audit_events WHERE action = 'integrity_error' AND patient_id = '{patient.id}'"
    assert postgres.query(counted) == "1"


def test_s61_the_old_master_key_may_go_after_a_rotation(app: Flask, client: FlaskClient, impatient: Settings) -> None:
    """Every wrapped key of the installation is under the new one, and everything opens."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    old = _keys_in(impatient.field_key_file)
    done = _run(app, "rotate", "master", "--drop-old")
    assert done.exit_code == 0, done.output
    new = _keys_in(impatient.field_key_file)
    keyring.configure(new, load_wrapped_keys)
    assert (len(new), set(new) & set(old)) == (1, set())
    with in_house():
        assert {owner.master_ids for owner in list_keys()} == {frozenset(keyring.masters().ids())}
    assert client.get(f"/api/v1/patients/{patient.id}/", headers=signed_in(client, doctor)).status_code == 200


def test_a_packet_signed_before_a_rotation_verifies_after_it(app: Flask, impatient: Settings) -> None:
    """By the installation while it has the old key, by the published key always; the next packet has the new one."""
    old = packet_signer.current()
    packet = _signed(old)
    assert _run(app, "rotate", "master").exit_code == 0
    new = packet_signer.current()
    assert new.public_hex != old.public_hex
    assert verify_packet(packet, packet_signer.public_keys).key == old.public_hex
    assert _run(app, "rotate", "master", "--drop-old").exit_code == 0
    assert old.public_hex not in packet_signer.public_keys
    assert verify_packet(packet, [old.public_hex]).is_key_trusted
    with pytest.raises(Tampered, match=r"public_key.pem"):
        verify_packet(packet, packet_signer.public_keys)
    assert verify_packet(_signed(packet_signer.current()), packet_signer.public_keys).is_key_trusted


def _signed(key: PacketKey) -> bytes:
    files = dict.fromkeys(HASHED, b"content")
    manifest = manifest_bytes({"format": FORMAT, "public_key": key.public_hex}, files)
    return packed({**files, MANIFEST: manifest, SIGNATURE: key.sign(manifest), PUBLIC_KEY: key.public_pem})


def test_a_new_token_key_is_announced_at_the_head_of_the_file(app: Flask, impatient: Settings) -> None:
    """The old one stays, to verify what it signed; asking twice makes no third."""
    old = _keys_in(impatient.jwt_key_file)
    for _ in range(2):
        assert "verifies now" in _run(app, "rotate", "token").output
    first, *rest = KeyFile(impatient.jwt_key_file).read()
    assert first.works_from is not None
    assert [key.key for key in rest] == old


def test_after_a_leak_one_new_token_key_is_left(app: Flask, impatient: Settings) -> None:
    """Announced keys stood in the same file: they go too."""
    _run(app, "rotate", "token")
    held = _keys_in(impatient.jwt_key_file)
    assert "refused" in _run(app, "rotate", "token", "--drop-old").output
    (left,) = _keys_in(impatient.jwt_key_file)
    assert left not in held


@pytest.mark.parametrize("kind", ["token", "master"])
def test_keys_of_the_environment_are_changed_by_hand_in_three_steps(app: Flask, impatient: Settings, kind: str) -> None:
    """The present value is not printed."""
    app.config["SETTINGS"] = replace(impatient, jwt_key_file=None, field_key_file=None)
    output = _run(app, "rotate", kind).output
    assert "<the present value>," in output
    assert output.count("restart every process") == 3


def test_status_shows_no_key(app: Flask, impatient: Settings) -> None:
    """Operators paste it into tickets."""
    output = _run(app, "status").output
    secrets = [*impatient.jwt_key_file.read_text().split(), *impatient.field_key_file.read_text().split()]
    assert "master key" in output
    assert [secret for secret in secrets if secret in output] == []


def test_a_file_of_keys_is_read_at_the_start(settings: Settings, tmp_path: Path) -> None:
    """`file:` and a path, comments allowed."""
    path = tmp_path / "ring"
    KeyFile(path).write([DatedKey(os.urandom(32))])
    path.write_text(f"# ours\n{path.read_text()}")
    env = {"APP_ENV": "development", "VAR_DIR": str(tmp_path), "JWT_SECRET_KEYS": f"file:{path}"}
    read = Settings.from_environment(env)
    assert (list(read.jwt_secret_keys), read.jwt_key_file) == (_keys_in(path), path)
