"""The yardstick: another stack doing the two hot jobs, in its own environment and database on the same server."""

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.children import child, free_port, run, wait_for
from bench.load import Target
from bench.ours import SMALL
from config import ROOT
from deploy.local_postgres import LocalPostgres
from deploy.postgres_settings import PORT

WORKERS = 2
_TARGETS = 500


def find_yardstick() -> Path | None:
    """Return the yardstick's folder (BENCH_PEER, or beside the repository); None when there is none."""
    folder = ROOT / os.environ.get("BENCH_PEER", "../shared/peers/drf")
    return folder.resolve() if (folder / "peer.py").exists() else None


@contextmanager
def serving(folder: Path, postgres: LocalPostgres, directory: Path) -> Iterator[Target]:
    """Install, fill and serve the yardstick by gunicorn with as many processes as ours has."""
    python = _installed(folder)
    postgres.ensure_database("peer")
    env = {"PATH": os.environ.get("PATH", ""), "PGHOST": str(postgres.socket_dir), "PGPORT": str(PORT),
           "PGUSER": "postgres", "PGDATABASE": "peer"}  # fmt: skip
    patients = directory / "peer-patients.txt"
    token = _filled(python, folder, env, patients)
    port, log = free_port(), directory / "peer.log"
    bind = ["-w", str(WORKERS), "-b", f"127.0.0.1:{port}", "--no-control-socket"]
    with child([python, "-m", "gunicorn", *bind, "peer:application"], env, folder, log) as process:
        wait_for(process, port, log, "/api/v1/patients/")
        yield Target(process.pid, port, token, patients)


def _filled(python: str, folder: Path, env: Mapping[str, str], patients: Path) -> str:
    """Migrate and seed; return a token and write the ids of some patients."""
    run([python, "peer.py", "migrate"], env, folder)
    run([python, "peer.py", "seed", str(SMALL)], env, folder)
    patients.write_text(run([python, "peer.py", "ids", str(_TARGETS)], env, folder))
    return run([python, "peer.py", "token"], env, folder).strip()


def _installed(folder: Path) -> str:
    """Return the Python of the yardstick's own environment, made once for each state of its requirements."""
    requirements = folder / "requirements.txt"
    state = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    environment = Path(os.environ.get("BENCH_CACHE") or tempfile.gettempdir()) / f"vantrexia-yardstick-{state}"
    python, finished = str(environment / "bin" / "python"), environment / "finished"
    if not finished.exists():
        run([sys.executable, "-m", "venv", str(environment)], os.environ, folder)
        run([python, "-m", "pip", "install", "--quiet", "-r", str(requirements)], os.environ, folder)
        finished.touch()
    return python
