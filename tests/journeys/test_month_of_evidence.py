"""The story of a month: from the first reading to the lines it earns, and to the proof that stands on its own."""

import hashlib
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app.crypto import packet_verify
from app.domain.roles import Role
from tests.billing import Monitored, closed_period, days_from, monitored
from tests.builders import a_body, a_user, signed_in
from tests.inbox import a_gateway, an_event, deliver
from tests.jobs import work

BILLING = "/api/v1/billing/"
_LAST = 16


def test_a_month_from_the_first_reading_to_entries_and_evidence(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    """16 days by webhook, one reading typed in, a call of 21 minutes; two lines, and two packets that verify alone."""
    of = monitored(closed_period())
    sent = _a_webhook_each_day(client, of)
    provider, biller = signed_in(client, of.provider), signed_in(client, of.biller)
    _a_reading_typed_in(client, of, provider)
    _a_call(client, of, provider)
    assert client.post(f"{BILLING}generate/", headers=biller).json["entered"] == 2
    entries = client.get(f"{BILLING}entries/", headers=biller).json["results"]
    assert {(one["cpt_code"], one["status"], one["auto_generated"]) for one in entries} == {
        ("99454", "pending", True), ("99457", "pending", True),
    }  # fmt: skip
    trusted = app.test_cli_runner().invoke(args=["billing", "keys"]).output.split()[0]
    proved = {one["cpt_code"]: _packet(client, one["id"], biller, tmp_path, trusted) for one in entries}
    assert [day["message_sha256"] for day in proved["99454"]["days"]] == [
        hashlib.sha256(one).hexdigest() for one in sent
    ]
    assert [one["excluded_because"] for one in proved["99454"]["excluded"]] == ["manual"]
    assert proved["99454"]["excluded"][0]["message_sha256"] is None
    assert [one["seconds"] for one in proved["99457"]["time_entries"]] == [1260.0]


def _a_webhook_each_day(client: FlaskClient, of: Monitored) -> list[bytes]:
    gateway, sent = a_gateway(a_user(of.provider.actor.practice_id, Role.ADMIN)), []
    for day in days_from(of.starts_on, _LAST):
        sent.append(an_event(of.serial, at=datetime.combine(day, time(15), UTC)))
        assert deliver(client, gateway, sent[-1]).status_code == 200
    work()
    return sent


def _a_reading_typed_in(client: FlaskClient, of: Monitored, headers: dict[str, str]) -> None:
    at = datetime.combine(of.starts_on + timedelta(days=_LAST), time(15), UTC)
    body = a_body(of.patient_id, measured_at=at.isoformat())
    answer = client.post("/api/v1/ingestion/blood-pressure/", json=body, headers=headers)
    assert answer.status_code == 201, answer.text


def _a_call(client: FlaskClient, of: Monitored, headers: dict[str, str]) -> None:
    start = datetime.combine(of.starts_on, time(16), UTC)
    call = {
        "patient_id": str(of.patient_id), "program": "RPM", "activity": "patient_contact", "mode": "phone",
        "started_at": start.isoformat(), "ended_at": (start + timedelta(minutes=21)).isoformat(),
        "is_interactive": True, "note": "Went through the week's values.",
    }  # fmt: skip
    answer = client.post(f"{BILLING}time-logs/", json=call, headers=headers)
    assert answer.status_code == 201, answer.text


def _packet(client: FlaskClient, entry_id: str, headers: dict[str, str], to: Path, trusted: str) -> dict[str, Any]:
    """Fetch a packet, verify it in a process that knows nothing but the verifier's file, and return the manifest."""
    answer = client.post(f"{BILLING}entries/{entry_id}/evidence/", headers=headers)
    assert answer.status_code == 200, answer.text
    file = to / f"{entry_id}.zip"
    file.write_bytes(answer.data)
    done = subprocess.run(
        [sys.executable, "-I", packet_verify.__file__, str(file), "--key", trusted],
        cwd=to,
        env={},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout[:2]) == (0, b"OK"), done
    said: dict[str, Any] = packet_verify.verify_packet(answer.data).manifest
    return said
