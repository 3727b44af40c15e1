"""One reading, 64 times at once, by every way in, at two server processes and two workers: stored once (S70, S71)."""

import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.gateways.lab.signing import dress
from app.gateways.signatures import AuthMode
from tests.live.installation import Answer, Installation, Web
from tests.live.workers import worker

pytestmark = pytest.mark.slow
_SINGLE, _BATCH = "/api/v1/ingestion/blood-pressure/", "/api/v1/ingestion/batch/"
_TIMES, _AT_ONCE = 64, 32
_PATIENCE = 60.0


class Twins:
    """Two servers and two workers over one database; a cuff for each of some patients, and a vendor's integration."""

    def __init__(self, installation: Installation, webs: list[Web], patients: int) -> None:
        self.installation, self.webs = installation, webs
        for web in webs:
            web.sign_in()
        self.patients = [self._patient(number) for number in range(patients)]
        body = {"vendor": "mioconnect", "name": "Live", "auth_mode": "timestamped_hmac"}
        self.gateway = webs[0].call("POST", "/api/v1/integrations/gateways/", body).json

    def _patient(self, number: int) -> str:
        web = self.webs[0]
        person = {"first_name": "Kay", "last_name": f"Twin{number}", "date_of_birth": "1950-01-02", "gender": "female"}
        patient: str = web.call("POST", "/api/v1/patients/", {**person, "allow_duplicate": True}).json["id"]
        device = web.call("POST", "/api/v1/devices/", {"model": "and-ua-651ble", "serial": f"TWIN-{number}"}).json["id"]
        held = {"patient_id": patient, "from": (datetime.now(UTC) - timedelta(days=2)).isoformat()}
        assert web.call("POST", f"/api/v1/devices/{device}/assign/", held).status == 200
        return patient

    def reading(self, number: int, minute: int, systolic: int) -> dict[str, Any]:
        """Return a reading of a patient's cuff."""
        at = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=20) + timedelta(minutes=minute)
        pressures = {"systolic": systolic, "diastolic": 78, "pulse": 70}
        of = {"patient_id": self.patients[number], "device_id": f"TWIN-{number}", "measured_at": at.isoformat()}
        return {**of, **pressures}

    def post(self, number: int, path: str, body: dict[str, Any], **headers: str) -> Answer:
        """Post at one of the servers; who is told to come back in a moment does."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            answer = self.webs[number % len(self.webs)].call("POST", path, body, **headers)
            if answer.status != 503 or time.monotonic() > deadline:
                return answer
            time.sleep(0.2)

    def single(self, number: int, reading: dict[str, Any], **headers: str) -> Answer:
        """Post one reading by itself."""
        return self.post(number, _SINGLE, reading, **headers)

    def batch(self, number: int, readings: list[dict[str, Any]], *, atomic: bool = False) -> Answer:
        """Post readings together."""
        items = [{"observation_type": "blood_pressure", **one} for one in readings]
        return self.post(number, _BATCH, {"readings": items, "atomic": atomic})

    def webhook(self, number: int, readings: list[dict[str, Any]], event: str) -> Answer:
        """Send readings as the vendor does."""
        data = [
            {"type": "blood_pressure", **{name: value for name, value in one.items() if name != "patient_id"}}
            for one in readings
        ]
        body = {"event_id": event, "type": "reading", "data": data}
        raw, header = json.dumps(body).encode(), self.gateway["header"]
        proof = dress(AuthMode.TIMESTAMPED_HMAC, header, self.gateway["secret"], raw, datetime.now(UTC))
        return self.post(number, f"/api/v1/webhooks/{self.gateway['id']}/", body, **proof)

    def at_once(self, work: Callable[[int], Any], times: int = _TIMES) -> list[Any]:
        """Do something many times in parallel."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(work, range(times)))

    def rows(self, sql: str) -> list[str]:
        """Return the lines that a query answers."""
        return [line for line in self.installation.postgres.query(sql).splitlines() if line]

    def wait(self) -> None:
        """Wait until every message was applied."""
        left = "SELECT id FROM webhook_deliveries WHERE state IN ('received', 'parsed', 'failed')"
        deadline = time.monotonic() + _PATIENCE
        while self.rows(left):
            assert time.monotonic() < deadline
            time.sleep(0.2)


