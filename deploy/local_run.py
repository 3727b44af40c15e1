"""The supervisor behind `make run`: database, migrations, demo practice, web server and job worker.

Imports neither the app nor a database driver: being light is what makes the start fast.
"""

import os
import signal
import sys
import time
from dataclasses import dataclass, field
from hashlib import sha256
from types import FrameType

from deploy.local_children import MARK, Child
from deploy.local_postgres import LocalPostgres
from deploy.local_probe import is_live, refuse_taken_port
from deploy.local_record import AlreadyRunningError, forget_run, read_run, sole_run, write_run
from deploy.local_schema import SchemaError, flask, migrate, newest_revision, seed_demo_once
from deploy.local_settings import DEMO_ACCOUNTS, DEMO_PASSWORD, LocalSettings, SettingsError, read_settings
from deploy.postgres_programs import LocalPostgresError
from deploy.processes import ask_signal_at_parent_death, end, find_marked
from deploy.service_user import ServiceUserError

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_POLL_SECONDS = 0.02
_WATCH_SECONDS = 0.25
_START_SECONDS = 60.0
_CHILDREN_GRACE_SECONDS = 10.0
_REVISION_SQL = """
SELECT 'SELECT version_num FROM alembic_version' WHERE to_regclass('alembic_version') IS NOT NULL \\gexec
"""


class WebServerError(RuntimeError):
    """The web server ended, or stayed silent, before it answered once."""


class StopRequested(BaseException):
    """Ctrl-C or SIGTERM; no error, hence outside Exception."""


