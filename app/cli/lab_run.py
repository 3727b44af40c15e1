"""Running the lab's plans against a server: send, wait, look at what was stored."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from app.cli.lab_client import Integration, LabClient, Stored
from app.cli.lab_vendor import VendorApi
from app.gateways.lab.faults import Fault, Plan, Post, plan
from app.gateways.lab.samples import Numbers, numbers
from app.gateways.lab.shapes import SIMULATORS, Simulator
from app.gateways.lab.signing import USERNAME, dress
from app.gateways.registry import VENDORS
from app.gateways.signatures import AuthMode

_AT_ONCE = 8
_FIRST_LOOK, _SLOWEST_LOOK, _SETTLED = 0.25, 4.0, 1.0  # seconds: a server counts our requests as anybody's
_SECOND = timedelta(seconds=1)
_REFUSALS = {401, 403, 404}
_REGISTRATION = {"client_id": "lab", "client_secret": "lab-secret"}
_WRONG = "a-secret-that-is-not-the-one"


@dataclass(frozen=True, slots=True)
class Finding:
    """How one vendor fared with one fault; no problems: it passed."""

    vendor: str
    fault: Fault
    problems: tuple[str, ...]


class Bench:
    """One vendor's integration on a server, with a patient and a device of its own."""

    def __init__(self, client: LabClient, vendor: str, api: VendorApi, patience: float) -> None:
        self._client, self._api, self._patience = client, api, patience
        self._simulator: Simulator = SIMULATORS[vendor]
        self._vendor = VENDORS[vendor]
        self.device: Numbers = numbers(random.SystemRandom())
        self._integration: Integration = client.create_integration(
            vendor, f"Lab {vendor} {self.device.serial}", self._settings()
        )
        self._patient_id = client.create_patient(self.device)
        client.give_device(vendor, self.device, self._patient_id)
        if self._simulator.fetched:
            client.link_account(self._integration, self.device.user)

    def run(self, fault: Fault, seed: int, now: datetime) -> Finding:
        """Send what a fault's plan says and check what came of it."""
        what = plan(fault, seed, now, self._simulator.units)
        problems = self._send(what)
        return Finding(self._vendor.id, fault, (*problems, *self._check(what)))

    def _settings(self) -> dict[str, object]:
        options = dict(self._simulator.settings)
        if self._simulator.fetched:
            options |= {"api_base_url": self._api.url, **_REGISTRATION}
        told: dict[str, object] = {"auth_mode": self._vendor.auth_modes[0].value, "options": options}
        if self._vendor.auth_modes[0] is AuthMode.BASIC:
            told["username"] = USERNAME
        return told

    def _send(self, what: Plan) -> list[str]:
        if what.is_parallel:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                return [problem for problem in pool.map(self._deliver, what.posts) if problem]
        return [problem for post in what.posts if (problem := self._deliver(post))]

    def _deliver(self, post: Post) -> str:
        """Deliver one message; returns what is wrong with the answer, or nothing."""
        body = self._simulator.body(post.sample, self.device, is_whole=post.is_whole)
        if post.is_whole and post.is_signed_well:
            self._api.hold(self._vendor.id, post.sample, self.device)
        secret = self._integration.secret if post.is_signed_well else _WRONG
        mode = self._vendor.auth_modes[0]
        headers = dress(mode, self._vendor.auth_header, secret, body, datetime.now(UTC))
        url = self._integration.webhook_url
        if mode is AuthMode.SECRET_PATH and not post.is_signed_well:
            url = url.replace(self._integration.secret, _WRONG)
        arguments = (url, body, self._simulator.content_type, headers)
        try:
            if post.is_dropped:
                self._client.deliver_and_hang_up(*arguments)
                return ""
            status = self._client.deliver(*arguments)
        except (httpx.TransportError, OSError) as error:
            return f"no answer ({type(error).__name__})"
        if post.is_signed_well:
            return "" if httpx.codes.is_success(status) else f"answered {status} instead of 2xx"
        return "" if status in _REFUSALS else f"answered {status} to a wrong signature"

    def _check(self, what: Plan) -> list[str]:
        """Wait until all is stored, then a little longer for what must not be."""
        deadline, pause = time.monotonic() + self._patience, _FIRST_LOOK
        time.sleep(min(pause, self._patience))
        while self._faults(what) and (left := deadline - time.monotonic()) > 0:
            pause = min(2 * pause, _SLOWEST_LOOK)
            time.sleep(min(pause, left))
        time.sleep(min(_SETTLED, self._patience))
        return self._faults(what)

    def _faults(self, what: Plan) -> list[str]:
        mine = {post.sample.measured_at for post in what.posts}
        stored = self._client.observations(self._patient_id, min(mine), max(mine) + _SECOND)
        here = [one for one in stored if one.measured_at in mine]
        return [*_compared(what, here), *self._expected_quarantine(what)]

    def _expected_quarantine(self, what: Plan) -> list[str]:
        """A message that cannot be read is kept for somebody to look at."""
        if what.fault is not Fault.MISSING_FIELD:
            return []
        kept = sum(self._client.inbox(self._integration.id, state) for state in ("quarantined", "rejected"))
        return [] if kept else ["the unreadable message is not in the inbox"]


def _compared(what: Plan, here: list[Stored]) -> list[str]:
    problems: list[str] = []
    expected = {sample.measured_at: sample for sample in what.stored}
    for at, sample in expected.items():
        found = [one for one in here if one.measured_at == at]
        if len(found) != 1:
            problems.append(f"stored {len(found)} times instead of once")
        elif not sample.is_stored_as(found[0].observation_type, found[0].values):
            problems.append("stored with other values")
    problems += ["stored although it must not be" for one in here if one.measured_at not in expected]
    return sorted(set(problems))


def run_vendor(
    client: LabClient, vendor: str, api: VendorApi, seed: int, patience: float, tell: Callable[[Finding], None]
) -> bool:
    """Run every fault of a vendor; returns whether all passed."""
    bench = Bench(client, vendor, api, patience)
    now = datetime.now(UTC)
    passed = True
    for fault in Fault:
        finding = bench.run(fault, seed, now)
        passed = passed and not finding.problems
        tell(finding)
    return passed
