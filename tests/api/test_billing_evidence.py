"""Evidence packets: what they hold, that they are the same twice, what they refuse, and that no byte may change."""

import json
import zipfile
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.crypto.packet_verify import FILES, Tampered, main, packed, verify_packet
from app.domain.billing.runs import RunRequest
from app.domain.roles import Role
from app.services.billing.run import generate_entries
from tests.billing import Monitored, closed_period, days_from, monitored
from tests.builders import a_practice, a_user, in_house, signed_in

URL, START = "/api/v1/billing/entries/", closed_period()


def _billed(days: int = 16) -> tuple[Monitored, str]:
    """Return a patient with one generated line of device supply, and the line's id."""
    of = monitored(START)
    of.measures(*days_from(START, days), START)
    of.measures(START + timedelta(days=1), source="manual")
    of.voids(*of.measures(START + timedelta(days=2), status="final"))
    with in_house(of.biller.actor):
        generate_entries(of.biller.actor, RunRequest())
    return of, str(of.row("id").id)


def _post(client: FlaskClient, of: Monitored, entry_id: str) -> Any:
    return client.post(f"{URL}{entry_id}/evidence/", headers=signed_in(client, of.biller))


def _packet(client: FlaskClient) -> tuple[Monitored, bytes]:
    of, entry_id = _billed()
    answer = _post(client, of, entry_id)
    assert (answer.status_code, answer.mimetype) == (200, "application/zip"), answer.text
    return of, answer.data


def test_a_packet_holds_the_proof(client: FlaskClient) -> None:
    """Line, rules, window, each counted date with its reading, papers and the device; the rest with its reason."""
    of, content = _packet(client)
    verdict = verify_packet(content)
    said = verdict.manifest
    assert (said["line"]["cpt_code"], said["line"]["days_with_data"]) == ("99454", 16)
    assert len(said["line"]["rule_set"]["sha256"]) == 64
    assert (said["window"]["starts_on"], said["window"]["timezone"]) == (START.isoformat(), "America/New_York")
    assert [day["date"] for day in said["days"]] == [day.isoformat() for day in days_from(START, 16)]
    assert len(said["days"][0]["further_reading_ids"]) == 1
    assert all(len(day["payload_sha256"]) == 64 and day["received_at"] for day in said["days"])
    assert {one["excluded_because"] for one in said["excluded"]} == {"manual", "void", "already_counted"}
    assert said["assignments"][0]["device_serial"] == of.serial
    for papers in ("consents", "orders", "enrollments"):
        assert len(said[papers]) == 1
    lines = zipfile.ZipFile(BytesIO(content)).read("readings.csv").decode().splitlines()
    assert len(lines) == 1 + 16 + 3


def test_a_packet_names_the_training_and_each_kind_of_reading_that_does_not_count(client: FlaskClient) -> None:
    """Void, of a device that nobody knows, of none, and typed in; taught on the first day."""
    of = monitored(START)
    taught = {"kind": "setup_training", "starts_on": str(START), "program": "RPM"}
    url = f"/api/v1/patients/{of.patient_id}/billing-circumstances/"
    education = client.post(url, json=taught, headers=signed_in(client, of.provider)).json["id"]
    of.measures(*days_from(START, 16))
    late = START + timedelta(days=20)
    for fields in ({"status": "void"}, {"device_id": "SN-NOBODY"}, {"device_id": None}, {"source": "manual"}):
        of.measures(late, **fields)
    with in_house(of.biller.actor):
        generate_entries(of.biller.actor, RunRequest())
    lines = client.get(f"{URL}?cpt_code=99454", headers=signed_in(client, of.biller)).json["results"]
    said = verify_packet(_post(client, of, lines[0]["id"]).data).manifest
    reasons = {one["excluded_because"] for one in said["excluded"]}
    assert reasons == {"void", "unknown_device", "no_device", "manual"}
    assert [one["id"] for one in said["circumstances"]] == [education]


def test_two_builds_are_byte_identical(client: FlaskClient) -> None:
    """The PDF and the signature as well; sending the line out changes nothing."""
    of, entry_id = _billed()
    first = _post(client, of, entry_id).data
    of.sends()
    assert _post(client, of, entry_id).data == first


