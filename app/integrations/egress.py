"""Going out to other systems: resolve once, look at every address, and connect to the address that was looked at."""

import random
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address

import httpx

from app.domain.egress import AddressRefused, EgressRules, Target, check_address, parse_target
from app.domain.errors import EmrUnavailable

MAX_BODY = 4 * 1024 * 1024
_TIMEOUT = httpx.Timeout(10.0, connect=4.0)
_PATIENCE = 10.0  # seconds after which no further try is begun: somebody waits, and a database transaction may
_LONGEST_BODY = 8.0  # seconds
_MAX_TRIES = 3
_FIRST_WAIT = 0.3  # seconds, doubled each time, with full jitter
_LONGEST_WAIT = 5.0
_RETRIED = frozenset({429, 500, 502, 503, 504})
Params = Sequence[tuple[str, str]]
_NOT_FOUND_NAME = "The host's name is not known."


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other system answered."""

    status: int
    body: bytes
    retry_after: str | None = None


class CallFailed(Exception):
    """Nothing usable came back. The other system may have done what it was asked all the same."""


class Gate:
    """The one way out; configured once by the factory."""

    def __init__(self) -> None:
        self.rules = EgressRules()
        self.sleep: Callable[[float], None] = time.sleep

    @cached_property
    def trusted(self) -> ssl.SSLContext:
        """Whose certificates are good: the usual authorities, or those of the file that SSL_CERT_FILE names."""
        return httpx.create_ssl_context()

    def configure(self, private_hosts: frozenset[str], *, allows_local_http: bool) -> None:
        """Say what is allowed beyond public hosts by https."""
        self.rules = EgressRules(private_hosts, allows_local_http)

    def check(self, url: str) -> Target:
        """Return a base address taken apart, its host looked up and allowed now; raises AddressRefused."""
        target = parse_target(url, self.rules)
        self._addresses(target)
        return target

    def get(self, base_url: str, path: str, params: Params, headers: dict[str, str]) -> Reply:
        """Fetch something below a base address, trying three times; raises EmrUnavailable.

        A redirect is an answer like any other: it is not followed.
        """
        try:
            target = parse_target(base_url, self.rules)
            addresses = self._addresses(target)
        except AddressRefused as refusal:
            raise EmrUnavailable(f"The medical record system was not called: {refusal}") from refusal
        begun = time.monotonic()
        for attempt in range(1, _MAX_TRIES + 1):
            try:
                address = addresses[(attempt - 1) % len(addresses)]
                response = self._once(target, address, _Call("GET", path, params, headers))
            except httpx.TransportError as error:
                if _is_spent(attempt, begun):
                    raise EmrUnavailable from error
                self._wait(attempt, None)
                continue
            if response.status not in _RETRIED:
                return Reply(response.status, response.body)
            if _is_spent(attempt, begun) or not self._wait(attempt, response.retry_after):
                raise EmrUnavailable
        raise EmrUnavailable

    def post(self, base_url: str, path: str, content: bytes, headers: dict[str, str]) -> Reply:
        """Send something below a base address, once: whoever sends it knows whether to do so again.

        Raises AddressRefused, and CallFailed when there is no whole answer; a redirect is an answer like any other.
        """
        target = parse_target(base_url, self.rules)
        address = self._addresses(target)[0]
        try:
            answer = self._once(target, address, _Call("POST", path, (), headers, content))
        except (httpx.TransportError, EmrUnavailable) as error:
            raise CallFailed(type(error).__name__) from None  # its words may repeat the address
        return Reply(answer.status, answer.body, answer.retry_after)

    def is_on_this_machine(self, base_url: str) -> bool:
        """Say whether a base address leads to this machine and nowhere else; raises AddressRefused."""
        return all(ip_address(found).is_loopback for found in self._addresses(parse_target(base_url, self.rules)))

    def _once(self, target: Target, address: str, call: "_Call") -> "_Answer":
        there = f"[{address}]" if ":" in address else address
        params = list(call.params) or None
        url = httpx.URL(f"{target.scheme}://{there}:{target.port}{target.path}{call.path}", params=params)
        asked = {"Host": _host_header(target), "Accept-Encoding": "identity", **call.headers}
        extensions = {"sni_hostname": target.host} if target.scheme == "https" else {}
        with (
            httpx.Client(timeout=_TIMEOUT, trust_env=False, follow_redirects=False, verify=self.trusted) as client,
            client.stream(call.method, url, headers=asked, extensions=extensions, content=call.content) as response,
        ):
            return _Answer(response.status_code, _read(response), response.headers.get("Retry-After"))

    def _addresses(self, target: Target) -> list[str]:
        """Look the host up once; every address it has must be allowed, and no other is called."""
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise AddressRefused(_NOT_FOUND_NAME) from error
        addresses = [str(info[4][0]).partition("%")[0] for info in found]
        for address in addresses:
            check_address(ip_address(address), target.host, self.rules)
        return addresses

    def _wait(self, attempt: int, retry_after: str | None) -> bool:
        """Sleep before the next try; False when the other system asks for more patience than a request has."""
        if retry_after and retry_after.isdecimal():
            if len(retry_after) > 1 or int(retry_after) > _LONGEST_WAIT:
                return False
            self.sleep(float(retry_after))
            return True
        self.sleep(random.uniform(0, _FIRST_WAIT * 2**attempt))  # noqa: S311 - spreads retries, hides nothing
        return True


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    params: Params
    headers: dict[str, str]
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    retry_after: str | None


gate = Gate()


def _is_spent(attempt: int, begun: float) -> bool:
    return attempt == _MAX_TRIES or time.monotonic() - begun > _PATIENCE


def _host_header(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port in {80, 443} else f"{host}:{target.port}"


def _read(response: httpx.Response) -> bytes:
    """Read a body up to its limit; what is compressed all the same is not unpacked, for it could be a bomb."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise EmrUnavailable("The other system compresses its answers though it was asked not to.")
    body = bytearray()
    deadline = time.monotonic() + _LONGEST_BODY
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > MAX_BODY or time.monotonic() > deadline:
            raise EmrUnavailable("The other system's answer is too long.")
    return bytes(body)
