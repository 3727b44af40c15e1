"""Whether a message is its vendor's: every way in which vendors prove it, judged in constant time.

Up to two secrets are live, so that one can be rotated without losing a message. The verdict tells which matched, never
the secret. Sources: the vendors' pages; Standard Webhooks 1.0 (Svix triple, tolerance 5 minutes); RFC 7617; RFC 2104.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network

TOLERANCE_SECONDS = 300  # both ways; exactly so much is still good
MAX_SECRETS = 2
_LONGEST_HEADER = 4096
_MOST_CANDIDATES = 10  # signatures in one header
_SVIX = ("webhook-id", "webhook-timestamp", "webhook-signature")
_OLD_SVIX = ("svix-id", "svix-timestamp", "svix-signature")
_SVIX_PREFIX = "whsec_"
_TIME = re.compile(r"[0-9]{1,12}")


class AuthMode(StrEnum):
    """How a vendor proves that a message is its own."""

    CUSTOM_HEADER = "custom_header"
    API_KEY = "api_key"
    SHARED_SECRET = "shared_secret"  # noqa: S105 - a mode's name
    BASIC = "basic"
    HMAC_HEX = "hmac_hex"
    HMAC_BASE64 = "hmac_base64"
    TIMESTAMPED_HMAC = "timestamped_hmac"
    SVIX = "svix"
    SECRET_PATH = "secret_path"  # noqa: S105 - a mode's name
    IP_ALLOW_LIST = "ip_allow_list"


DEFAULT_HEADERS = {
    AuthMode.CUSTOM_HEADER: "X-Webhook-Key",
    AuthMode.API_KEY: "X-Api-Key",
    AuthMode.SHARED_SECRET: "X-Webhook-Secret",
    AuthMode.HMAC_HEX: "X-Signature",
    AuthMode.HMAC_BASE64: "X-Signature",
    AuthMode.TIMESTAMPED_HMAC: "X-Webhook-Signature",
}


class Outcome(StrEnum):
    """Why a message was believed or not."""

    ACCEPTED = "accepted"
    MISSING = "missing"  # the header, or whatever carries the proof, did not come
    MALFORMED = "malformed"
    MISMATCH = "mismatch"
    TOO_OLD = "too_old"
    TOO_NEW = "too_new"
    WRONG_ADDRESS = "wrong_address"
    NOT_CONFIGURED = "not_configured"


@dataclass(frozen=True, slots=True)
class Auth:
    """How an integration's messages are checked.

    `secrets` is newest first; `networks` (CIDR) restricts every mode, and is all there is to IP_ALLOW_LIST.
    """

    mode: AuthMode
    secrets: tuple[str, ...] = ()
    header: str = ""
    username: str = ""
    networks: tuple[str, ...] = ()
    tolerance_seconds: int = TOLERANCE_SECONDS


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came: the body to the byte, the headers, from where, and the last part of the address if it is a secret."""

    raw: bytes
    headers: Mapping[str, str]
    remote_address: str = ""
    path_secret: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to believe it, by which way, and which secret matched: 0 is the newest."""

    outcome: Outcome
    mode: AuthMode
    secret_index: int | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the message is its vendor's."""
        return self.outcome is Outcome.ACCEPTED


def judge(auth: Auth, delivery: Delivery, now: datetime) -> Verdict:
    """Return whether a delivery is its vendor's. Raises nothing, whatever came."""
    if auth.networks and not _is_within(delivery.remote_address, auth.networks):
        return Verdict(Outcome.WRONG_ADDRESS, auth.mode)
    if auth.mode is AuthMode.IP_ALLOW_LIST:
        return Verdict(Outcome.ACCEPTED if auth.networks else Outcome.NOT_CONFIGURED, auth.mode)
    if not any(auth.secrets):
        return Verdict(Outcome.NOT_CONFIGURED, auth.mode)
    headers = {name.lower(): value for name, value in delivery.headers.items() if len(value) <= _LONGEST_HEADER}
    outcome, index = _CHECKS[auth.mode](auth, delivery, headers, now)
    return Verdict(outcome, auth.mode, index)


_Judged = tuple[Outcome, int | None]
_Expected = Callable[[str], bytes]


def _check_header(auth: Auth, _delivery: Delivery, headers: Mapping[str, str], _now: datetime) -> _Judged:
    value = headers.get(_header(auth))
    return _matched([_bytes(value)], auth.secrets, _bytes) if value else (Outcome.MISSING, None)


def _check_path(auth: Auth, delivery: Delivery, _headers: Mapping[str, str], _now: datetime) -> _Judged:
    value = delivery.path_secret
    return _matched([_bytes(value)], auth.secrets, _bytes) if value else (Outcome.MISSING, None)


def _check_basic(auth: Auth, _delivery: Delivery, headers: Mapping[str, str], _now: datetime) -> _Judged:
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return Outcome.MISSING, None
    sent = _decoded(encoded.strip())
    if sent is None or b":" not in sent:
        return Outcome.MALFORMED, None
    return _matched([sent], auth.secrets, lambda secret: _bytes(f"{auth.username}:{secret}"))