def test_changing_one_byte_anywhere_fails_and_names_the_file(client: FlaskClient) -> None:
    """Bytes of each file's content name that file; every other byte of the ZIP fails as well."""
    _, content = _packet(client)
    archive = zipfile.ZipFile(BytesIO(content))
    for info in archive.infolist():
        start = content.index(archive.read(info.filename))
        for at in {start, start + info.file_size // 2, start + info.file_size - 1}:
            assert _fails(content, at) == info.filename
    step = max(1, len(content) // 400)
    everywhere = {*range(0, len(content), step), *range(120), *range(len(content) - 400, len(content))}
    assert all(_fails(content, at) in {*FILES, "packet"} for at in everywhere)


def _fails(content: bytes, at: int) -> str:
    changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
    with pytest.raises(Tampered) as tampered:
        verify_packet(changed)
    return tampered.value.file


def test_a_file_that_was_replaced_with_a_right_checksum_fails(client: FlaskClient) -> None:
    """The ZIP is whole and the hash, or the signature, is not."""
    _, content = _packet(client)
    files = {name: zipfile.ZipFile(BytesIO(content)).read(name) for name in FILES}
    assert packed(files) == content
    for name in ("readings.csv", "summary.pdf", "manifest.json"):
        with pytest.raises(Tampered) as tampered:
            verify_packet(packed({**files, name: files[name] + b" "}))
        assert tampered.value.file == name
    with pytest.raises(Tampered, match=r"public_key.pem"):
        verify_packet(content, ["00" * 32])
    with pytest.raises(Tampered):
        verify_packet(content + b"x")


def test_an_under_documented_line_is_refused_with_what_is_missing(client: FlaskClient) -> None:
    """By hand, with nothing behind it; and a generated one of which a day was voided since it went out."""
    of = monitored(START)
    body = {"patient_id": str(of.patient_id), "cpt_code": "99457", "service_date": START.isoformat(), "amount": 51.77}
    entry = client.post(URL, json=body, headers=signed_in(client, of.biller)).json["id"]
    refused = _post(client, of, entry)
    assert (refused.status_code, refused.json["code"]) == (409, "billing_conflict")
    assert "TIME_LT_20" in refused.json["detail"]
    assert "NO_INTERACTIVE" in refused.json["detail"]


def test_a_line_whose_proof_went_away_is_refused(client: FlaskClient) -> None:
    """16 days, then one of them is voided after the line went out."""
    of = monitored(START)
    made = of.measures(*days_from(START, 16))
    with in_house(of.biller.actor):
        generate_entries(of.biller.actor, RunRequest())
    entry_id = str(of.row("id").id)
    of.sends()
    of.voids(made[3])
    refused = _post(client, of, entry_id)
    assert (refused.status_code, "DAYS_LT_16 (15 days" in refused.json["detail"]) == (409, True)


def test_no_other_patient_appears(client: FlaskClient) -> None:
    """Another patient of the same practice, with data and a line of their own, in none of the files."""
    of, entry_id = _billed()
    practice = of.provider.actor.practice_id
    assert practice is not None
    other = monitored(START, practice, (of.provider, of.biller))
    others = other.measures(*days_from(START, 16))
    content = _post(client, of, entry_id).data
    seen = b"".join(zipfile.ZipFile(BytesIO(content)).read(name) for name in FILES)
    assert str(of.patient_id).encode() in seen
    for unwanted in (other.patient_id, other.serial, *others):
        assert str(unwanted).encode() not in seen


def test_a_packet_of_another_practice_is_not_found(client: FlaskClient) -> None:
    """Nor of nobody."""
    _, entry_id = _billed()
    stranger = signed_in(client, a_user(a_practice(), Role.BILLING_MANAGER))
    assert client.post(f"{URL}{entry_id}/evidence/", headers=stranger).status_code == 404


def test_the_download_is_on_the_audit_trail(client: FlaskClient) -> None:
    """With the line and the patient."""
    of, _ = _packet(client)
    columns = "count(*) FILTER (WHERE action = 'billing_entry:evidence') AS packets"
    assert of.row(columns, "audit_events").packets == 1


def test_the_program_and_the_command_verify_offline(
    app: Flask, client: FlaskClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 and OK; 1 and the file's name."""
    _, content = _packet(client)
    whole, broken = tmp_path / "whole.zip", tmp_path / "broken.zip"
    whole.write_bytes(content)
    at = content.index(b"99454")
    broken.write_bytes(content[:at] + b"9" * 5 + content[at + 5 :])
    assert (main([str(whole)]), main([str(broken)])) == (0, 1)
    assert "BROKEN manifest.json" in capsys.readouterr().out
    runner = app.test_cli_runner()
    good, bad = (runner.invoke(args=["billing", "verify", str(file)]) for file in (whole, broken))
    assert (good.exit_code, good.output[:2], bad.exit_code) == (0, "OK", 1)
    assert json.loads(zipfile.ZipFile(whole).read("manifest.json"))["format"] == "vantrexia-evidence/1"


def test_minutes_are_proved_with_who_when_and_what(client: FlaskClient) -> None:
    """A call of 21 minutes with a note; without the note the packet is refused."""
    of = monitored(START)
    noon = datetime(START.year, START.month, START.day, 15, tzinfo=UTC)
    call = {
        "patient_id": str(of.patient_id), "program": "RPM", "activity": "patient_contact", "mode": "phone",
        "started_at": noon.isoformat(), "ended_at": (noon + timedelta(minutes=21)).isoformat(),
        "is_interactive": True, "note": "Went through the week's values.",
    }  # fmt: skip
    logged = client.post("/api/v1/billing/time-logs/", json=call, headers=signed_in(client, of.provider))
    assert logged.status_code == 201, logged.text
    with in_house(of.biller.actor):
        generate_entries(of.biller.actor, RunRequest())
    entry = of.row("id, cpt_code")
    assert entry.cpt_code == "99457"
    said = verify_packet(_post(client, of, str(entry.id)).data).manifest
    (time,) = said["time_entries"]
    assert (time["seconds"], time["is_live_contact"], time["narrative"]) == (1260.0, True, call["note"])
    assert (said["days"], time["staff_id"]) == ([], of.provider.actor.user_id)
