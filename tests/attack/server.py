"""The real server: gunicorn as it is deployed, on a loopback port, spoken to byte by byte."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from config import ROOT, Settings

_PATIENCE = 60.0


@dataclass(frozen=True)
class Server:
    """A gunicorn of the test's own."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Return where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def memory(self) -> int:
        """Return the bytes that its workers hold."""
        return sum(worker.memory_info().rss for worker in psutil.Process(self.process.pid).children())

    def send(self, *parts: bytes, pause: float = 0.0) -> bytes:
        """Send bytes as they are and return everything that is answered until the server closes or falls silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=3) as connection:
            answered = b""
            try:
                for part in parts:
                    connection.sendall(part)
                    time.sleep(pause)
                while chunk := connection.recv(65536):
                    answered += chunk
            except (TimeoutError, ConnectionError):
                pass  # silence, or a door shut in the middle of a sentence
            return answered


@contextmanager
def gunicorn(settings: Settings, **environment: str) -> Iterator[Server]:
    """Start the server on the suite's database, with the suite's keys; end it afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    wide = {f"RATELIMIT_{scope.upper()}": rate for scope, rate in settings.ratelimits.items()}
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env |= {"APP_ENV": "development", "DATABASE_URL": settings.database_url, "VAR_DIR": str(settings.var_dir)}
    env |= {"PORT": str(port), "HOST": "127.0.0.1", "LOG_LEVEL": "CRITICAL", **wide, **environment}
    command = [sys.executable, "-m", "gunicorn", "wsgi:app", "-c", "gunicorn.conf.py"]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Server(port, process)
    try:
        _wait_until_it_answers(server)
        yield server
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _wait_until_it_answers(server: Server) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server.port)) == 0 and _answers(server):
                return
        time.sleep(0.05)
    raise AssertionError("The server does not answer.")


def _answers(server: Server) -> bool:
    """Say whether a worker has loaded: the socket is open before."""
    return server.send(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")
