"""A pgbouncer of the suite's own, in transaction mode and with three connections for everybody."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from deploy.service_user import ServiceUser, service_user

_PATIENCE = 10.0
_CONFIGURATION = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
"""


@contextmanager
def pgbouncer(database_url: str) -> Iterator[str]:
    """Start it in front of the suite's database; yield the URL that leads through it, as the same role."""
    url = make_url(database_url)
    host, port = str(url.query["host"]), str(url.query.get("port", 5432))
    with tempfile.TemporaryDirectory() as directory, socket.create_server(("127.0.0.1", 0)) as free:
        listen = free.getsockname()[1]
        file = Path(directory) / "pgbouncer.ini"
        users = file.with_name("users.txt")
        users.write_text(f'"{url.username}" ""\n')
        file.write_text(_CONFIGURATION.format(host=host, port=port, listen=listen, users=users))
        user = service_user(Path(host))  # it refuses to be root, as PostgreSQL does
        user.own(Path(directory))
        user.reach(file)
        free.close()
        process = _started(file, user)
        try:
            _wait_for(listen)
            yield f"postgresql://{url.username}@127.0.0.1:{listen}/{url.database}"
        finally:
            process.terminate()
            process.wait(_PATIENCE)


def _started(file: Path, user: ServiceUser) -> subprocess.Popen[bytes]:
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    return subprocess.Popen(
        [str(program), "-q", str(file)], user=user.uid, group=user.gid, extra_groups=user.groups,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("pgbouncer does not answer.")
