"""A small FHIR R4 server of the tests' own, on a loopback port: HL7's example patients, search, paging, bad days."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from config import ROOT

_EXAMPLES = ROOT / "tests" / "data" / "us_core_610_patients"
BASE = "/fhir"
CAPABILITY = {
    "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "software": {"name": "Test EMR"},
    "rest": [{"mode": "server", "resource": [{"type": "Patient", "interaction": [{"code": "search-type"}]}]}],
}  # fmt: skip


@dataclass
class FhirServer:
    """What the server has, what it was asked, and what it is to answer instead of the truth."""

    url: str = ""
    patients: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    instead: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body."""
        self.asked.append((path, headers))
        if self.instead:
            return self.instead.pop(0)
        parts = urlsplit(path)
        status, resource = self._resource(parts.path.removeprefix(BASE), parse_qs(parts.query))
        return status, {"Content-Type": "application/fhir+json"}, json.dumps(resource).encode()

    def _resource(self, path: str, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        if path == "/metadata":
            return 200, CAPABILITY
        if path == "/Patient":
            return 200, self._bundle({name: values[0] for name, values in query.items()})
        patient = self.patients.get(path.removeprefix("/Patient/"))
        return (200, patient) if patient else (404, {"resourceType": "OperationOutcome"})

    def _bundle(self, query: dict[str, str]) -> dict[str, Any]:
        found = [one for one in self.patients.values() if _fits(one, query)]
        start, size = int(query.get("_offset", 0)), int(query.get("_count", 10))
        rest = {**query, "_offset": str(start + size)}
        following = [{"relation": "next", "url": f"{self.url}/Patient?{urlencode(rest)}"}]
        return {
            "resourceType": "Bundle", "type": "searchset", "total": len(found),
            "link": following if start + size < len(found) else [],
            "entry": [{"resource": one} for one in found[start : start + size]],
        }  # fmt: skip


@contextmanager
def fhir_server() -> Iterator[FhirServer]:
    """A running server with HL7's examples."""
    ours = FhirServer(patients={one["id"]: one for one in map(_read, sorted(_EXAMPLES.glob("*.json")))})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = ours.answer(self.path, dict(self.headers))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ours.url = f"http://127.0.0.1:{server.server_port}{BASE}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield ours
    server.shutdown()
    server.server_close()


def example(patient_id: str = "example") -> dict[str, Any]:
    """One of HL7's example patients."""
    return _read(_EXAMPLES / f"Patient-{patient_id}.json")


def _read(path: Any) -> dict[str, Any]:
    resource: dict[str, Any] = json.loads(path.read_text())
    return resource


def _fits(patient: dict[str, Any], query: dict[str, str]) -> bool:
    words = [word for name in patient["name"] for word in (name["family"], *name["given"])]
    number = query.get("identifier", "").rpartition("|")[2]
    return (
        any(word.lower().startswith(query.get("name", "").lower()) for word in words)
        and query.get("birthdate", patient["birthDate"]) == patient["birthDate"]
        and (not number or any(one["value"] == number for one in patient["identifier"]))
    )
