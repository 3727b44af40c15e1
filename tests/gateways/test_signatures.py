"""Every way of proving who sends: good, wrong, missing, rotated, replayed."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gateways.signatures import Auth, AuthMode, Delivery, Outcome, judge, sign, svix_key

_NOW = datetime(2026, 11, 20, 13, 15, tzinfo=UTC)
_T = int(_NOW.timestamp())
_RAW = b'{"a": 1}'
_NEW, _OLD = "new-secret-0123456789", "old-secret-0123456789"
_SECRETS = (_NEW, _OLD)
_WHSEC = "whsec_" + base64.b64encode(b"k" * 24).decode()


def _hex(secret: str, message: bytes = _RAW) -> str:
    return sign(secret.encode(), message).hex()


def _stamped(secret: str, at: int = _T, raw: bytes = _RAW) -> str:
    return f"t={at},v1={_hex(secret, f'{at}.'.encode() + raw)}"


def _svix(secret: str, at: int = _T, event: str = "msg_1") -> dict[str, str]:
    made = base64.b64encode(sign(svix_key(secret), f"{event}.{at}.".encode() + _RAW)).decode()
    return {"webhook-id": event, "webhook-timestamp": str(at), "webhook-signature": f"v1,{made}"}


def _basic(user: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


def _headers(mode: AuthMode, secret: str) -> dict[str, str]:
    """Return what a vendor with this secret sends."""
    if mode is AuthMode.SVIX:
        return _svix(secret)
    return {
        AuthMode.CUSTOM_HEADER: {"X-My-Key": secret},
        AuthMode.API_KEY: {"x-api-key": secret},
        AuthMode.SHARED_SECRET: {"Impilo-Webhook-Secret": secret},
        AuthMode.BASIC: {"Authorization": _basic("vendor", secret)},
        AuthMode.HMAC_HEX: {"X-Signature": _hex(secret)},
        AuthMode.HMAC_BASE64: {"X-Signature": base64.b64encode(sign(secret.encode(), _RAW)).decode()},
        AuthMode.TIMESTAMPED_HMAC: {"X-Webhook-Signature": _stamped(secret)},
        AuthMode.SECRET_PATH: {},
    }[mode]


_NAMED = {AuthMode.CUSTOM_HEADER: "x-my-key", AuthMode.SHARED_SECRET: "Impilo-Webhook-Secret"}
_MODES = [mode for mode in AuthMode if mode is not AuthMode.IP_ALLOW_LIST]


def _judged(mode: AuthMode, secret: str, secrets: tuple[str, ...] = _SECRETS) -> tuple[Outcome, int | None]:
    auth = Auth(mode, secrets, _NAMED.get(mode, ""), "vendor")
    verdict = judge(auth, Delivery(_RAW, _headers(mode, secret), path_secret=secret), _NOW)
    return verdict.outcome, verdict.secret_index


@pytest.mark.parametrize("mode", _MODES)
def test_both_live_secrets_open_and_are_told_apart(mode: AuthMode) -> None:
    """So that one sees when the old one is no longer used."""
    assert _judged(mode, _NEW) == (Outcome.ACCEPTED, 0)
    assert _judged(mode, _OLD) == (Outcome.ACCEPTED, 1)


@pytest.mark.parametrize("mode", _MODES)
def test_a_wrong_secret_does_not_open(mode: AuthMode) -> None:
    """Nor a third one, should somebody have left it there."""
    assert _judged(mode, "another-secret-012345") == (Outcome.MISMATCH, None)
    assert _judged(mode, "third", (*_SECRETS, "third")) == (Outcome.MISMATCH, None)


@pytest.mark.parametrize("mode", _MODES)
def test_without_proof_or_without_secrets_nothing_opens(mode: AuthMode) -> None:
    """An integration without a secret is closed, not open."""
    bare = Delivery(_RAW, {})
    assert judge(Auth(mode, _SECRETS), bare, _NOW).outcome is Outcome.MISSING
    empty = Delivery(_RAW, _headers(mode, ""), path_secret="")
    assert judge(Auth(mode, ("",), _NAMED.get(mode, ""), "vendor"), empty, _NOW).outcome is Outcome.NOT_CONFIGURED
    assert not judge(Auth(mode, ("", _OLD), _NAMED.get(mode, ""), "vendor"), empty, _NOW).is_accepted


@pytest.mark.parametrize("mode", [AuthMode.HMAC_HEX, AuthMode.HMAC_BASE64, AuthMode.TIMESTAMPED_HMAC, AuthMode.SVIX])
def test_s81_a_changed_byte_is_noticed(mode: AuthMode) -> None:
    """The signature is over the raw body."""
    verdict = judge(Auth(mode, _SECRETS), Delivery(b'{"a": 2}', _headers(mode, _NEW)), _NOW)
    assert verdict.outcome is Outcome.MISMATCH


@pytest.mark.parametrize(
    ("shift", "outcome"),
    [(300, Outcome.ACCEPTED), (301, Outcome.TOO_OLD), (-300, Outcome.ACCEPTED), (-301, Outcome.TOO_NEW)],
)
@pytest.mark.parametrize("mode", [AuthMode.TIMESTAMPED_HMAC, AuthMode.SVIX])
def test_s81_five_minutes_are_good_and_a_second_more_is_not(mode: AuthMode, shift: int, outcome: Outcome) -> None:
    """Both ways."""
    now = _NOW + timedelta(seconds=shift)
    assert judge(Auth(mode, _SECRETS), Delivery(_RAW, _headers(mode, _NEW)), now).outcome is outcome


def test_s81_one_good_signature_of_two_is_enough() -> None:
    """As a sender signs while it rotates its secret."""
    stamped = f"{_stamped('x')},v1={_hex(_OLD, f'{_T}.'.encode() + _RAW)}"
    assert judge(
        Auth(AuthMode.TIMESTAMPED_HMAC, (_OLD,)), Delivery(_RAW, {"X-Webhook-Signature": stamped}), _NOW
    ).is_accepted
    headers = _svix("x")
    headers["webhook-signature"] += " v1a,abc " + _svix(_NEW)["webhook-signature"]
    assert judge(Auth(AuthMode.SVIX, _SECRETS), Delivery(_RAW, headers), _NOW).is_accepted


def test_a_time_may_stand_in_a_header_of_its_own() -> None:
    """`X-Webhook-Timestamp`, and only the signature beside it."""
    headers = {"X-Webhook-Timestamp": str(_T), "X-Webhook-Signature": _stamped(_NEW).partition(",")[2]}
    assert judge(Auth(AuthMode.TIMESTAMPED_HMAC, _SECRETS), Delivery(_RAW, headers), _NOW).is_accepted


def test_svix_knows_its_own_names_and_secrets() -> None:
    """`svix-…` headers and a `whsec_` secret."""
    headers = {name.replace("webhook", "svix"): value for name, value in _svix(_WHSEC).items()}
    assert judge(Auth(AuthMode.SVIX, (_WHSEC,)), Delivery(_RAW, headers), _NOW).is_accepted


@pytest.mark.parametrize(
    ("mode", "headers"),
    [
        (AuthMode.BASIC, {"Authorization": "Basic ü"}),
        (AuthMode.BASIC, {"Authorization": "Basic bm9jb2xvbg=="}),
        (AuthMode.HMAC_HEX, {"X-Signature": "zz"}),
        (AuthMode.HMAC_BASE64, {"X-Signature": "a"}),
        (AuthMode.TIMESTAMPED_HMAC, {"X-Webhook-Signature": "t=x,v1=00"}),
        (AuthMode.TIMESTAMPED_HMAC, {"X-Webhook-Signature": f"t={_T}"}),
        (AuthMode.TIMESTAMPED_HMAC, {"X-Webhook-Signature": f"t=-{_T},v1=00"}),
        (AuthMode.SVIX, {**_svix(_NEW), "webhook-signature": "v2,abc"}),
    ],
)
def test_a_proof_that_cannot_be_read_is_malformed(mode: AuthMode, headers: dict[str, str]) -> None:
    """Told apart from a wrong one, for whoever sets it up."""
    assert judge(Auth(mode, _SECRETS), Delivery(_RAW, headers), _NOW).outcome is Outcome.MALFORMED


@pytest.mark.parametrize(
    ("address", "is_in"),
    [
        ("192.0.2.7", True),
        ("192.0.3.7", False),
        ("::ffff:192.0.2.7", True),
        ("2001:db8::1", True),
        ("", False),
        ("x", False),
    ],
)
def test_an_allow_list_closes_every_mode_to_other_addresses(address: str, is_in: bool) -> None:
    """And is a mode of its own."""
    networks = ("192.0.2.0/24", "2001:db8::/32")
    alone = judge(Auth(AuthMode.IP_ALLOW_LIST, networks=networks), Delivery(_RAW, {}, address), _NOW)
    beside = Auth(AuthMode.API_KEY, _SECRETS, networks=networks)
    with_key = judge(beside, Delivery(_RAW, {"X-Api-Key": _NEW}, address), _NOW)
    assert alone.is_accepted is with_key.is_accepted is is_in


def test_an_empty_allow_list_lets_nobody_in() -> None:
    """It is not configured."""
    assert not judge(Auth(AuthMode.IP_ALLOW_LIST), Delivery(_RAW, {}, "192.0.2.7"), _NOW).is_accepted


@given(
    mode=st.sampled_from(list(AuthMode)),
    value=st.text(max_size=60),
    name=st.sampled_from(["authorization", "x-signature", "x-webhook-signature", "webhook-id", "webhook-timestamp",
                          "webhook-signature", "x-api-key", "x-webhook-timestamp"]),
    raw=st.binary(max_size=20),
    networks=st.sampled_from([(), ("10.0.0.0/8",), ("nonsense",)]),
)  # fmt: skip
def test_nothing_that_comes_raises_or_opens(
    mode: AuthMode, value: str, name: str, raw: bytes, networks: tuple[str, ...]
) -> None:
    """Headers are strangers' words."""
    headers = {name: value, "webhook-id": value, "webhook-timestamp": str(_T), "webhook-signature": f"v1,{value}"}
    verdict = judge(Auth(mode, _SECRETS, networks=networks), Delivery(raw, headers, value, value), _NOW)
    assert not verdict.is_accepted
