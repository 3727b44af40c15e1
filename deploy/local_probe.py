"""Looking at the port from outside: is it free, and does the server behind it answer."""

import contextlib
import errno
import os
import socket
import ssl

from deploy.local_settings import LocalSettings, SettingsError

_HEALTH_PATH = "/health/live"
_TIMEOUT_SECONDS = 2.0


def refuse_taken_port(settings: LocalSettings) -> None:
    """Stop with one clear line when the server could not listen where it is told to."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        raise SettingsError(_explain(error, settings)) from error


def _explain(error: OSError, settings: LocalSettings) -> str:
    where = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return f"Another program uses {where}: choose a free port, e.g. make run PORT={settings.port + 1}"
    if error.errno == errno.EACCES:
        return f"This account may not listen on {where}: choose a higher one, e.g. make run PORT=8000"
    reason = os.strerror(error.errno) if error.errno is not None and error.errno > 0 else error.strerror
    return f"Cannot listen on {where} ({reason}): check HOST= and PORT="


def is_live(settings: LocalSettings) -> bool:
    """Ask the health page once; http.client would cost the start a tenth of a second."""
    request = f"GET {_HEALTH_PATH} HTTP/1.0\r\nHost: localhost:{settings.port}\r\n\r\n".encode()
    try:
        with _connect(settings) as connection:
            connection.sendall(request)
            return connection.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


def _connect(settings: LocalSettings) -> socket.socket:
    address = (settings.probe_host, settings.port)
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(socket.create_connection(address, _TIMEOUT_SECONDS))
        connection = _trusting_context().wrap_socket(plain) if settings.tls else plain
        stack.pop_all()
        return connection


def _trusting_context() -> ssl.SSLContext:
    # The certificate is made for the public name; this asks our own child on this machine.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