@pytest.fixture
def twins(install: Callable[..., Installation]) -> Iterator[Twins]:
    """Both servers and both workers, with four patients."""
    installation = install(RATELIMIT_WEBHOOK="1000000/hour")
    installation.create_admin()
    with ExitStack() as stack:
        webs = [stack.enter_context(installation.serving()) for _ in range(2)]
        for _ in range(2):
            stack.enter_context(worker(installation))
        yield Twins(installation, webs, 4)


def test_s71_64_deliveries_of_one_reading_by_every_way_are_one_reading_and_one_alert(twins: Twins) -> None:
    """Alone, with one key, twice within one batch, in an atomic one, by webhook with one event and with many."""
    reading = twins.reading(0, 0, 190)
    ways: tuple[Callable[[int], Answer], ...] = (
        lambda number: twins.single(number, reading),
        lambda number: twins.single(number, reading, **{"Idempotency-Key": "one"}),
        lambda number: twins.batch(number, [reading, reading]),
        lambda number: twins.batch(number, [reading], atomic=True),
        lambda number: twins.webhook(number, [reading], "one"),
        lambda number: twins.webhook(number, [reading], f"e{number}"),
    )
    answers = twins.at_once(lambda number: ways[number // 2 % len(ways)](number))
    twins.wait()
    assert {answer.status for answer in answers} <= {200, 201}
    told = [answer.json for answer in answers if answer.text.startswith("{")]
    ids = {one["id"] for one in told if "fhir_status" in one}
    ids |= {item["id"] for one in told for item in one.get("results", ())}
    assert twins.rows("SELECT id FROM observations") == list(ids)
    assert twins.rows("SELECT occurrences FROM alerts") == twins.rows("SELECT count(*) FROM alert_occurrences") == ["1"]


def test_s70_64_posts_with_one_key_do_the_work_once_and_another_body_is_refused(twins: Twins) -> None:
    """At two processes: the same answer to the letter; 422."""
    reading, key = twins.reading(1, 0, 190), {"Idempotency-Key": "same"}
    answers = twins.at_once(lambda number: twins.single(number, reading, **key))
    other = twins.single(0, twins.reading(1, 1, 190), **key)
    assert {(answer.status, answer.text) for answer in answers} == {(201, answers[0].text)}
    assert (other.status, twins.rows("SELECT count(*) FROM observations")) == (422, ["1"])


def test_overlapping_deliveries_in_any_order_leave_each_reading_once(twins: Twins) -> None:
    """Batches that share half their readings, forwards and backwards, beside single posts and webhooks of the same."""
    chance = random.Random(5)
    pressures = [118, 145, 190]
    every = [twins.reading(minute % 4, minute, chance.choice(pressures)) for minute in range(48)]

    def deliver(number: int) -> Answer:
        start = number * 5 % 24
        some = every[start : start + 24][:: 1 if number % 2 else -1]
        way = number // 2 % 4
        if way == 0:
            return twins.webhook(number, some, f"o{number}")
        if way == 1:
            return twins.single(number, some[0])
        return twins.batch(number, some, atomic=way == 3)

    answers = twins.at_once(deliver)
    twins.batch(0, every)
    twins.wait()
    assert {answer.status for answer in answers} <= {200, 201}
    assert twins.rows("SELECT count(*), count(DISTINCT measured_at) FROM observations") == ["48|48"]
    raised = twins.rows("SELECT count(*) FROM observations WHERE alert_level IS NOT NULL")
    assert (
        raised
        == twins.rows("SELECT count(*) FROM alert_occurrences")
        == twins.rows("SELECT sum(occurrences) FROM alerts")
    )
