"""Certificates of the test's own, and a TLS front for the database that listens on a socket only."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_SSL_REQUEST = bytes((0, 0, 0, 8, 4, 210, 22, 47))


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate: it is its own authority."""

    certificate: Path
    key: Path


def make_certificate(directory: Path, address: str = "127.0.0.1") -> Certificate:
    """Write a certificate that is good for an address for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    directory.mkdir(parents=True)
    files = Certificate(directory / "certificate.pem", directory / "key.pem")
    files.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    return files


@contextmanager
def tls_front(certificate: Certificate, socket_path: Path) -> Iterator[int]:
    """Speak PostgreSQL's TLS on a loopback port and hand what comes through to a server's socket; yield the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_accept, args=(listening, context, socket_path), daemon=True).start()
        yield listening.getsockname()[1]


def _accept(listening: socket.socket, context: ssl.SSLContext, socket_path: Path) -> None:
    with suppress(OSError):
        while True:
            caller, _ = listening.accept()
            threading.Thread(target=_serve, args=(caller, context, socket_path), daemon=True).start()


def _serve(caller: socket.socket, context: ssl.SSLContext, socket_path: Path) -> None:
    with suppress(OSError), caller:
        if caller.recv(8, socket.MSG_WAITALL) != _SSL_REQUEST:
            return
        caller.sendall(b"S")
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(socket_path))
        with server, context.wrap_socket(caller, server_side=True) as secured:
            back = threading.Thread(target=_pump, args=(server, secured), daemon=True)
            back.start()
            _pump(secured, server)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
