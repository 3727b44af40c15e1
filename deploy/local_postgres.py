"""One private PostgreSQL under a directory: made when missing, reused when running, recovered when killed.

Reached by a unix socket in a directory of mode 0700 and by nothing else: no TCP, no passwords.
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from deploy.postgres_programs import (
    LocalPostgresError,
    initdb,
    launch,
    log_tail,
    psql,
    readable_by,
)
from deploy.postgres_settings import (
    APP_ROLE,
    DATABASE,
    DATABASE_SQL,
    INITDB_OPTIONS,
    OWNER_ROLE,
    PORT,
    ROLES_SQL,
    SEALER_ROLE,
    SETTINGS,
    SUPERUSER,
    UNSAFE_BUT_FAST,
)
from deploy.processes import Process, end, find_in_directory, find_process, works_in
from deploy.service_user import ServiceUser, service_user

_PROGRAM = "postgres"
_START_SECONDS = 60.0
# The lines of postmaster.pid, which a starting server writes one after the other.
_UNWRITTEN = [""] * 8
_POLL_SECONDS = 0.01
# macOS allows 104 bytes for a socket's whole path, Linux 108, both with the closing NUL.
_SOCKET_PATH_LIMIT = 103
# PostgreSQL takes commas and quotes in this setting for separators, and so does libpq in host=.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+-]+")
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_FAST_SHUTDOWN = (signal.SIGINT, 15.0)
_IMMEDIATE_SHUTDOWN = (signal.SIGQUIT, 2.0)
_KILL = (signal.SIGKILL, 5.0)


@dataclass(frozen=True)
class _Postmaster:
    process: Process
    socket_dir: str
    status: str


class LocalPostgres:
    """A PostgreSQL cluster under `var_dir/postgres`; `durable=False` trades safety for speed in tests."""

    def __init__(self, var_dir: Path, *, durable: bool = True) -> None:
        self._home = var_dir.resolve() / "postgres"
        self._data = self._home / "data"
        self._log = self._home / "postgres.log"
        self._durable = durable
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> bool:
        """Make the database answer, with roles and main database; False when it ran already."""
        with self._only_one_at_a_time():
            if self._reuse():
                return False
            self._clear_remains()
            if not self.exists():
                self._initialise()
            self._launch()
            self._run_sql(SUPERUSER, ROLES_SQL)
            self.ensure_database()
            return True

    def stop(self) -> None:
        """Shut the database down, by force if it must be; nothing happens when it does not run."""
        self._reap()
        postmaster = self._postmaster()
        # A server that starts at this moment has not written its pid yet.
        child = None if self._child is None else find_process(self._child.pid)
        process = child if postmaster is None else postmaster.process
        if process is not None:
            end([process], _FAST_SHUTDOWN, _IMMEDIATE_SHUTDOWN, _KILL)
        self._reap()

    def is_running(self) -> bool:
        """Say whether the server of this very data directory runs and takes connections."""
        self._reap()
        postmaster = self._postmaster()
        return postmaster is not None and postmaster.status == "ready"

    def exists(self) -> bool:
        """Say whether the cluster was made already."""
        return (self._data / "PG_VERSION").exists()

    def ensure_database(self, name: str = DATABASE) -> None:
        """Make a database that belongs to the owner role and admits the app role, unless it is there."""
        if not _IDENTIFIER.fullmatch(name):
            raise LocalPostgresError(f"not a plain database name: {name!r}")
        self._run_sql(SUPERUSER, DATABASE_SQL, name=name)

    def query(self, sql: str, database: str = DATABASE) -> str:
        """Run SQL as the superuser and return psql's bare output: columns by `|`, rows by line."""
        return self._run_sql(database, sql)

    def superuser_dsn(self, database: str = SUPERUSER) -> str:
        """Return the URL for the superuser: for tests and repairs, never for the app."""
        return self._url(SUPERUSER, database)

    def app_url(self, database: str = DATABASE) -> str:
        """Return the URL for the app's role, which owns nothing and is bound by row security."""
        return self._url(APP_ROLE, database)

    def owner_url(self, database: str = DATABASE) -> str:
        """Return the URL for the role that owns the schema and runs migrations."""
        return self._url(OWNER_ROLE, database)

    def sealer_url(self, database: str = DATABASE) -> str:
        """Return the URL for the role that seals the audit trail and can do nothing else."""
        return self._url(SEALER_ROLE, database)

    def process_id(self) -> int | None:
        """Return the postmaster's process id while it lives."""
        postmaster = self._postmaster()
        return None if postmaster is None else postmaster.process.pid

    def identity(self) -> str:
        """Return a text that changes when the cluster is made anew."""
        return str((self._data / "PG_VERSION").stat().st_mtime_ns)

    @cached_property
    def socket_dir(self) -> Path:
        """Where the socket lies: beside the data, or in a short directory when that path will not do."""
        beside = self._home / "run"
        plain = _PLAIN_PATH.fullmatch(str(beside)) is not None
        if plain and len(os.fsencode(beside / f".s.PGSQL.{PORT}")) <= _SOCKET_PATH_LIMIT:
            return beside
        name = hashlib.sha256(os.fsencode(self._data)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"vantrexia-{name}"

    @cached_property
    def _user(self) -> ServiceUser:
        return service_user(self._data)

    def _url(self, role: str, database: str) -> str:
        # The port is spelt out because a PGPORT in the shell would otherwise be taken.
        return f"postgresql://{role}@/{quote(database)}?host={quote(str(self.socket_dir), safe='')}&port={PORT}"

    @contextmanager
    def _only_one_at_a_time(self) -> Iterator[None]:
        self._home.mkdir(parents=True, exist_ok=True)
        with (self._home / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _postmaster(self) -> _Postmaster | None:
        """Read postmaster.pid and believe it only if that process works in our data directory."""
        try:
            text = (self._data / "postmaster.pid").read_text()
        except OSError:
            return None
        pid, _, _, _, socket_dir, _, _, status = [*text.splitlines(), *_UNWRITTEN][: len(_UNWRITTEN)]
        process = find_process(int(pid)) if pid.isdigit() else None
        # A PostgreSQL never leaves its data directory, and nobody else's process works there.
        if process is None or not works_in(process, _PROGRAM, self._data):
            return None
        return _Postmaster(process, socket_dir.strip(), status.strip())

    def _reuse(self) -> bool:
        """Wait for a server that runs or starts and take it; wait for one that stops and do not."""
        deadline = time.monotonic() + _START_SECONDS
        while (postmaster := self._postmaster()) and time.monotonic() < deadline:
            if postmaster.status == "ready" and postmaster.socket_dir != str(self.socket_dir):
                # It was started under another temporary directory, where nobody would look for it.
                self.stop()
            if postmaster.status == "ready" and self._answers():
                return True
            time.sleep(_POLL_SECONDS)
        return False

    def _answers(self) -> bool:
        """Ask, because a server that recovers from a killed backend calls itself ready."""
        try:
            return self._run_sql(SUPERUSER, "SELECT 1") == "1"
        except LocalPostgresError:
            return False

    def _clear_remains(self) -> None:
        """End what a killed server left behind and remove its lock files, whose pids may be recycled.

        Only after the last of its processes is gone: PostgreSQL itself would look for them through the
        shared memory that postmaster.pid names, and two servers on one directory destroy it.
        """
        lock = self._data / "postmaster.pid"
        if not lock.exists():
            return
        end(find_in_directory(_PROGRAM, self._data), _IMMEDIATE_SHUTDOWN, _KILL)
        if find_in_directory(_PROGRAM, self._data):
            raise LocalPostgresError(f"an old server of {self._data} does not end; see {self._log}")
        lock.unlink()
        for leftover in self.socket_dir.glob(".s.PGSQL.*"):
            leftover.unlink()

    def _initialise(self) -> None:
        """Make the cluster aside and move it into place, so that a killed initdb leaves no half of one."""
        unfinished = self._home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._user.own(unfinished)
        self._user.reach(unfinished)
        readable_by(self._user)
        initdb(unfinished, INITDB_OPTIONS if self._durable else (*INITDB_OPTIONS, "--no-sync"), self._user)
        unfinished.rename(self._data)

    def _launch(self) -> None:
        self._user.own(self._data)
        self._user.reach(self._data)
        readable_by(self._user)
        self._make_socket_dir()
        settings = SETTINGS if self._durable else SETTINGS | UNSAFE_BUT_FAST
        settings = settings | {"unix_socket_directories": str(self.socket_dir)}
        self._child = launch(self._data, settings, self._user, self._log)
        deadline = time.monotonic() + _START_SECONDS
        while not self.is_running():
            if self._child is None or time.monotonic() > deadline:
                raise LocalPostgresError(f"PostgreSQL did not start:\n{log_tail(self._log)}")
            time.sleep(_POLL_SECONDS)

    def _make_socket_dir(self) -> None:
        self.socket_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self.socket_dir.lstat()
        # The system's temporary directory is everybody's: somebody else may have made it first.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), self._user.uid}:
            raise LocalPostgresError(f"{self.socket_dir} belongs to somebody else: set TMPDIR or VAR_DIR.")
        self._user.own(self.socket_dir)
        self.socket_dir.chmod(0o700)

    def _run_sql(self, database: str, script: str, **variables: str) -> str:
        return psql(self.superuser_dsn(database), script, variables)

    def _reap(self) -> None:
        """Collect our child once it has ended, so that it does not stay as a zombie."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
