"""The lab's stand-in for the APIs of vendors that only give notice: Withings and iHealth, on a loopback port."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app.gateways.lab.samples import Numbers, Sample
from app.gateways.lab.shapes import SIMULATORS

_LISTS = {"bp": ("BPDataList", "BPUnit"), "weight": ("WeightDataList", "WeightUnit")}
_APPLI = {"blood_pressure": 10, "weight": 1}


class VendorApi:
    """What the vendors hold. A token is its account's name, and opens that account alone: the lab sees when another is
    used.
    """

    def __init__(self) -> None:
        self.url = ""
        self._held: dict[str, list[tuple[str, Sample, dict[str, Any]]]] = {}
        self._lock = threading.Lock()

    def hold(self, vendor: str, sample: Sample, device: Numbers) -> None:
        """Keep a reading until it is fetched; holding it twice is holding it once."""
        fetched = SIMULATORS[vendor].fetched
        with self._lock:
            held = self._held.setdefault(device.user, [])
            if fetched and not any(one == sample for _, one, _ in held):
                held.append((vendor, sample, fetched(sample, device)))

    def answer(self, path: str, query: dict[str, str], token: str | None) -> dict[str, Any]:
        """Return what a vendor answers."""
        if path == "/v2/signature":
            return {"status": 0, "body": {"nonce": "lab"}}
        if path == "/v2/oauth2":
            user = query.get("refresh_token", "")
            tokens = {"access_token": user, "refresh_token": user, "expires_in": 10800, "userid": user}
            return {"status": 0, "body": tokens}
        if path == "/measure":
            return {
                "status": 0,
                "body": {"timezone": "America/New_York", "measuregrps": self._groups(query, token or "")},
            }
        if path.startswith("/openapiv2/user/"):
            return self._data(path, query.get("access_token", ""))
        user = query.get("refresh_token", "")
        return {"AccessToken": user, "RefreshToken": user, "Expires": 3600, "UserID": user}

    def _groups(self, query: dict[str, str], user: str) -> list[dict[str, Any]]:
        since, until = int(query.get("startdate", 0)), int(query.get("enddate", 2**40))
        types = {int(number) for number in query.get("meastypes", "1,10").split(",")}
        with self._lock:
            held = list(self._held.get(user, ()))
        return [
            group
            for vendor, sample, group in held
            if vendor == "withings" and since <= group["date"] <= until and _APPLI[sample.observation_type] in types
        ]

    def _data(self, path: str, token: str) -> dict[str, Any]:
        user, _, collection = path.removeprefix("/openapiv2/user/").rstrip("/").removesuffix(".json").partition("/")
        name, unit = _LISTS.get(collection, ("OtherDataList", "OtherUnit"))
        kind = "blood_pressure" if collection == "bp" else collection
        with self._lock:
            held = list(self._held.get(user, ()))
        if token != user:
            return {"Error": "5009"}
        return {name: [data for _, sample, data in held if sample.observation_type == kind], unit: 0}


@contextmanager
def vendor_api() -> Iterator[VendorApi]:
    """A vendor's API that runs meanwhile."""
    api = VendorApi()

    class _Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply({})

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            self._reply(_first(self.rfile.read(length).decode("utf-8", "replace")))

        def _reply(self, form: dict[str, str]) -> None:
            parts = urlsplit(self.path)
            body = json.dumps(api.answer(parts.path, {**_first(parts.query), **form}, _bearer(self.headers))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()


def _bearer(headers: Message) -> str | None:
    return (headers["Authorization"] or "").removeprefix("Bearer ") or None


def _first(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
