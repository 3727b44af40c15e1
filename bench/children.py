"""Starting the servers that are measured, waiting until they answer, ending exactly those."""

import http.client
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.processes import tied_to_me

_PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.05


class BenchError(SystemExit):
    """The measurement cannot go on; the message says why."""


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> str:
    """Run a program to its end and return what it printed; raises BenchError with its last words."""
    done = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command[:4])} failed:\n{(done.stderr or done.stdout)[-2000:]}")
    return done.stdout


@contextmanager
def child(command: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=tied_to_me(signal.SIGTERM),  # noqa: PLW1509 - one ctypes call, loaded before
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(process: subprocess.Popen[bytes], port: int, log: Path, path: str | None = None) -> None:
    """Wait until a server takes connections, or answers `path` when given; raises BenchError when it never does."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(port, path):
            return
        time.sleep(_POLL_SECONDS)
    raise BenchError(f"a server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _answers(port: int, path: str | None) -> bool:
    try:
        if path is None:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except OSError:
        return False


@contextmanager
def redis(directory: Path) -> Iterator[str | None]:
    """Run a Redis that keeps nothing; None where there is no such program."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    port, log = free_port(), directory / "redis.log"
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(directory)]
    with child([program, *options], {"PATH": ""}, directory, log) as process:
        wait_for(process, port, log)
        yield f"redis://127.0.0.1:{port}/0"
