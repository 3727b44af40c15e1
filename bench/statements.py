"""How many statements a request sends to the database, and in how many round trips: counted at the driver."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flask.testing import FlaskClient
from psycopg import Connection, Cursor
from psycopg.pq import TransactionStatus

from app.database.wire import Ready, Rows, Wire
from bench.children import BenchError
from bench.latency import READS
from bench.load import a_reading
from bench.ours import Ours
from bench.seed import PASSWORD, Practice

POST, LIST = "/api/v1/ingestion/blood-pressure/", "/api/v1/patients/"


@dataclass
class Counted:
    """Statements that carry work (BEGIN and COMMIT do not), and how often the database was waited for."""

    statements: int = 0
    round_trips: int = 0
    texts: list[str] = field(default_factory=list, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.statements} in {self.round_trips}"


@contextmanager
def counting() -> Iterator[Counted]:
    """Count what every psycopg connection of this process does, whoever asks it."""
    counted = Counted()
    execute, ask, commit = Cursor.execute, Wire.ask, Connection.commit

    def counted_execute(cursor: Cursor[Any], query: Any, *args: Any, **options: Any) -> Cursor[Any]:
        counted.statements += 1
        counted.texts.append(str(query))
        counted.round_trips += 1
        return execute(cursor, query, *args, **options)

    def counted_ask(wire: Wire, asked: Sequence[Ready], last: str | None = None) -> list[Rows]:
        counted.statements += len(asked)
        counted.texts.extend(text for text, _ in asked)
        counted.round_trips += 1
        return ask(wire, asked, last)

    def counted_commit(connection: Connection[Any]) -> None:
        counted.round_trips += connection.info.transaction_status != TransactionStatus.IDLE
        commit(connection)

    patched = ((Cursor, "execute", counted_execute, execute), (Wire, "ask", counted_ask, ask),
               (Connection, "commit", counted_commit, commit))  # fmt: skip
    for owner, name, ours, _ in patched:
        setattr(owner, name, ours)
    try:
        yield counted
    finally:
        for owner, name, _, theirs in patched:
            setattr(owner, name, theirs)


def count_statements(ours: Ours) -> dict[str, Counted]:
    """Return the statements of each job by its name in the table; keys and sessions are known beforehand."""
    client = ours.app.test_client()
    small, large = _signed_in(client, ours.small), _signed_in(client, ours.large)
    readings = [a_reading([str(patient)]) for patient in ours.small.patient_ids[-2:]]
    calm = [{**reading, "systolic": 120, "diastolic": 75} for reading in readings]
    alarming = [{**reading, "systolic": 150, "device_id": "other"} for reading in readings]
    asks = {
        "reading posted": [partial(_post, client, small, body) for body in calm],
        "reading posted, with alert": [partial(_post, client, small, body) for body in alarming],
        "patients listed": [partial(_get, client, small, LIST)] * 2,
        **{read.name: [partial(_get, client, large, read.paths[0])] * 2 for read in READS},
    }
    return {name: _count(twice) for name, twice in asks.items()}


def _count(asks: Sequence[Callable[[], None]]) -> Counted:
    """Ask each in turn and count the last: the ones before it warm the caches."""
    for ask in asks[:-1]:
        ask()
    with counting() as counted:
        asks[-1]()
    return counted


def _signed_in(client: FlaskClient, practice: Practice) -> dict[str, str]:
    answer = client.post("/api/v1/auth/login/", json={"email": practice.email, "password": PASSWORD})
    if answer.json is None or answer.status_code != 200:
        raise BenchError(f"signing in was answered with {answer.status_code}")
    return {"Authorization": f"Bearer {answer.json['access']}"}


def _post(client: FlaskClient, headers: dict[str, str], body: dict[str, object]) -> None:
    if (status := client.post(POST, json=body, headers=headers).status_code) != 201:
        raise BenchError(f"a reading was answered with {status}")


def _get(client: FlaskClient, headers: dict[str, str], path: str) -> None:
    if (status := client.get(path, headers=headers).status_code) != 200:
        raise BenchError(f"{path} was answered with {status}")
