"""The embedded database starts, is reused, stops, and comes back after every way to be killed."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from deploy.local_postgres import LocalPostgres
from deploy.local_settings import CHECKOUT
from deploy.postgres_programs import LocalPostgresError
from deploy.processes import wait_until_gone
from tests.deploy.conftest import wait_until

_STARTER = """
import sys
from pathlib import Path
from deploy.local_postgres import LocalPostgres
cluster = LocalPostgres(Path(sys.argv[1]), durable=False)
cluster.start()
print(cluster.process_id(), flush=True)
sys.stdin.read()
"""


def _keep_a_row(postgres: LocalPostgres) -> None:
    postgres.query("CREATE TABLE IF NOT EXISTS kept (id int); TRUNCATE kept; INSERT INTO kept VALUES (7);")


def _kill(postgres: LocalPostgres) -> psutil.Process:
    postmaster = psutil.Process(postgres.process_id())
    postmaster.kill()
    wait_until_gone([postmaster], 5)
    return postmaster


def test_the_app_role_is_bound_by_row_security_and_owns_nothing(postgres: LocalPostgres) -> None:
    postgres.start()
    with closing(psycopg.connect(postgres.app_url())) as connection:
        role = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (id int)")
    assert role == ("vantrexia_app", False, False)


def test_the_owner_role_owns_the_database_and_its_schema(postgres: LocalPostgres) -> None:
    postgres.start()
    with closing(psycopg.connect(postgres.owner_url())) as connection:
        owners = connection.execute(
            "SELECT pg_get_userbyid(datdba), pg_get_userbyid(nspowner) FROM pg_database, pg_namespace "
            "WHERE datname = current_database() AND nspname = 'public'"
        ).fetchone()
    assert owners == ("vantrexia_owner", "vantrexia_owner")


def test_more_databases_can_be_made_and_making_one_twice_changes_nothing(postgres: LocalPostgres) -> None:
    postgres.start()
    postgres.ensure_database("another")
    postgres.ensure_database("another")
    assert postgres.query("SELECT current_database()", "another") == "another"


def test_a_database_name_that_is_no_identifier_is_refused(postgres: LocalPostgres) -> None:
    postgres.start()
    with pytest.raises(LocalPostgresError):
        postgres.ensure_database('x"; DROP DATABASE vantrexia; --')


def test_a_running_server_is_reused(postgres: LocalPostgres) -> None:
    postgres.start()
    first = postgres.process_id()
    started_again = postgres.start()
    assert not started_again
    assert postgres.process_id() == first


def test_a_stopped_server_is_gone_and_keeps_its_rows(postgres: LocalPostgres) -> None:
    postgres.start()
    _keep_a_row(postgres)
    postgres.stop()
    assert not postgres.is_running()
    postgres.start()
    assert postgres.query("SELECT id FROM kept") == "7"


def test_rows_survive_a_killed_postmaster(postgres: LocalPostgres) -> None:
    postgres.start()
    _keep_a_row(postgres)
    _kill(postgres)
    postgres.start()
    assert postgres.query("SELECT id FROM kept") == "7"


def test_a_backend_that_outlived_its_killed_postmaster_is_ended(postgres: LocalPostgres) -> None:
    postgres.start()
    with closing(psycopg.connect(postgres.superuser_dsn())) as connection:
        backend = psutil.Process(connection.info.backend_pid)
        # Stopped, it cannot notice the death of its postmaster.
        backend.suspend()
        _kill(postgres)
        postgres.start()
        assert not backend.is_running() or backend.status() == psutil.STATUS_ZOMBIE
        assert postgres.is_running()


@pytest.mark.parametrize("recycled_pid", [os.getpid(), 1], ids=["ours", "another"])
def test_a_stale_lock_with_a_recycled_pid_does_not_hinder_the_start(postgres: LocalPostgres, recycled_pid: int) -> None:
    postgres.start()
    lock = Path(postgres.query("SHOW data_directory")) / "postmaster.pid"
    lines = lock.read_text().splitlines()
    _kill(postgres)
    lock.write_text("\n".join([str(recycled_pid), *lines[1:]]) + "\n")
    assert not postgres.is_running()
    postgres.start()
    assert postgres.is_running()


def test_a_killed_backend_does_not_take_the_server_with_it(postgres: LocalPostgres) -> None:
    postgres.start()
    with closing(psycopg.connect(postgres.superuser_dsn())) as connection, suppress(psycopg.OperationalError):
        backend = psutil.Process(connection.info.backend_pid)
        backend.kill()
        wait_until(lambda: not psutil.pid_exists(backend.pid))
        connection.execute("SELECT 1")
    postgres.start()
    assert postgres.query("SELECT 1") == "1"


def test_variables_of_the_developers_shell_redirect_nothing(
    postgres: LocalPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGHOST": "nowhere", "PGUSER": "nobody", "PGDATA": "/nowhere"}.items():
        monkeypatch.setenv(name, value)
    postgres.stop()
    postgres.start()
    with closing(psycopg.connect(postgres.app_url())) as connection:
        assert connection.info.user == "vantrexia_app"


def test_only_its_own_account_can_enter_the_socket_directory(postgres: LocalPostgres) -> None:
    postgres.start()
    assert postgres.socket_dir.stat().st_mode & 0o077 == 0
    assert postgres.query("SHOW listen_addresses") == ""


def test_a_path_that_no_socket_can_have_is_no_hindrance(postgres_in_odd_place: LocalPostgres) -> None:
    postgres_in_odd_place.start()
    with closing(psycopg.connect(postgres_in_odd_place.app_url())) as connection:
        assert connection.info.dbname == "vantrexia"


def test_an_initdb_that_was_killed_half_way_is_begun_anew(var_dir: Path) -> None:
    half_made = var_dir / "postgres" / "data.unfinished"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    postgres = LocalPostgres(var_dir, durable=False)
    postgres.start()
    assert postgres.is_running()
    postgres.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand over a data directory")
def test_a_data_directory_that_was_copied_as_root_is_handed_back(var_dir: Path) -> None:
    postgres = LocalPostgres(var_dir, durable=False)
    postgres.start()
    postgres.stop()
    shutil.move(var_dir, var_dir.with_name("original"))
    shutil.copytree(var_dir.with_name("original"), var_dir)
    copy = LocalPostgres(var_dir, durable=False)
    copy.start()
    assert copy.is_running()
    copy.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot tie a child to its parent")
def test_the_server_ends_when_its_starter_is_killed(var_dir: Path) -> None:
    command = [sys.executable, "-c", _STARTER, str(var_dir)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        postmaster = psutil.Process(int(starter.stdout.readline()))
        starter.send_signal(signal.SIGKILL)
    assert wait_until_gone([postmaster], 10) == []
