"""Stand-ins for those who carry messages, on loopback: a mail server, and one that speaks their four interfaces."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server
from typing import Any
from urllib.parse import parse_qs

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from app.integrations.mail import postbox

PROJECT = "demo-project"
Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Request:
    """What was asked of the server."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class Carriers:
    """Everything it was asked, and what it is to answer next instead of success."""

    url: str = ""
    asked: list[Request] = field(default_factory=list)
    instead: list[Answer] = field(default_factory=list)
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    before_answer: Callable[[Request], None] = lambda _: None

    def answer(self, request: Request) -> Answer:
        """Return status, headers and body."""
        self.asked.append(request)
        self.before_answer(request)
        if self.instead and request.path != "/token":
            return self.instead.pop(0)
        return _as_json(201 if "Accounts" in request.path else 200, self._success(request))

    def _success(self, request: Request) -> dict[str, Any]:
        if request.path == "/token":
            return {"access_token": "made-up-access-token", "expires_in": 3600, "token_type": "Bearer"}
        if request.path.endswith("messages:send"):
            return {"name": f"projects/{PROJECT}/messages/{len(self.asked)}"}
        if request.path.endswith("getReceipts"):
            return {"data": {name: self.receipts[name] for name in request.json["ids"] if name in self.receipts}}
        if request.path.endswith("push/send"):
            return {"data": {"status": "ok", "id": f"ticket-{len(self.asked)}"}}
        return {"sid": f"SM{len(self.asked)}", "id": f"text-{len(self.asked)}"}

    def to(self, ending: str) -> list[Request]:
        """Return the requests whose path ends so."""
        return [request for request in self.asked if request.path.endswith(ending)]


def _as_json(status: int, body: dict[str, Any]) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def refusal(status: int, body: dict[str, Any] | None = None, **headers: str) -> Answer:
    """Return an answer to give instead of success."""
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(body or {}).encode()


@contextmanager
def carriers() -> Iterator[Carriers]:
    """A running server."""
    ours = Carriers()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, content = ours.answer(Request(self.path, dict(self.headers), body))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ours.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield ours
    server.shutdown()
    server.server_close()


@dataclass
class MailServer:
    """The mails that arrived, and what the server says to the next ones."""

    arrived: list[bytes] = field(default_factory=list)
    instead: list[str] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name there
        """Take a mail."""
        if self.instead:
            return self.instead.pop(0)
        self.arrived.append(bytes(envelope.content or b""))
        return "250 taken"

    def letters(self) -> list[Any]:
        """Return the mails, taken apart."""
        return [message_from_bytes(raw, policy=policy.default) for raw in self.arrived]


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A running mail server that the application uses meanwhile."""
    ours, before = MailServer(), postbox._server
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]  # aiosmtpd cannot choose one by itself
    controller = Controller(ours, hostname="127.0.0.1", port=port)
    controller.start()
    postbox.configure(f"smtp://127.0.0.1:{port}", postbox._directory, postbox._sender, postbox.public_url)
    yield ours
    postbox._server = before
    controller.stop()


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_file(url: str, **changes: Any) -> str:
    """Return the key file of a made-up service account that signs in at this server."""
    pem = _key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    facts = {
        "project_id": PROJECT, "client_email": "sender@demo.example", "private_key": pem.decode(),
        "private_key_id": "key-1", "token_uri": f"{url}/token",
    }  # fmt: skip
    return json.dumps({**facts, **changes})


def claims_of(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return head and claims of a JWT whose signature is the key's; raises InvalidSignature otherwise."""
    signed, _, signature = assertion.rpartition(".")
    _key().public_key().verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    head, claims = signed.split(".")
    return json.loads(_decoded(head)), json.loads(_decoded(claims))


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