@dataclass
class Supervisor:
    """Everything that one `make run` started."""

    settings: LocalSettings
    postgres: LocalPostgres | None = None
    children: list[Child] = field(default_factory=list)

    def run(self, started_at: float) -> None:
        """Start everything, say where it is, and keep it running until told to stop."""
        self._record("starting")
        environment = self._prepare_database()
        self.children = _children(environment)
        for child in self.children:
            child.start()
        self._wait_for_first_answer()
        self._record("running")
        print(_banner(self.settings, time.monotonic() - started_at), flush=True)
        while True:
            time.sleep(_WATCH_SECONDS)
            self._mend()

    def stop(self) -> None:
        """End the web server and the worker, then the database they need."""
        self._record("stopping")
        for child in self.children:
            child.ask_to_end()
        deadline = time.monotonic() + _CHILDREN_GRACE_SECONDS
        for child in self.children:
            child.wait_or_kill(deadline)
        if self.postgres is not None:
            self.postgres.stop()
        forget_run(self.settings.var_dir)

    def _prepare_database(self) -> dict[str, str]:
        environment = {**self.settings.environment, MARK: str(self.settings.var_dir)}
        url = self.settings.database_url
        if url is not None:
            environment.setdefault("MIGRATION_DATABASE_URL", url)
            migrate(environment)
            self._seed(environment, sha256(url.encode()).hexdigest())
            return environment
        self.postgres = postgres = LocalPostgres(self.settings.var_dir)
        if not postgres.exists():
            print("Making the embedded database (once) …", flush=True)
        postgres.start()
        environment |= {
            "DATABASE_URL": postgres.app_url(),
            "MIGRATION_DATABASE_URL": postgres.owner_url(),
            "AUDIT_DATABASE_URL": postgres.sealer_url(),
        }
        if postgres.query(_REVISION_SQL) != newest_revision():
            migrate(environment)
        self._seed(environment, postgres.identity())
        return environment

    def _seed(self, environment: dict[str, str], key: str) -> None:
        # Everybody knows the demo passwords, so they exist only where nobody else can log in.
        if self.settings.development and self.settings.loopback:
            seed_demo_once(environment, self.settings.var_dir / "demo-seeded", key)

    def _wait_for_first_answer(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        web = self.children[0]
        while not is_live(self.settings):
            if web.has_ended():
                raise WebServerError("The web server does not start, see above.")
            if time.monotonic() > deadline:
                raise WebServerError(f"The web server gave no answer in {_START_SECONDS:g} s.")
            time.sleep(_POLL_SECONDS)

    def _mend(self) -> None:
        """Bring back whatever died since the last look."""
        mended = [child.restart_when_due() for child in self.children if child.has_ended()]
        if self.postgres is not None and self.postgres.process_id() is None:
            print("The database ended; starting it again.", flush=True)
            mended.append(self.postgres.start())
        if any(mended):
            self._record("running")

    def _record(self, state: str) -> None:
        """Write var/run.json, for people and for the next run."""
        pids = {child.name: child.pid for child in self.children}
        pids |= {"supervisor": os.getpid(), "database": self.postgres.process_id() if self.postgres else None}
        url = self.settings.url
        facts = {
            "state": state,
            "url": url,
            "docs": f"{url}/api/v1/docs/",
            "console": f"{url}/admin/",
            "pids": pids,
        }
        write_run(self.settings.var_dir, facts)


def main() -> int:
    """Run until stopped and return the exit code: 0 when a signal asked for the end."""
    started_at = time.monotonic()
    _take_signals()
    try:
        settings = read_settings()
        settings.var_dir.mkdir(parents=True, exist_ok=True)
        with sole_run(settings.var_dir):
            _run_and_stop(settings, started_at)
    except StopRequested:
        print("Stopped.", flush=True)
    except (SettingsError, AlreadyRunningError, SchemaError, WebServerError) as error:
        print(error, file=sys.stderr)
        return 1
    except (LocalPostgresError, ServiceUserError) as error:
        print(f"The embedded database: {error}", file=sys.stderr)
        return 1
    return 0


def _run_and_stop(settings: LocalSettings, started_at: float) -> None:
    _end_leftovers(settings)
    refuse_taken_port(settings)
    supervisor = Supervisor(settings)
    try:
        supervisor.run(started_at)
    finally:
        for signal_number in _STOP_SIGNALS:
            signal.signal(signal_number, signal.SIG_IGN)
        supervisor.stop()


def _take_signals() -> None:
    def stop(signal_number: int, frame: FrameType | None) -> None:
        raise StopRequested

    for signal_number in _STOP_SIGNALS:
        signal.signal(signal_number, stop)
    if "MAKELEVEL" in os.environ:
        # A `make` that is killed outright must not leave us behind.
        ask_signal_at_parent_death(signal.SIGTERM)


def _end_leftovers(settings: LocalSettings) -> None:
    """End what a killed run of this checkout left: run.json is still there, and children carry its mark."""
    if read_run(settings.var_dir):
        leftovers = find_marked(MARK, str(settings.var_dir))
        end(leftovers, (signal.SIGTERM, 1.0), (signal.SIGKILL, 5.0))


def _children(environment: dict[str, str]) -> list[Child]:
    web = [sys.executable, "-m", "gunicorn", "wsgi:app", "-c", "gunicorn.conf.py"]
    return [Child("web server", web, environment), Child("job worker", flask("worker"), environment)]


def _banner(settings: LocalSettings, seconds: float) -> str:
    lines = [
        "",
        f"  Vantrexia    {settings.url}  (ready in {seconds:.1f} s)",
        f"  API docs     {settings.url}/api/v1/docs/",
        f"  Console      {settings.url}/admin/",
    ]
    if settings.development and settings.loopback:
        others = ", ".join(DEMO_ACCOUNTS[1:])
        lines += [
            f"  Log in       {DEMO_ACCOUNTS[0]}@practice.com / {DEMO_PASSWORD}",
            f"               also {others} (@practice.com) and clinician@otherpractice.com, same password",
        ]
    if settings.mail_dir is not None:
        lines.append(f"  Mails        {settings.mail_dir}/  (written there, not sent)")
    return "\n".join([*lines, "  Stop         Ctrl-C", ""])


if __name__ == "__main__":
    sys.exit(main())
