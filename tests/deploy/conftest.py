"""Directories for the tests of running locally, each with a database of its own that ends with the test."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local_children import MARK
from deploy.local_postgres import LocalPostgres
from deploy.local_record import read_run
from deploy.local_settings import CHECKOUT
from deploy.processes import end, find_in_directory, find_marked

_PATIENCE_SECONDS = 90.0


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for something that another process does; a test cannot know how long that takes."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class LocalRun:
    """A checkout that runs on a port and a var directory of its own, seen from outside."""

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir
        self.settings: dict[str, str] = {}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._supervisors: list[subprocess.Popen[bytes]] = []
        self._log = var_dir.with_name("output.txt")

    @property
    def output(self) -> str:
        return self._log.read_text()

    def start(self) -> subprocess.Popen[bytes]:
        kept = ("PATH", "HOME", "LANG", "PYTHONPATH")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        environment |= {"PORT": str(self.port), "VAR_DIR": str(self.var_dir), **self.settings}
        with self._log.open("wb") as log:
            supervisor = subprocess.Popen(
                [sys.executable, "-m", "deploy.local_run"],
                cwd=CHECKOUT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        self._supervisors.append(supervisor)
        return supervisor

    def start_and_wait(self) -> subprocess.Popen[bytes]:
        supervisor = self.start()
        wait_until(lambda: self._is_up(supervisor.pid) or supervisor.poll() is not None)
        assert supervisor.poll() is None, self.output
        return supervisor

    def _is_up(self, supervisor: int) -> bool:
        record = read_run(self.var_dir)
        ours = record.get("pids", {}).get("supervisor") == supervisor
        return ours and record["state"] == "running" and self.answers()

    def stop(self) -> None:
        """End every supervisor of this test, and then whatever a killed one left behind."""
        for supervisor in self._supervisors:
            supervisor.terminate()
            supervisor.wait(_PATIENCE_SECONDS)
        end(self.processes(), (signal.SIGKILL, 5.0))

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/live", timeout=2) as response:
                return response.status == 200
        except OSError:
            return False

    def pid(self, name: str) -> int:
        return read_run(self.var_dir)["pids"][name]

    def processes(self) -> list[psutil.Process]:
        database = find_in_directory("postgres", self.var_dir / "postgres" / "data")
        return [*find_marked(MARK, str(self.var_dir)), *database]


@pytest.fixture(scope="module")
def postgres() -> Iterator[LocalPostgres]:
    """Share one cluster within a file: each test starts it, whatever the last one did to it."""
    yield from _cluster("var")


@pytest.fixture
def var_dir() -> Iterator[Path]:
    """Give an empty directory outside pytest's own, whose mode another pytest would reset."""
    directory = Path(tempfile.mkdtemp(prefix="vantrexia-test-"))
    yield directory.resolve() / "var"
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def used_var_dir() -> Iterator[Path]:
    """Share one var directory: making the demo practice takes long, and leftovers are what is tested."""
    directory = Path(tempfile.mkdtemp(prefix="vantrexia-test-"))
    yield directory.resolve() / "var"
    shutil.rmtree(directory)


@pytest.fixture
def local_run(used_var_dir: Path) -> Iterator[LocalRun]:
    """Give what `make run` starts, and end whatever is left of it after the test."""
    run = LocalRun(used_var_dir)
    yield run
    run.stop()


@pytest.fixture(params=["l" * 120, "a, b", "größe"])
def postgres_in_odd_place(request: pytest.FixtureRequest) -> Iterator[LocalPostgres]:
    """Give a cluster whose path no unix socket or connection URL can hold."""
    yield from _cluster(request.param)


def _cluster(name: str) -> Iterator[LocalPostgres]:
    directory = Path(tempfile.mkdtemp(prefix="vantrexia-test-"))
    cluster = LocalPostgres(directory / name)
    yield cluster
    cluster.stop()
    shutil.rmtree(directory)
    shutil.rmtree(cluster.socket_dir, ignore_errors=True)
