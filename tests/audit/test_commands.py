"""`flask audit …`, and what health says of sealing."""

import json
import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.services import health
from app.services.audit import sealing
from app.services.audit.sealing import sealer
from config import SettingError, Settings
from tests.audit.conftest import Trail
from tests.builders import a_user


def test_verify_ends_with_0_or_names_the_first_bad_seal_and_ends_with_1(app: Flask, sealed: Trail) -> None:
    """For scripts."""
    run = app.test_cli_runner()
    arguments = ["audit", "verify", "--anchor", str(sealed.anchor)]
    good = run.invoke(args=arguments)
    sealed.superuser("UPDATE audit_events SET outcome = 'refused' WHERE user_id = 5")
    bad = run.invoke(args=arguments)
    assert (good.exit_code, good.output[:12]) == (0, "OK 3 seals, ")
    assert (bad.exit_code, bad.output.split(":")[0]) == (1, "BROKEN seal 1")


def test_seal_says_when_it_cannot(app: Flask, trail: Trail) -> None:
    """Without the key."""
    sealer.signer = None
    answer = app.test_cli_runner().invoke(args=["audit", "seal"])
    assert (answer.exit_code, "Nothing was sealed" in answer.output) == (1, True)


def test_export_seals_first_and_writes_everything_a_verifier_needs(app: Flask, sealed: Trail, tmp_path) -> None:
    """Trail, manifest, program."""
    sealed.write()
    answer = app.test_cli_runner().invoke(args=["audit", "export", str(tmp_path / "out")])
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (answer.exit_code, manifest["head"]["number"], manifest["practice_id"]) == (0, 4, None)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["manifest.json", "trail.jsonl", "verify.py"]


def test_purge_of_what_is_too_young_is_refused(app: Flask, sealed: Trail) -> None:
    """S53, at the command line."""
    answer = app.test_cli_runner().invoke(args=["audit", "purge", "--yes", "--before", "2024-01-01"])
    assert (answer.exit_code, "kept for 7 years" in answer.output) == (1, True)


def test_s50_late_sealing_is_logged(
    trail: Trail, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """When a transaction stays open."""
    monkeypatch.setattr(sealing, "LATE_AFTER_SECONDS", -1)
    caplog.set_level(logging.ERROR, logger=sealing.__name__)
    monkeypatch.setattr(sealing._log, "handlers", [caplog.handler])
    with trail.application() as slow:
        trail.write_in(slow)
        trail.write()
        trail.seal()
    assert "wait for their seal" in caplog.text


def test_s50_late_sealing_degrades_health_and_the_service_stays_ready(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load balancer must not take it away for that."""
    a_user()
    monkeypatch.setattr(health, "LATE_AFTER_SECONDS", -1)
    parts = client.get("/health/").json["parts"]
    answer = client.get("/health/ready")
    assert (parts["audit"]["status"], answer.status_code, answer.json["status"]) == ("down", 200, "degraded")


def test_production_starts_without_the_signing_key_but_not_with_a_weak_one() -> None:
    """A web process needs none."""
    keys = dict.fromkeys(("JWT_SECRET_KEYS", "FIELD_ENCRYPTION_KEYS"), "wq8Zc1o0PZ3x5uVQm7yLkT2bN4rS6aEdFgHjKlMnOpQ=")
    production = {"APP_ENV": "production", "DATABASE_URL": "postgres://x@/y", **keys}
    assert Settings.from_environment(production).audit_signing_key is None
    with pytest.raises(SettingError, match="AUDIT_SIGNING_KEY"):
        Settings.from_environment({**production, "AUDIT_SIGNING_KEY": "c2hvcnQ="})
