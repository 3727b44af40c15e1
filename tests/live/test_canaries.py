"""Names, numbers, secrets: told to a real server, and then looked for in everything that it leaves behind."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bench.children import child, free_port, wait_for
from tests.builders import a_body
from tests.live.canaries import Canaries, dump, found_in_files, found_in_text
from tests.live.installation import Answer, Installation, Web

pytestmark = pytest.mark.slow
CANARY = Canaries()
API = "/api/v1"


@dataclass
class Story:
    """What was said, and what was answered."""

    installation: Installation
    refusals: list[Answer] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    output: str = ""

    @property
    def canaries(self) -> list[str]:
        """Everything that must not be found."""
        return CANARY.all(self.tokens)


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Everything told once, by somebody who signs in, works, errs and leaves; the server has ended."""
    directory = Path(tempfile.mkdtemp(prefix="vantrexia-canaries-"))
    with _redis(directory) as settings:
        story = Story(Installation(directory, LOG_LEVEL="DEBUG", **settings))
        story.installation.create_admin(CANARY.account_email, CANARY.password, CANARY.account_name)
        with story.installation.serving() as web:
            _work(web, story)
        story.output = "".join(path.read_text() for path in directory.rglob("*.log"))
    yield story
    story.installation.stop()
    shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _redis(directory: Path) -> Iterator[dict[str, str]]:
    """Share limits through a Redis that keeps a file, where there is a Redis: it must hold no canary either."""
    program = shutil.which("redis-server")
    if program is None:
        yield {}
        return
    port, log = free_port(), directory / "redis.log"
    home = directory / "redis"
    home.mkdir()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(home), "--appendonly", "yes"]
    with child(command, {}, directory, log) as process:
        wait_for(process, port, log)
        yield {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}


def _work(web: Web, story: Story) -> None:
    story.refusals.append(_login(web, CANARY.wrong_password))
    web.tokens = _login(web, CANARY.password).json
    patient = _created(web, "/patients/", _a_person())
    reading = _created(web, "/ingestion/blood-pressure/", a_body(patient["id"], systolic=182), Idempotency_Key="one")
    entry = {"patient_id": patient["id"], "cpt_code": "99454", "service_date": "2026-01-02", "amount": 5}
    _created(web, "/billing/entries/", {**entry, "notes": CANARY.notes})
    for path in _readings_of(patient["id"], reading["id"]):
        assert web.call("GET", f"{API}{path}").status == 200, path
    story.refusals += [_refused(web, *attempt) for attempt in _mistakes(patient["id"])]
    story.tokens += [web.tokens["access"], web.tokens["refresh"]]
    web.tokens = web.call("POST", f"{API}/auth/token/refresh/", {"refresh": web.tokens["refresh"]}).json
    story.tokens += [web.tokens["access"], web.tokens["refresh"]]
    web.call("POST", f"{API}/auth/logout/", {"refresh": web.tokens["refresh"]})


def _login(web: Web, password: str) -> Answer:
    return web.call("POST", f"{API}/auth/login/", {"email": CANARY.account_email, "password": password})


def _a_person() -> dict[str, Any]:
    address = {"line1": CANARY.street, "line2": "", "city": CANARY.city, "state": "IL", "zip": "62701"}
    return {
        "first_name": CANARY.first_name, "last_name": CANARY.last_name, "date_of_birth": CANARY.birthday,
        "gender": "female", "mrn": CANARY.mrn, "phone": CANARY.phone, "email": CANARY.email, "address": address,
    }  # fmt: skip


def _readings_of(patient: str, reading: str) -> list[str]:
    found = [f"/patients/?search={word}" for word in (CANARY.first_name, CANARY.last_name[:4], CANARY.mrn)]
    return [*found, f"/patients/{patient}/", f"/fhir/observations/{reading}/", "/triage/patients/", "/auth/me/"]


def _mistakes(patient: str) -> list[tuple[str, str, Any]]:
    """Requests that are refused, each with a canary in it."""
    return [
        ("POST", "/patients/", {**_a_person(), "allow_duplicate": True}),  # refused for its record number, then
        ("POST", "/patients/", {**_a_person(), "gender": CANARY.last_name}),
        ("PATCH", f"/patients/{patient}/", {"date_of_birth": CANARY.last_name, "phone": CANARY.notes}),
        ("POST", "/ingestion/blood-pressure/", {**a_body(patient), "systolic": CANARY.mrn}),
        ("POST", "/auth/token/refresh/", {"refresh": CANARY.password}),
        ("GET", f"/patients/?ordering={CANARY.last_name}", None),
        ("GET", f"/patients/{CANARY.last_name}/", None),
    ]


def _created(web: Web, path: str, body: Any, **headers: str) -> Any:
    answer = web.call("POST", f"{API}{path}", body, **headers)
    assert answer.status == 201, answer.text
    return answer.json


def _refused(web: Web, method: str, path: str, body: Any) -> Answer:
    answer = web.call(method, f"{API}{path}", body)
    assert 400 <= answer.status < 500, answer.text
    return answer


def test_s58_no_canary_stands_in_the_database_as_rows(story: Story) -> None:
    """Every table, every column, jobs and trail included: plain, in hexadecimal, in base64."""
    assert found_in_text(story.canaries, dump(story.installation.postgres)) == []


def test_s58_no_canary_stands_in_the_files_of_the_database_or_of_redis(story: Story) -> None:
    """Tables, indexes and the write-ahead log, as bytes."""
    story.installation.postgres.query("CHECKPOINT")
    data = story.installation.directory / "postgres" / "data"
    assert any((data / "pg_wal").iterdir())
    assert found_in_files(story.canaries, data) == []
    assert found_in_files(story.canaries, story.installation.directory / "redis") == []


def test_s62_no_canary_stands_in_any_log(story: Story) -> None:
    """Of the server at its most talkative, of the database, of Redis."""
    assert story.output
    assert found_in_text(story.canaries, story.output) == []


def test_s62_no_canary_stands_in_the_arguments_of_jobs(story: Story) -> None:
    """They are kept long, and shown to operators."""
    jobs = story.installation.postgres.query("SELECT args::text FROM procrastinate_jobs")
    assert found_in_text(story.canaries, jobs) == []


def test_s62_no_refusal_repeats_what_was_sent(story: Story) -> None:
    """An error is pasted into tickets."""
    assert len(story.refusals) > 5
    assert [
        found_in_text(story.canaries, answer.text)
        for answer in story.refusals
        if found_in_text(story.canaries, answer.text)
    ] == []


def test_s58_the_search_finds_a_planted_canary(story: Story) -> None:
    """In the rows, and in the files once they are written."""
    postgres = story.installation.postgres
    postgres.query(
        f"CREATE TABLE planted AS SELECT '{CANARY.notes}'::text AS plain, '{CANARY.mrn}'::bytea AS bytes; CHECKPOINT"
    )
    rows = found_in_text(story.canaries, dump(postgres))
    files = found_in_files(story.canaries, story.installation.directory / "postgres" / "data")
    postgres.query("DROP TABLE planted; CHECKPOINT")
    assert set(rows) == {CANARY.notes, CANARY.mrn}
    assert {canary for canary, _ in files} == {CANARY.notes, CANARY.mrn}
