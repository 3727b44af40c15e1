"""What only the real server decides: sizes (S38), smuggling (S43), what it says of itself (S56)."""

import re
import time
from collections.abc import Iterator

import pytest
from flask import Flask

from config import Settings
from tests.attack.server import Server, gunicorn

pytestmark = pytest.mark.slow
LOGIN = b"/api/v1/auth/login/"
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@pytest.fixture(scope="module")
def server(app: Flask, settings: Settings) -> Iterator[Server]:
    """One server for all."""
    with gunicorn(settings) as running:
        yield running


def _statuses(answered: bytes) -> list[int]:
    return [int(status) for status in _STATUS.findall(answered)]


def _request(*headers: bytes, body: bytes = b"", method: bytes = b"POST", path: bytes = LOGIN) -> bytes:
    lines = [method + b" " + path + b" HTTP/1.1", b"Host: localhost", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


JSON = b"Content-Type: application/json"
CHUNKED = b"Transfer-Encoding: chunked"
CLOSE = b"Connection: close"
MEGABYTE = 1024 * 1024


def _chunks(size: int) -> bytes:
    chunk = b"x" * 65536
    return b"".join(b"10000\r\n" + chunk + b"\r\n" for _ in range(size // 65536)) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("request_", "statuses"),
    [
        (_request(JSON, b"Content-Length: 1048577", CLOSE, body=b"x" * (MEGABYTE + 1)), {413}),
        (_request(JSON, b"Content-Length: 99999999999", CLOSE), {413}),
        (_request(JSON, CHUNKED, CLOSE, body=_chunks(2 * MEGABYTE)), {413}),
        (
            _request(JSON, b"Content-Encoding: gzip", b"Content-Length: 9", CLOSE, body=b"\x1f\x8b\x08aaaaaa"),
            {400, 415},
        ),
        (_request(*(b"X-%d: 1" % number for number in range(101)), CLOSE, method=b"GET"), {400, 431}),
        (_request(b"X-Long: " + b"a" * 9000, CLOSE, method=b"GET"), {400, 431}),
        (_request(CLOSE, method=b"GET", path=b"/api/v1/patients/?search=" + b"a" * 5000), {400, 414}),
        (_request(b"Content-Length: -1", CLOSE), {400}),
        (_request(b"Content-Length: 0x10", CLOSE), {400}),
    ],
    ids=["body", "a length that lies", "chunks", "gzip", "headers", "header", "address", "negative", "hexadecimal"],
)
def test_s38_what_is_too_large_is_refused_at_once(server: Server, request_: bytes, statuses: set[int]) -> None:
    """In less than a second."""
    began = time.perf_counter()
    answered = server.send(request_)
    assert time.perf_counter() - began < 1
    assert set(_statuses(answered)[:1]) <= statuses, answered[:200]
    assert _statuses(answered), "no answer at all"


def test_s38_large_bodies_do_not_make_the_server_grow(server: Server) -> None:
    """Less than 50 MiB after a hundred of them."""
    before = server.memory
    for _ in range(50):
        server.send(_request(JSON, b"Content-Length: 1048577", CLOSE, body=b"x" * (MEGABYTE + 1)))
        server.send(_request(JSON, CHUNKED, CLOSE, body=_chunks(2 * MEGABYTE)))
    assert server.memory - before < 50 * MEGABYTE


_HONEST = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
_SECOND = b"GET /admin/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
_LENGTH = str(len(_SECOND)).encode()


@pytest.mark.parametrize(
    "attack",
    [
        _request(b"Content-Length: 6", CHUNKED, JSON, body=b"0\r\n\r\n" + _SECOND),
        _request(CHUNKED, b"Content-Length: 4", JSON, body=b"5c\r\n" + _SECOND),
        _request(b"Content-Length: 0", b"Content-Length: " + _LENGTH, JSON, body=_SECOND),
        _request(b"Content-Length: 0, " + _LENGTH, JSON, body=_SECOND),
        _request(b"Transfer-Encoding: xchunked", b"Content-Length: 0", JSON, body=_SECOND),
        _request(b"Transfer-Encoding : chunked", b"Content-Length: 0", JSON, body=_SECOND),
        _request(b"Transfer-Encoding: chunked, identity", JSON, body=b"0\r\n\r\n" + _SECOND),
        _request(b"Transfer-Encoding: \x0bchunked", JSON, body=b"0\r\n\r\n" + _SECOND),
        _request(b"X-Folded: a", b" b: Content-Length: 0", b"Content-Length: 0", JSON, body=b""),
        _request(b"Content-Length: +0", JSON, body=_SECOND),
        _request(CHUNKED, JSON, body=b"0;\n\r\nGET"),
        _request(CHUNKED, JSON, body=b"-1\r\n\r\n" + _SECOND),
        b"GET /health/live HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n" + _SECOND,
        b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX: a\nContent-Length: 50\r\n\r\n" + _SECOND,
        b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX\x00: a\r\n\r\n",
        b"GET /health/live HTTP/9.9\r\nHost: localhost\r\n\r\n" + _SECOND,
    ],
    ids=[
        "CL.TE", "TE.CL", "two lengths", "a list of lengths", "unknown coding", "space before colon",
        "coding after chunked", "vertical tab", "folded line", "signed length", "bare LF in chunk", "negative chunk",
        "bare LF", "LF in a header", "NUL in a name", "no such version",
    ],
)  # fmt: skip
def test_s43_what_two_parsers_could_read_differently_is_refused(server: Server, attack: bytes) -> None:
    """400 (or 501, 505), and the connection is closed: what follows on it is not read, let alone answered."""
    statuses = _statuses(server.send(attack, _HONEST, _HONEST, pause=0.2))
    assert len(statuses) == 1, statuses
    assert statuses[0] in {400, 501, 505}, statuses


def test_s43_honest_requests_in_a_row_get_their_answers(server: Server) -> None:
    """So that the attacks above mean something."""
    assert _statuses(server.send(_HONEST, _HONEST, _HONEST, pause=0.2)) == [200, 200, 200]


@pytest.mark.parametrize("path", [b"/health/live", b"/api/v1/patients/", b"/nowhere", b"/admin/login"])
def test_s56_the_server_does_not_say_which_it_is(server: Server, path: bytes) -> None:
    """Neither name nor version."""
    answered = server.send(_request(CLOSE, method=b"GET", path=path)).lower()
    assert not [
        name for name in (b"gunicorn", b"werkzeug", b"python", b"flask") if name in answered.split(b"\r\n\r\n")[0]
    ]
    assert b"strict-transport-security: max-age=63072000" in answered
