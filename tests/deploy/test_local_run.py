"""`make run` starts everything, ends everything, and comes back whatever was killed."""

import signal
import socket

import psutil
import pytest

from deploy.processes import end
from tests.deploy.conftest import LocalRun, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.alone]
_PARTS = ("web server", "job worker", "database")


def test_at_the_first_start_the_addresses_stay_the_last_thing_seen(local_run: LocalRun) -> None:
    local_run.start_and_wait()
    wait_until(lambda: any((local_run.var_dir / "mail").glob("*.eml")))
    assert local_run.output.rstrip().endswith("Ctrl-C")
    assert f"{local_run.var_dir}/mail/" in local_run.output


@pytest.mark.parametrize("request_to_stop", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_with_code_0(local_run: LocalRun, request_to_stop: signal.Signals) -> None:
    supervisor = local_run.start_and_wait()
    supervisor.send_signal(request_to_stop)
    assert supervisor.wait(30) == 0
    assert local_run.processes() == []
    assert not local_run.answers()


def test_the_second_start_makes_neither_database_nor_demo_again(local_run: LocalRun) -> None:
    for _ in range(2):
        supervisor = local_run.start_and_wait()
        output = local_run.output
        supervisor.terminate()
        supervisor.wait(30)
    assert "(once)" not in output
    assert "schema" not in output
    assert f"http://localhost:{local_run.port}/api/v1/docs/" in output


def test_everything_starts_again_after_everything_was_killed(local_run: LocalRun) -> None:
    supervisor = local_run.start_and_wait()
    end([psutil.Process(supervisor.pid), *local_run.processes()], (signal.SIGKILL, 10.0))
    supervisor.wait()
    local_run.start_and_wait()
    assert local_run.answers()


def test_everything_starts_again_after_the_supervisor_was_killed(local_run: LocalRun) -> None:
    supervisor = local_run.start_and_wait()
    supervisor.kill()
    supervisor.wait()
    local_run.start_and_wait()
    assert local_run.answers()


@pytest.mark.parametrize("part", _PARTS)
def test_a_killed_part_is_brought_back(local_run: LocalRun, part: str) -> None:
    local_run.start_and_wait()
    killed = psutil.Process(local_run.pid(part))
    killed.kill()
    wait_until(lambda: local_run.pid(part) not in {killed.pid, None} and local_run.answers())
    assert psutil.Process(local_run.pid(part)).is_running()


def test_a_worker_of_the_web_server_that_is_killed_is_replaced(local_run: LocalRun) -> None:
    local_run.start_and_wait()
    (worker,) = psutil.Process(local_run.pid("web server")).children()
    worker.kill()
    wait_until(lambda: not worker.is_running() and local_run.answers())


def test_a_second_run_of_the_same_checkout_says_so(local_run: LocalRun) -> None:
    local_run.start_and_wait()
    second = local_run.start()
    assert second.wait(30) == 1
    assert "already runs" in local_run.output
    assert local_run.answers()


def test_a_port_of_somebody_else_is_named_in_one_line(local_run: LocalRun) -> None:
    with socket.create_server(("127.0.0.1", local_run.port)):
        supervisor = local_run.start()
        assert supervisor.wait(30) == 1
    assert "PORT=" in local_run.output
    assert len(local_run.output.splitlines()) == 1
