"""sqlmap at level 3 (S41) against every place of the API that takes free text in the address, and against signing in.

What has a type or a list of values is refused before anything asks the database; hostile texts in all of them are
`test_input.py`'s.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Thread
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug import Request
from werkzeug.serving import make_server

from app.domain.roles import Role
from app.extensions import db
from config import Settings
from tests.attack.operations import Operation
from tests.attack.server import Server, gunicorn
from tests.attack.world import World, bearer

pytestmark = pytest.mark.slow
OPTIONS = (
    "--batch", "--level=3", "--risk=2", "--dbms=PostgreSQL", "--technique=BEUST", "--disable-coloring",
    "--skip=User-Agent,Referer,Host,Cookie", "--timeout=10", "--ignore-code=*",
)  # fmt: skip
SAFE = "does not seem to be injectable"


@pytest.fixture(scope="module")
def server(app: Flask, settings: Settings) -> Iterator[Server]:
    """The API as it is deployed."""
    with gunicorn(settings) as running:
        yield running


@pytest.fixture
def open_door(app: Flask) -> Iterator[str]:
    """A page that pastes what it is asked into its question to the database."""

    def careless(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        asked = Request(environ).args["search"]
        with app.app_context():
            found = db.session.execute(text(f"SELECT name FROM practices WHERE name = '{asked}'")).scalars().all()
        start("200 OK", [("Content-Type", "text/plain")])
        return [str(found).encode()]

    door = make_server("127.0.0.1", 0, careless, threaded=True)
    Thread(target=door.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{door.port}/?search=x"
    door.shutdown()


def _is_free(schema: dict[str, object]) -> bool:
    """Say whether any text would do: not a month, a date or one of a list."""
    pattern = str(schema.get("pattern", ""))
    return schema.get("type") == "string" and "enum" not in schema and "format" not in schema and "[0-9]" not in pattern


def _free_texts(operation: Operation) -> list[str]:
    return [name for name, schema in operation.query.items() if _is_free(dict(schema))]


def _sqlmap(directory: Path, *about: str) -> str:
    """Run it and return what it says."""
    command = [str(Path(sys.executable).with_name("sqlmap")), *OPTIONS, f"--output-dir={directory}", *about]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600).stdout


def _unproven(said: str, names: Sequence[str]) -> list[str]:
    """Return the parameters of which sqlmap does not say that they are safe."""
    return [name for name in names if f"parameter '{name}' {SAFE}" not in said]


def test_s41_sqlmap_finds_no_way_in_by_any_free_text(
    server: Server, operations: list[Operation], home: World, tmp_path: Path
) -> None:
    """Asked as an administrator, who may read it all."""
    open_to_admin = [one for one in operations if one.method == "GET" and Role.ADMIN in one.roles]
    asked, unproven = 0, []
    for operation in open_to_admin:
        names = _free_texts(operation)
        if names:
            url = f"{server.url}{operation.path(home.ids)}?{'&'.join(f'{name}=x' for name in names)}"
            token = bearer(home.person(Role.ADMIN))["Authorization"]
            said = _sqlmap(tmp_path, f"--url={url}", f"--header=Authorization: {token}")
            asked, unproven = asked + len(names), unproven + _unproven(said, names)
    assert (asked >= 10, unproven) == (True, [])


def test_s41_sqlmap_finds_no_way_in_by_signing_in(server: Server, tmp_path: Path) -> None:
    """Neither by the address nor by the password."""
    body = '{"email":"a@example.com","password":"x"}'
    said = _sqlmap(
        tmp_path, f"--url={server.url}/api/v1/auth/login/", "--header=Content-Type: application/json", f"--data={body}"
    )
    assert _unproven(said, ["JSON email", "JSON password"]) == []


def test_s41_sqlmap_sees_a_door_that_stands_open(open_door: str, tmp_path: Path) -> None:
    """Otherwise its silence would say nothing."""
    assert "Parameter: search (GET)" in _sqlmap(tmp_path, f"--url={open_door}")
