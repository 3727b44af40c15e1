"""Signing keys change while the service runs: first known everywhere, then used, then gone."""

import base64
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.crypto.key_file import DatedKey, KeyFile
from app.web import signing_keys
from app.web.signing_keys import KeyRing
from config import Settings
from tests.admin.visits import enter, token
from tests.builders import a_user, signed_in

OLD, NEW = os.urandom(32), os.urandom(32)


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    """A ring's file that is looked at every time."""
    return KeyFile(tmp_path / "keys", look_every=0)


@pytest.fixture
def ring(file: KeyFile) -> KeyRing:
    """A ring that has begun with the old key."""
    file.write([DatedKey(OLD)])
    ring = KeyRing()
    ring.configure([OLD], file)
    return ring


def test_an_announced_key_verifies_before_it_signs(ring: KeyRing, file: KeyFile) -> None:
    """So that no process meets a token that it cannot read."""
    fresh = KeyRing()
    fresh.configure([NEW])
    new_id = fresh.newest()[0]
    file.write([DatedKey(NEW, datetime.now(UTC) + timedelta(hours=1)), DatedKey(OLD)])
    assert ring.newest()[1] == OLD
    assert ring.find(new_id) == NEW


def test_an_unknown_id_is_reason_to_look_at_the_file_at_once(tmp_path: Path) -> None:
    """Between two looks another process may have begun to sign with a new key."""
    lazy = KeyFile(tmp_path / "keys")
    lazy.write([DatedKey(OLD)])
    ring, fresh = KeyRing(), KeyRing()
    ring.configure([OLD], lazy)
    fresh.configure([NEW])
    lazy.write([DatedKey(NEW), DatedKey(OLD)])
    assert ring.newest()[1] == OLD
    assert ring.find(fresh.newest()[0]) == NEW


def test_within_a_request_the_id_and_the_key_belong_together(app: Flask, ring: KeyRing, file: KeyFile) -> None:
    """Even when the newer key begins to work between asking for the one and the other."""
    with app.app_context():
        before = ring.newest()
        file.write([DatedKey(NEW), DatedKey(OLD)])
        assert ring.newest() == before


def test_forms_are_signed_with_a_derived_key(ring: KeyRing) -> None:
    """One key, one purpose: the signing key is not the cookie's, in no spelling."""
    (form_key,) = ring.form_keys()
    derived = base64.urlsafe_b64decode(form_key)
    assert len(derived) == 32
    assert derived != OLD


def test_the_console_and_the_api_stay_signed_in_over_a_rotation(
    client: FlaskClient, settings: Settings, tmp_path: Path
) -> None:
    """A page opened before it can still be sent after it."""
    doctor = a_user()
    console, headers = enter(client, doctor), signed_in(client, doctor)
    form = {"csrf_token": token(console, "/admin/patients")}
    signing_keys.ring.configure([NEW, *settings.jwt_secret_keys])
    try:
        assert console.get("/admin/patients").status_code == 200
        assert client.get("/api/v1/patients/", headers=headers).status_code == 200
        assert console.post("/admin/logout", data=form).status_code == 303
    finally:
        signing_keys.ring.configure(settings.jwt_secret_keys)
