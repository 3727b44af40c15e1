"""Fetching from Withings and iHealth: what is asked, what is signed, what an answer is worth."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import parse_qs

import pytest

from app.integrations.egress import CallFailed, Gate, Reply
from app.integrations.ihealth_client import Asked, IHealthApp, IHealthClient
from app.integrations.vendor_calls import VendorRefused, VendorUnavailable
from app.integrations.withings_client import Window, WithingsApp, WithingsClient, nonce_form, signature

_NOW = datetime(2026, 11, 20, 13, 15, tzinfo=UTC)
_WITHINGS = WithingsApp("id", "secret")
_IHEALTH = IHealthApp("id", "secret", "https://ours.example/", "sc", {"bp": "sv-bp"})
_WINDOW = Window("1,4", _NOW, _NOW)


class _Way:
    """A gate that leads to nobody: it notes what is asked and answers what the test says."""

    def __init__(self, *answers: Any) -> None:
        self.asked: list[tuple[str, dict[str, list[str]], dict[str, str]]] = []
        self._answers = list(answers)

    def _next(self) -> Reply:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else Reply(200, json.dumps(answer).encode())

    def post(self, _base: str, path: str, content: bytes, headers: dict[str, str]) -> Reply:
        self.asked.append((path, parse_qs(content.decode()), headers))
        return self._next()

    def get(self, _base: str, path: str, params: Any, headers: dict[str, str]) -> Reply:
        self.asked.append((path, {name: [value] for name, value in params}, headers))
        return self._next()


def _withings(way: _Way) -> WithingsClient:
    return WithingsClient(_WITHINGS, cast("Gate", way))


def _ihealth(way: _Way) -> IHealthClient:
    return IHealthClient(_IHEALTH, cast("Gate", way))


def test_withings_signs_the_values_in_the_order_of_their_names() -> None:
    """HMAC-SHA256 of `getnonce,id,1795180500`, computed with openssl."""
    form = nonce_form(_WITHINGS, _NOW)
    assert form["signature"] == "05371a06dea6d61968d850760f03c3d35b667947380f07dfff06a7b12180e65b"
    assert signature("secret", {"b": "2", "a": "1"}) == signature("secret", {"a": "1", "b": "2"})


def test_withings_refreshes_with_a_nonce_and_without_the_secret() -> None:
    """Each nonce works once."""
    way = _Way(
        {"status": 0, "body": {"nonce": "n1"}},
        {"status": 0, "body": {"access_token": "a2", "refresh_token": "r2", "expires_in": 10800}},
    )
    tokens = _withings(way).refresh("r1", _NOW)
    assert (tokens.access, tokens.refresh, tokens.expires_in_seconds) == ("a2", "r2", 10800)
    path, form, _ = way.asked[1]
    assert (path, form["nonce"], form["refresh_token"]) == ("/v2/oauth2", ["n1"], ["r1"])
    assert "secret" not in str(way.asked) + repr(tokens) + repr(_WITHINGS)


def test_withings_pages_until_there_is_no_more() -> None:
    """The pages stay as they came."""
    way = _Way(
        {"status": 0, "body": {"measuregrps": [], "more": 1, "offset": 40}},
        {"status": 0, "body": {"measuregrps": [], "more": 0}},
    )
    pages = _withings(way).measures("a1", _WINDOW)
    assert [json.loads(page)["status"] for page in pages] == [0, 0]
    assert "offset" not in way.asked[0][1]
    assert way.asked[1][1]["offset"] == ["40"]
    assert way.asked[0][2]["Authorization"] == "Bearer a1"


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ({"status": 401, "body": {}}, VendorRefused),
        ({"status": 601, "body": {}}, VendorUnavailable),
        ({"status": 0}, VendorUnavailable),
        ([], VendorUnavailable),
        (Reply(200, b"<html>"), VendorUnavailable),
        (Reply(503, b""), VendorUnavailable),
        (Reply(403, b""), VendorRefused),
        (CallFailed("ReadTimeout"), VendorUnavailable),
    ],
)
def test_withings_answers_that_are_none(answer: Any, refusal: type[Exception]) -> None:
    """What may be tried again, and what needs a new token."""
    with pytest.raises(refusal):
        _withings(_Way(answer)).measures("a1", _WINDOW)


def test_ihealth_asks_with_the_keys_of_the_collection() -> None:
    """And pages."""
    way = _Way({"BPDataList": [], "NextPageUrl": "x"}, {"BPDataList": [], "NextPageUrl": ""})
    assert len(_ihealth(way).data("a1", Asked("ab12", "bp", _NOW))) == 2
    path, params, _ = way.asked[1]
    assert path == "/openapiv2/user/ab12/bp.json/"
    assert (params["sv"], params["sc"], params["page_index"]) == (["sv-bp"], ["sc"], ["2"])


@pytest.mark.parametrize("user", ["../admin", "a/b", "", "a?b", "ü"])
def test_ihealth_puts_no_strangers_words_into_an_address(user: str) -> None:
    """The user id comes out of a notice."""
    with pytest.raises(VendorRefused):
        _ihealth(_Way()).data("a1", Asked(user, "bp"))


_CALLS: list[Callable[[_Way], Any]] = [
    lambda way: _ihealth(way).data("a1", Asked("ab12", "bp")),
    lambda way: _ihealth(way).refresh("ab12", "r1"),
]


@pytest.mark.parametrize("call", _CALLS)
def test_ihealth_says_when_it_refuses(call: Callable[[_Way], Any]) -> None:
    """An error with status 200 is an error."""
    with pytest.raises(VendorRefused):
        call(_Way({"Error": "5001"}))


def test_ihealth_refreshes() -> None:
    """Under its own names."""
    tokens = _ihealth(_Way({"AccessToken": "a2", "RefreshToken": "r2", "Expires": 3600})).refresh("ab12", "r1")
    assert (tokens.access, tokens.expires_in_seconds) == ("a2", 3600)
