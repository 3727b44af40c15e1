"""A server as the lab expects one, in memory: what the documented API promises, and faults that can be planted."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from app.gateways.messages import FetchOrder, Garbled, Message, Unreadable, VitalReading
from app.gateways.registry import VENDORS, parse, parse_fetched
from app.gateways.signatures import Auth, AuthMode, Delivery, judge

_SECRET = "lab-server-secret-0123456789"


@dataclass
class LabServer:
    """What it holds, and what is wrong with it."""

    url: str = ""
    faults: frozenset[str] = frozenset()
    integrations: dict[str, dict[str, Any]] = field(default_factory=dict)
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    holder: str = ""
    accounts: dict[str, str] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.Lock)

    def answer(self, method: str, target: str, raw: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        """Return status and body."""
        parts = urlsplit(target)
        path = parts.path.removeprefix("/api/v1")
        if path.startswith("/webhooks/") and method == "POST":
            return self._webhook(path.split("/")[2], parse_qs(parts.query).get("key", [""])[0], raw, headers), {}
        if path == "/integrations/gateways/":
            return 201, self._integration(json.loads(raw))
        if path == "/patients/":
            self.holder = f"patient-{len(self.integrations)}"
            return 201, {"id": self.holder}
        if path == "/observations/":
            patient = parse_qs(parts.query)["patient_id"][0]
            rows = [row for row in self.stored.values() if row["patient"] == patient]
            return 200, {"count": len(rows), "results": rows}
        if path == "/webhooks/inbox/":
            return 200, {"count": len(self.unreadable), "results": []}
        if path.endswith("/accounts/"):
            account = json.loads(raw)
            self.accounts[account["subject"]] = account["refresh_token"]
        return 200, {"id": "1", "access": "token"}

    def _integration(self, body: dict[str, Any]) -> dict[str, Any]:
        made = f"i{len(self.integrations)}"
        self.integrations[made] = body
        key = f"?key={_SECRET}" if body["auth_mode"] == "secret_path" else ""
        return {"id": made, "webhook_url": f"{self.url}/api/v1/webhooks/{made}/{key}", "secret": _SECRET}

    def _webhook(self, integration_id: str, key: str, raw: bytes, headers: dict[str, str]) -> int:
        body = self.integrations[integration_id]
        vendor = VENDORS[body["vendor"]]
        auth = Auth(AuthMode(body["auth_mode"]), (_SECRET,), vendor.auth_header, body.get("username", ""))
        now = datetime.now(UTC)
        if "open" not in self.faults and not judge(auth, Delivery(raw, headers, path_secret=key), now).is_accepted:
            return 401
        try:
            self._apply(parse(vendor.id, raw, headers.get("Content-Type", ""), headers, body["options"]), body)
        except Unreadable as error:
            self.unreadable.append(str(error))
        return 202

    def _apply(self, messages: tuple[Message, ...], body: dict[str, Any]) -> None:
        for message in messages:
            if isinstance(message, VitalReading):
                self._store(message)
            elif isinstance(message, FetchOrder):
                self._apply(parse_fetched(body["vendor"], self._fetched(message, body), message, {}), body)
            elif isinstance(message, Garbled):
                self.unreadable.append(message.reason)

    def _fetched(self, order: FetchOrder, body: dict[str, Any]) -> bytes:
        base = body["options"]["api_base_url"]
        token = "another" if "one_token" in self.faults else self.accounts[order.subject]
        if body["vendor"] == "ihealth":
            url = f"{base}/openapiv2/user/{order.subject}/{order.collection}.json/?access_token={token}"
            return httpx.get(url, trust_env=False).content
        since, until = (int(at.timestamp()) for at in (order.since, order.until) if at)
        form = {"startdate": since, "enddate": until, "meastypes": "1" if order.collection == "weight" else "9,10"}
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.post(f"{base}/measure", content=urlencode(form), headers=headers, trust_env=False).content

    def _store(self, reading: VitalReading) -> None:
        if reading.measured_at > datetime.now(UTC) + timedelta(minutes=5) and "future" not in self.faults:
            return
        with self.lock:
            key = str(len(self.stored)) if "twice" in self.faults else f"{self.holder}{reading.dedup_key}"
            pounds = "pounds" in self.faults
            values = {name: float(one.posted_value if pounds else one.value) for name, one in reading.measures.items()}
            self.stored[key] = {
                "id": key, "patient": self.holder, "observation_type": reading.observation_type,
                "measured_at": reading.measured_at.isoformat(), "values": values,
            }  # fmt: skip


@contextmanager
def lab_server(*faults: str) -> Iterator[LabServer]:
    """A running one."""
    held = LabServer(faults=frozenset(faults))

    class _Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply()

        def do_POST(self) -> None:
            self._reply()

        def _reply(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status, value = held.answer(self.command, self.path, raw, dict(self.headers))
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # a sender that hangs up is no news
    held.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield held
    server.shutdown()
    server.server_close()
