"""The way out: where it does not lead, how often it tries, what it does not swallow."""

import gzip
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.domain.egress import AddressRefused
from app.domain.errors import EmrUnavailable
from app.integrations.egress import MAX_BODY, Gate, Reply
from tests.fhir_server import FhirServer, fhir_server


@pytest.fixture
def server() -> Iterator[FhirServer]:
    """A server on this machine."""
    with fhir_server() as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    """How long the gate has waited."""
    return []


@pytest.fixture
def gate(waits: list[float]) -> Gate:
    """A developer's gate, which does not really wait."""
    gate = Gate()
    gate.configure(frozenset(), allows_local_http=True)
    gate.sleep = waits.append
    return gate


def _get(gate: Gate, url: str) -> Reply:
    return gate.get(url, "/metadata", (), {})


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://127.1/"])
def test_s80_this_machine_is_refused_at_save_and_at_connect(url: str) -> None:
    """Outside of development."""
    gate = Gate()
    with pytest.raises(AddressRefused):
        gate.check(url)
    with pytest.raises(EmrUnavailable, match="was not called"):
        _get(gate, url)


def test_s80_a_name_that_leads_elsewhere_later_is_refused_at_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: public when saved, our own network when called."""
    answers = iter(["93.184.215.14", "10.0.0.8"])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (next(answers), 443))])
    gate = Gate()
    assert gate.check("https://emr.example/").host == "emr.example"
    with pytest.raises(EmrUnavailable, match="private network"):
        _get(gate, "https://emr.example/")


def test_s80_one_forbidden_address_among_many_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every address of a name is looked at."""
    found = [(0, 0, 0, "", (address, 443)) for address in ("93.184.215.14", "169.254.169.254")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(AddressRefused):
        Gate().check("https://emr.example/")


def test_the_address_that_was_looked_at_is_the_one_that_is_called(
    gate: Gate, server: FhirServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look-up a call, and the name is told in the Host header."""
    port = int(server.url.split(":")[2].split("/")[0])
    looked_up: list[str] = []

    def resolve(host: str, *_: Any, **__: Any) -> list[Any]:
        looked_up.append(host)
        return [(0, 0, 0, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", _only_names(resolve))
    assert _get(gate, f"http://localhost:{port}/fhir").status == 200
    assert (looked_up, server.asked[0][1]["Host"]) == (["localhost"], f"localhost:{port}")


def test_a_server_in_trouble_is_asked_three_times(gate: Gate, server: FhirServer, waits: list[float]) -> None:
    """With waits that differ, and then it is given up."""
    server.instead = [(503, {}, b"")] * 2
    assert _get(gate, server.url).status == 200
    server.instead = [(500, {}, b"")] * 3
    with pytest.raises(EmrUnavailable):
        _get(gate, server.url)
    assert (len(waits), len(server.asked), max(waits) < 2) == (4, 6, True)


def test_a_server_that_says_when_is_believed_unless_it_takes_too_long(
    gate: Gate, server: FhirServer, waits: list[float]
) -> None:
    """`Retry-After`."""
    server.instead = [(429, {"Retry-After": "2"}, b"")]
    assert (_get(gate, server.url).status, waits) == (200, [2.0])
    server.instead = [(429, {"Retry-After": "3600"}, b"")]
    with pytest.raises(EmrUnavailable):
        _get(gate, server.url)


def test_a_server_that_is_not_there_is_unavailable(gate: Gate, waits: list[float]) -> None:
    """After three tries."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(EmrUnavailable):
            _get(gate, f"http://127.0.0.1:{unused.getsockname()[1]}")
    assert len(waits) == 2


@pytest.mark.parametrize(
    "answer",
    [(200, {}, b" " * (MAX_BODY + 1)), (200, {"Content-Encoding": "gzip"}, gzip.compress(b" " * 10_000_000))],
)
def test_an_answer_too_long_or_compressed_is_refused(
    gate: Gate, server: FhirServer, answer: tuple[int, dict[str, str], bytes]
) -> None:
    """A bomb does not go off."""
    server.instead = [answer]
    with pytest.raises(EmrUnavailable):
        _get(gate, server.url)


def test_a_redirect_is_not_followed(gate: Gate, server: FhirServer) -> None:
    """Wherever it leads."""
    server.instead = [(302, {"Location": f"{server.url}/metadata"}, b"")]
    assert (_get(gate, server.url).status, len(server.asked)) == (302, 1)


@pytest.mark.parametrize(("host", "is_trusted"), [("localhost", True), ("localhost", False), ("127.0.0.1", True)])
def test_s57_only_a_certificate_of_a_known_authority_for_that_name_will_do(
    gate: Gate, tmp_path: Path, host: str, is_trusted: bool
) -> None:
    """The name is checked though the address is called."""
    with _TlsServer(tmp_path) as port:
        if is_trusted:
            gate.trusted = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        if is_trusted and host == "localhost":
            assert _get(gate, f"https://{host}:{port}").status == 200
        else:
            with pytest.raises(EmrUnavailable):
                _get(gate, f"https://{host}:{port}")


def _only_names(resolve: Any) -> Any:
    """Resolve names by our own function, addresses as ever."""
    real = socket.getaddrinfo
    return lambda host, *rest, **more: (resolve if host == "localhost" else real)(host, *rest, **more)


class _TlsServer:
    """A server with a certificate for `localhost` that it signed itself."""

    def __init__(self, directory: Path) -> None:
        key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "t")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
            .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        (directory / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (directory / "key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(directory / "cert.pem", directory / "key.pem")
        self._server = HTTPServer(("127.0.0.1", 0), _Empty)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> int:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return int(self._server.server_port)

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Empty(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
