"""Clients and vendors that send readings without end, each message again until it is acknowledged."""

import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from app.gateways.lab.signing import dress
from app.gateways.signatures import AuthMode
from tests.live.installation import Installation, Web

Way = Literal["single", "batch", "webhook"]
WAYS: tuple[Way, ...] = ("single", "batch", "webhook")
_PATHS = {"single": "/api/v1/ingestion/blood-pressure/", "batch": "/api/v1/ingestion/batch/"}
_OF_A_BATCH = 3
_TWICE_EVERY = 5  # messages that are sent once more after they were acknowledged
_PAUSE, _AGAIN = 0.1, 0.1  # seconds between two messages of a sender, and before one is tried again
_PATIENCE = 60.0
_NO_ANSWER = 0


@dataclass(frozen=True)
class Refusal:
    """An answer that is no acknowledgement: when, which, and when one may come back."""

    at: float
    status: int
    retry_after: str | None


@dataclass
class Message:
    """One request, which is the same at every try but for its proof."""

    way: Way
    body: bytes
    key: str
    times: list[str]


@dataclass
class Ledger:
    """What was sent and what came of it; `ids` are those that single posts and batches were told, by time."""

    sent: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    ids: dict[str, set[str]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    by_way: dict[Way, int] = field(default_factory=lambda: dict.fromkeys(WAYS, 0))


class Senders:
    """One that posts readings, one that posts batches, one that signs webhooks; all of one patient's cuff."""

    def __init__(self, web: Web, name: str) -> None:
        self._web, self._cuff, self.ledger = web, f"CUFF-{name}", Ledger()
        self.patient = self._set_up()
        self._start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=20)
        self._over, self._lock, self._numbers = threading.Event(), threading.Lock(), itertools.count(1)
        self._threads = [threading.Thread(target=self._work, args=(way,)) for way in WAYS]

    def __enter__(self) -> "Senders":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Have every sender finish the message that it is at."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, way: Way, patience: float) -> None:
        """Wait until one more message of a way is acknowledged."""
        before, deadline = self.ledger.by_way[way], time.monotonic() + patience
        while self.ledger.by_way[way] == before and time.monotonic() < deadline:
            time.sleep(0.01)

    def _set_up(self) -> str:
        person = {"first_name": "Kay", "last_name": "Kill", "date_of_birth": "1950-01-02", "gender": "female"}
        patient: str = self._web.call("POST", "/api/v1/patients/", {**person, "allow_duplicate": True}).json["id"]
        device = self._web.call("POST", "/api/v1/devices/", {"model": "and-ua-651ble", "serial": self._cuff}).json
        held = {"patient_id": patient, "from": (datetime.now(UTC) - timedelta(days=2)).isoformat()}
        assert self._web.call("POST", f"/api/v1/devices/{device['id']}/assign/", held).status == 200
        body = {"vendor": "mioconnect", "name": self._cuff, "auth_mode": "timestamped_hmac"}
        gateway = self._web.call("POST", "/api/v1/integrations/gateways/", body).json
        self._url, self._secret = f"/api/v1/webhooks/{gateway['id']}/", gateway["secret"]
        return patient

    def _work(self, way: Way) -> None:
        make: Mapping[Way, Callable[[], Message]] = {
            "single": self._single, "batch": self._batch, "webhook": self._webhook
        }  # fmt: skip
        while not self._over.is_set():
            message = make[way]()
            with self._lock:
                self.ledger.sent |= {*message.times}
            deadline = time.monotonic() + _PATIENCE
            while not self._send(message) and time.monotonic() < deadline:
                time.sleep(_AGAIN)
            if self.ledger.by_way[way] % _TWICE_EVERY == 0:
                self._send(message)
            time.sleep(_PAUSE)

    def _reading(self) -> dict[str, Any]:
        with self._lock:
            at = self._start + timedelta(seconds=next(self._numbers))
        return {"measured_at": at.isoformat(), "device_id": self._cuff, "systolic": 122, "diastolic": 78}

    def _single(self) -> Message:
        one = self._reading()
        body = {**one, "patient_id": self.patient}
        return Message("single", json.dumps(body).encode(), f"{self._cuff}|{one['measured_at']}", [one["measured_at"]])

    def _batch(self) -> Message:
        some = [self._reading() for _ in range(_OF_A_BATCH)]
        items = [{**one, "patient_id": self.patient, "observation_type": "blood_pressure"} for one in some]
        times = [one["measured_at"] for one in some]
        return Message("batch", json.dumps({"readings": items}).encode(), f"{self._cuff}|{times[0]}", times)

    def _webhook(self) -> Message:
        one = self._reading()
        body = {"event_id": one["measured_at"], "type": "reading", "data": {"type": "blood_pressure", **one}}
        return Message("webhook", json.dumps(body).encode(), "", [one["measured_at"]])

    def _send(self, message: Message) -> bool:
        """Send a message once and note the answer; True when it is acknowledged."""
        status, text, retry_after = _NO_ANSWER, "", None
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self._web.port, timeout=10)
            path = _PATHS.get(message.way, self._url)
            connection.request("POST", path, message.body, {"Content-Type": "application/json", **self._proof(message)})
            answer = connection.getresponse()
            retry_after, text = answer.headers["Retry-After"], answer.read().decode()
            status = answer.status
        with self._lock:
            self._note(message, status, text, retry_after)
        return status in {200, 201}

    def _proof(self, message: Message) -> dict[str, str]:
        if message.way == "webhook":
            header = "X-Webhook-Signature"
            return dress(AuthMode.TIMESTAMPED_HMAC, header, self._secret, message.body, datetime.now(UTC))
        return {"Authorization": f"Bearer {self._web.tokens['access']}", "Idempotency-Key": message.key}

    def _note(self, message: Message, status: int, text: str, retry_after: str | None) -> None:
        if status not in {200, 201}:
            self.ledger.refusals.append(Refusal(time.monotonic(), status, retry_after))
            return
        self.ledger.by_way[message.way] += 1
        self.ledger.acknowledged |= {*message.times}
        told = json.loads(text) if message.way != "webhook" else {}
        for at, one in zip(message.times, told.get("results", [told]), strict=True):
            if "id" in one:
                self.ledger.ids.setdefault(at, set()).add(one["id"])


def assert_all_there_once(installation: Installation, senders: Senders) -> None:
    """What was sent was acknowledged in the end, is stored once, and is what was told of it at every try."""
    ledger = senders.ledger
    query = (
        f"SELECT extract(epoch FROM measured_at)::bigint, id FROM observations WHERE patient_id = '{senders.patient}'"
    )
    lines = [line.split("|") for line in installation.postgres.query(query).splitlines()]
    rows = [(datetime.fromtimestamp(int(at), UTC).isoformat(), found) for at, found in lines]
    assert ledger.sent == ledger.acknowledged
    assert sorted(at for at, _ in rows) == sorted(ledger.sent)
    stored = dict(rows)
    assert {at: ids for at, ids in ledger.ids.items() if ids != {stored[at]}} == {}


def wait_until_done(installation: Installation, patience: float) -> None:
    """Wait until every message of the inbox has been applied; raises AssertionError."""
    left = "SELECT state, count(*) FROM webhook_deliveries WHERE state IN ('received', 'parsed', 'failed') GROUP BY 1"
    deadline = time.monotonic() + patience
    while waiting := installation.postgres.query(left).strip():
        assert time.monotonic() < deadline, waiting
        time.sleep(0.2)
