"""How many statements a request sends to the database: counted in this process, by SQLAlchemy's own events."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from app.extensions import db
from bench.children import BenchError
from bench.latency import READS
from bench.load import a_reading
from bench.ours import Ours
from bench.seed import PASSWORD, Practice

POST, LIST = "/api/v1/ingestion/blood-pressure/", "/api/v1/patients/"


@dataclass
class Counted:
    """Statements that carry work, and those that open and close a transaction."""

    statements: int = 0
    transactions: int = 0

    def __str__(self) -> str:
        return f"{self.statements} + {2 * self.transactions}"


def count_statements(ours: Ours) -> dict[str, Counted]:
    """Return the statements of each job by its name in the table; keys and sessions are known beforehand."""
    client = ours.app.test_client()
    with ours.app.app_context():
        engine = db.engine
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
    return {name: _count(engine, twice) for name, twice in asks.items()}


def _count(engine: Engine, asks: Sequence[Callable[[], None]]) -> Counted:
    """Ask each in turn and count the last: the ones before it warm the caches."""
    for ask in asks[:-1]:
        ask()
    with _counting(engine) as counted:
        asks[-1]()
    return counted


@contextmanager
def _counting(engine: Engine) -> Iterator[Counted]:
    counted = Counted()

    def statement(*_: object) -> None:
        counted.statements += 1

    def begin(*_: object) -> None:
        counted.transactions += 1

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "begin", begin)
    yield counted
    event.remove(engine, "before_cursor_execute", statement)
    event.remove(engine, "begin", begin)


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
