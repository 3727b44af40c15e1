"""Push messages by Firebase Cloud Messaging, HTTP v1.

Public references: POST /v1/projects/{project}/messages:send with `message{token, notification, android, apns}`; an
error carries `details[].errorCode`, of which UNREGISTERED means that the phone is gone. Signing in is OAuth 2.0 for
service accounts (RFC 7523): a JWT signed with the account's key is exchanged for a token of an hour.
"""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from app.domain.notifications.settings import Failure
from app.integrations.notification_senders import (
    Account,
    Message,
    NotTaken,
    Post,
    as_json,
    parsed,
    reference_of,
    require_success,
)

_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME = 3600  # seconds, the longest allowed
_MARGIN = 60
_FORM = "application/x-www-form-urlencoded"
_UNAUTHORISED = 401
_NEEDED = ("project_id", "client_email", "private_key", "token_uri")


class _Tokens:
    """Access tokens by the hash of the key file that they were given for; each process has its own."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, float]] = {}
        self._lock = Lock()

    def get(self, secret: str, at: float) -> str | None:
        with self._lock:
            token, until = self._kept.get(_digest(secret), ("", 0.0))
        return token if at < until - _MARGIN else None

    def keep(self, secret: str, token: str, until: float) -> None:
        with self._lock:
            self._kept[_digest(secret)] = token, until

    def forget(self, secret: str) -> None:
        with self._lock:
            self._kept.pop(_digest(secret), None)


tokens = _Tokens()


class FcmPush:
    """Speaks FCM's interface. A repetition replaces the first copy on the phone, by its collapse key."""

    needs_receipt = False

    def __init__(self, account: Account, post: Post | None = None, sign_in: Callable[[str], Post] = Post) -> None:
        self._account, self._post, self._sign_in = account, post or Post(account.base_url), sign_in

    def send(self, message: Message) -> str | None:
        """Hand one message over and return its `name`; raises NotTaken."""
        secret = self._account.secret or ""
        key_file = read_key_file(secret)
        reply = self._post(
            f"/v1/projects/{quote(key_file['project_id'], safe='')}/messages:send",
            as_json(_body(message)),
            {"Authorization": f"Bearer {self._token(secret, key_file)}", "Content-Type": "application/json"},
        )
        if reply.status == _UNAUTHORISED:
            tokens.forget(secret)
        if _error_code(parsed(reply)) == "UNREGISTERED":
            raise NotTaken(Failure.TOKEN_GONE)
        require_success(reply)
        return reference_of(parsed(reply).get("name"))

    def _token(self, secret: str, key_file: Mapping[str, str]) -> str:
        at = time.time()
        kept = tokens.get(secret, at)
        if kept:
            return kept
        place = urlsplit(key_file["token_uri"])
        form = urlencode({"grant_type": _GRANT, "assertion": assertion(key_file, int(at))})
        reply = self._sign_in(f"{place.scheme}://{place.netloc}")(place.path, form.encode(), {"Content-Type": _FORM})
        if reply.status in {400, _UNAUTHORISED}:  # RFC 6749, 5.2: invalid_grant and its like
            raise NotTaken(Failure.SIGN_IN_REFUSED)
        require_success(reply)
        token = parsed(reply).get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise NotTaken(Failure.ODD_ANSWER)
        tokens.keep(secret, token, at + _lifetime(parsed(reply)))
        return token


def read_key_file(secret: str) -> Mapping[str, str]:
    """Return what a service account's key file says; raises NotTaken when it is none or its key is no RSA key."""
    try:
        found = json.loads(secret)
    except (ValueError, RecursionError):
        raise NotTaken(Failure.NOT_CONFIGURED) from None
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in _NEEDED):
        raise NotTaken(Failure.NOT_CONFIGURED)
    _private_key(found["private_key"])
    return {name: found[name] for name in (*_NEEDED, "private_key_id") if isinstance(found.get(name), str)}


def assertion(key_file: Mapping[str, str], at: int) -> str:
    """Return the signed JWT (RS256) that is exchanged for an access token."""
    head = {"alg": "RS256", "typ": "JWT"} | (
        {"kid": key_file["private_key_id"]} if "private_key_id" in key_file else {}
    )
    claims = {
        "iss": key_file["client_email"], "scope": _SCOPE, "aud": key_file["token_uri"],
        "iat": at, "exp": at + _LIFETIME,
    }  # fmt: skip
    signed = f"{_part(as_json(head))}.{_part(as_json(claims))}"
    signature = _private_key(key_file["private_key"]).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_part(signature)}"


def _private_key(pem: str) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise NotTaken(Failure.NOT_CONFIGURED) from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise NotTaken(Failure.NOT_CONFIGURED)
    return key


def _body(message: Message) -> dict[str, Any]:
    return {
        "message": {
            "token": message.to,
            "notification": {"title": message.title, "body": message.text},
            "data": {"link": message.link},
            "android": {"priority": "HIGH" if message.is_critical else "NORMAL", "collapse_key": message.id},
            "apns": {"headers": {
                "apns-priority": "10" if message.is_critical else "5", "apns-collapse-id": message.id,
            }},
        }
    }  # fmt: skip


def _error_code(body: Mapping[str, Any]) -> str | None:
    error = body.get("error")
    details = error.get("details") if isinstance(error, dict) else None
    codes = (
        [one.get("errorCode") for one in details or [] if isinstance(one, dict)] if isinstance(details, list) else []
    )
    return next((code for code in codes if isinstance(code, str)), None)


def _lifetime(body: Mapping[str, Any]) -> float:
    seconds = body.get("expires_in")
    return float(min(seconds, _LIFETIME)) if isinstance(seconds, int) and seconds > 0 else 0.0


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
