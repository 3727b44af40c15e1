"""Patients from a FHIR server that nobody here wrote: fhirsnake, from PyPI, as a process on loopback."""

import json
import os
import shutil
import sys
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from bench.children import child, free_port, wait_for
from config import ROOT
from tests.builders import a_user, signed_in

pytestmark = pytest.mark.slow
_EXAMPLE = ROOT / "tests" / "data" / "us_core_610_patients" / "Patient-example.json"


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[str]:
    """The server with one of HL7's example patients; its address."""
    shelf = tmp_path / "resources" / "Patient"
    shelf.mkdir(parents=True)
    shutil.copy(_EXAMPLE, shelf / "example.json")
    found = find_spec("fhirsnake")
    assert found is not None
    assert found.origin is not None
    port, log = free_port(), tmp_path / "server.log"
    folder = str(Path(found.origin).parent)  # its modules import one another by their bare names
    command = [sys.executable, "-m", "uvicorn", "main:app", "--host", "127.0.0.1", "--port", str(port)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": folder}
    with child(command, environment, tmp_path, log) as process:
        wait_for(process, port, log, "/Patient")
        yield f"http://127.0.0.1:{port}"


def _change_phone(server: str, phone: str) -> None:
    with urllib.request.urlopen(f"{server}/Patient/example") as answer:
        patient = json.load(answer)
    patient["telecom"][0]["value"] = phone
    headers = {"Content-Type": "application/json"}
    body = json.dumps(patient).encode()
    urllib.request.urlopen(urllib.request.Request(f"{server}/Patient/example", body, headers, method="PUT")).close()


def test_a_patient_is_imported_twice_from_a_server_nobody_here_wrote(client: FlaskClient, foreign: str) -> None:
    """Found, created once, unchanged, then seen before it is overwritten."""
    headers = signed_in(client, a_user(role=Role.ADMIN))

    def take(**order: object) -> dict[str, object]:
        return client.post("/api/v1/patients/ecw/import/", json=order, headers=headers).json  # type: ignore[no-any-return]

    assert client.put("/api/v1/integrations/emr/", json={"base_url": foreign}, headers=headers).status_code == 200
    found = client.get("/api/v1/patients/ecw/search/?name=baxter", headers=headers).json["results"]
    assert [one["external_id"] for one in found] == ["example"]
    assert [take(external_id="example")["status"] for _ in range(2)] == ["created", "unchanged"]
    _change_phone(foreign, "217-555-0199")
    preview = take(external_id="example", preview=True)
    assert preview["changes"] == [{"field": "phone", "before": "+15555555555", "after": "+12175550199"}]
    assert take(external_id="example", confirm=preview["confirm"])["status"] == "updated"
    assert client.get("/api/v1/patients/", headers=headers).json["count"] == 1
