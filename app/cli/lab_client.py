"""The lab's client of the documented API: the one place that knows its paths and shapes."""

import socket
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import click
import httpx

from app.gateways.lab.samples import Numbers

_PAGE = "100"
_TIMEOUT = 30.0
_LONG_AGO = timedelta(days=3)
_DEVICE_MODELS = "and-ua-651ble"
_VALUES = ("systolic", "diastolic", "pulse", "weight_kg")


@dataclass(frozen=True, slots=True)
class Integration:
    """Where messages go and what they are signed with."""

    id: str
    webhook_url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stored:
    """A reading as the API tells it."""

    id: str
    observation_type: str
    measured_at: datetime
    values: dict[str, Decimal]


class LabClient:
    """A running server, spoken to as an integrator would."""

    def __init__(self, url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=url.rstrip("/"), headers=headers, timeout=_TIMEOUT, trust_env=False, transport=transport
        )

    def sign_in(self, email: str, password: str) -> None:
        """Sign in for the calls that follow."""
        answer = self._call("POST", "/api/v1/auth/login/", json={"email": email, "password": password})
        self._http.headers["Authorization"] = f"Bearer {answer['access']}"

    def create_integration(self, vendor: str, name: str, settings: dict[str, Any]) -> Integration:
        """Register a gateway; its secret is told this once."""
        body = {"vendor": vendor, "name": name, **settings}
        made = self._call("POST", "/api/v1/integrations/gateways/", json=body)
        return Integration(str(made["id"]), str(made["webhook_url"]), str(made["secret"]))

    def create_patient(self, device: Numbers) -> str:
        """Create somebody who does not exist, and return the id."""
        body = {
            "mrn": f"LAB-{device.user[-12:]}", "first_name": "Lab", "last_name": f"Patient {device.user[-6:]}",
            "date_of_birth": "1950-01-01", "gender": "female", "timezone": "America/New_York",
        }  # fmt: skip
        return str(self._call("POST", "/api/v1/patients/", json=body)["id"])

    def give_device(self, vendor: str, device: Numbers, patient_id: str) -> None:
        """Register the device, and let the patient have held it for days."""
        body = {
            "model": _DEVICE_MODELS, "serial": device.serial, "imei": device.imei, "vendor": vendor,
            "vendor_device_id": device.vendor_device_id,
        }  # fmt: skip
        made = self._call("POST", "/api/v1/devices/", json=body)
        held = {"patient_id": patient_id, "from": _written(datetime.now(UTC) - _LONG_AGO)}
        self._call("POST", f"/api/v1/devices/{made['id']}/assign/", json=held)

    def link_account(self, integration: Integration, user: str) -> None:
        """Link an account at the vendor that the lab stands in for, where a token is the account's name."""
        body = {"subject": user, "refresh_token": user}
        self._call("POST", f"/api/v1/integrations/gateways/{integration.id}/accounts/", json=body)

    def observations(self, patient_id: str, since: datetime, until: datetime) -> list[Stored]:
        """Return the readings that count of a time, both ends included."""
        rows: list[dict[str, Any]] = []
        page = 1
        while True:
            query = {
                "patient_id": patient_id, "measured_from": _written(since), "measured_to": _written(until),
                "page": str(page), "page_size": _PAGE,
            }  # fmt: skip
            answer = self._call("GET", "/api/v1/observations/", params=query)
            rows += answer["results"]
            if len(rows) >= answer["count"] or not answer["results"]:
                return [_stored(row) for row in rows if row.get("status", "final") == "final"]
            page += 1

    def inbox(self, integration_id: str, state: str) -> int:
        """Return how many messages of an integration are in a state."""
        query = {"integration_id": integration_id, "state": state}
        return int(self._call("GET", "/api/v1/webhooks/inbox/", params=query)["count"])

    def deliver(self, url: str, body: bytes, content_type: str, headers: dict[str, str]) -> int:
        """Send a message as a vendor does: without our token. Returns the status of the answer."""
        sent = {"Content-Type": content_type, **headers}
        request = self._http.build_request("POST", url, content=body, headers=sent)
        if not headers.get("Authorization"):
            request.headers.pop("Authorization", None)
        return self._http.send(request).status_code

    def deliver_and_hang_up(self, url: str, body: bytes, content_type: str, headers: dict[str, str]) -> None:
        """Send a message whole, and be gone before the answer comes."""
        parts = urlsplit(str(self._http.base_url.join(url)))
        port = parts.port or (443 if parts.scheme == "https" else 80)
        lines = {"Host": parts.netloc, "Content-Type": content_type, "Content-Length": str(len(body)), **headers}
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        head = "\r\n".join([f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items()), "", ""])
        with socket.create_connection((parts.hostname or "", port), _TIMEOUT) as plain:
            if parts.scheme == "https":
                with ssl.create_default_context().wrap_socket(plain, server_hostname=parts.hostname) as sealed:
                    sealed.sendall(head.encode() + body)
            else:
                plain.sendall(head.encode() + body)

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        answer = self._http.request(method, path, **arguments)
        if not answer.is_success:
            raise click.ClickException(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
        return answer.json()


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _stored(row: dict[str, Any]) -> Stored:
    at = datetime.fromisoformat(str(row["measured_at"]))
    told = row["values"]
    values = {name: Decimal(str(told[name])) for name in _VALUES if told.get(name) is not None}
    return Stored(str(row["id"]), str(row["observation_type"]), at, values)