def _check_body_hmac(auth: Auth, delivery: Delivery, headers: Mapping[str, str], _now: datetime) -> _Judged:
    value = headers.get(_header(auth))
    if not value:
        return Outcome.MISSING, None
    sent = _digest(value.strip().removeprefix("sha256="), is_hex=auth.mode is AuthMode.HMAC_HEX)
    if sent is None:
        return Outcome.MALFORMED, None
    return _matched([sent], auth.secrets, lambda secret: sign(_bytes(secret), delivery.raw))


def _check_timestamped(auth: Auth, delivery: Delivery, headers: Mapping[str, str], now: datetime) -> _Judged:
    """`t=…,v1=…`, also several `v1`; the time may stand in `X-Webhook-Timestamp` instead."""
    value = headers.get(_header(auth))
    if not value:
        return Outcome.MISSING, None
    pairs = [part.strip().partition("=")[::2] for part in value.split(",")][: _MOST_CANDIDATES + 1]
    told = next((text for name, text in pairs if name == "t"), headers.get("x-webhook-timestamp", ""))
    sent = [found for name, text in pairs if name == "v1" and (found := _digest(text, is_hex=True)) is not None]
    wrong = _time_outcome(told, now, auth.tolerance_seconds)
    if wrong or not sent:
        return wrong or Outcome.MALFORMED, None
    return _matched(sent, auth.secrets, lambda secret: sign(_bytes(secret), f"{told}.".encode() + delivery.raw))


def _check_svix(auth: Auth, delivery: Delivery, headers: Mapping[str, str], now: datetime) -> _Judged:
    names = _SVIX if _SVIX[0] in headers else _OLD_SVIX
    event_id, told, signatures = (headers.get(name, "") for name in names)
    if not (event_id and told and signatures):
        return Outcome.MISSING, None
    texts = [text.removeprefix("v1,") for text in signatures.split() if text.startswith("v1,")][:_MOST_CANDIDATES]
    sent = [found for text in texts if (found := _digest(text, is_hex=False)) is not None]
    wrong = _time_outcome(told, now, auth.tolerance_seconds)
    if wrong or not sent:
        return wrong or Outcome.MALFORMED, None
    signed = _bytes(f"{event_id}.{told}.") + delivery.raw
    return _matched(sent, auth.secrets, lambda secret: sign(svix_key(secret), signed))


_CHECKS: dict[AuthMode, Callable[[Auth, Delivery, Mapping[str, str], datetime], _Judged]] = {
    AuthMode.CUSTOM_HEADER: _check_header,
    AuthMode.API_KEY: _check_header,
    AuthMode.SHARED_SECRET: _check_header,
    AuthMode.BASIC: _check_basic,
    AuthMode.HMAC_HEX: _check_body_hmac,
    AuthMode.HMAC_BASE64: _check_body_hmac,
    AuthMode.TIMESTAMPED_HMAC: _check_timestamped,
    AuthMode.SVIX: _check_svix,
    AuthMode.SECRET_PATH: _check_path,
}


def sign(key: bytes, message: bytes) -> bytes:
    """Return the 32 bytes of HMAC-SHA256."""
    return hmac.new(key, message, hashlib.sha256).digest()


def svix_key(secret: str) -> bytes:
    """Return the key inside a `whsec_…` secret; one that is not base64 is taken as it stands."""
    text = secret.removeprefix(_SVIX_PREFIX)
    key = _decoded(text)
    return key if key is not None else _bytes(text)


def _matched(sent: Iterable[bytes], secrets: tuple[str, ...], expected: _Expected) -> _Judged:
    """Compare everything with everything, so that the time tells nothing; the newest secret wins."""
    index: int | None = None
    candidates = list(sent)
    for position, secret in enumerate(secrets[:MAX_SECRETS]):
        wanted = expected(secret)
        hits = [hmac.compare_digest(one, wanted) for one in candidates]
        if secret and any(hits) and index is None:
            index = position
    return (Outcome.MISMATCH, None) if index is None else (Outcome.ACCEPTED, index)


def _time_outcome(told: str, now: datetime, tolerance: int) -> Outcome | None:
    if not (told.isascii() and _TIME.fullmatch(told)):
        return Outcome.MALFORMED
    age = now.timestamp() - int(told)
    if age > tolerance:
        return Outcome.TOO_OLD
    return Outcome.TOO_NEW if -age > tolerance else None


def _header(auth: Auth) -> str:
    return (auth.header or DEFAULT_HEADERS[auth.mode]).lower()


def _digest(text: str, *, is_hex: bool) -> bytes | None:
    if not is_hex:
        return _decoded(text)
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _is_within(address: str, networks: Iterable[str]) -> bool:
    try:
        came_from = ip_address(address)
        ranges = [ip_network(network, strict=False) for network in networks]
    except ValueError:
        return False
    plain = getattr(came_from, "ipv4_mapped", None) or came_from
    return any(plain in network for network in ranges if network.version == plain.version)
