"""Another practice's ids (S25 to S27): in paths, bodies, queries and searches, on every operation there is."""

import re
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.roles import Permission, Role
from deploy.local_postgres import LocalPostgres
from tests.attack.bodies import Bodies, replaced
from tests.attack.operations import RANDOM, Operation
from tests.attack.world import World, bearer, visit, visitor
from tests.documents import a_pdf, pdf_words

State = Callable[[], dict[str, str]]
_OF_REQUEST = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|nonce=\"[^\"]+\"|value=\"[\w.-]{20,}\"|\"X-CSRFToken\": \"[^\"]+\""
)


_ELSEWHERE = {"external_id"}  # names something in another system, which is no practice's own
_FILES: dict[str, Callable[[], bytes]] = {
    "application/pdf": a_pdf,
    "text/csv": lambda: b"first,last,dob,sex\nMallory,Attacker,1960-01-01,F\n",
}


def _with_ids(operations: list[Operation]) -> list[Operation]:
    """Return those that name something of a practice; a webhook's address is its vendor's, who belongs to none."""
    named = [one for one in operations if one.converters.keys() - _ELSEWHERE]
    return [one for one in named if one.permission is not None]


def _ids(world: World, operation: Operation) -> dict[str, object]:
    missing = operation.converters.keys() - world.ids.keys()
    assert not missing, f"{operation.name}: say in World.ids (tests/attack/world.py) what {missing} is"
    return {name: world.ids[name] for name in operation.converters}


def _send(
    client: FlaskClient, operation: Operation, bodies: Bodies, person: Any, ids: Mapping[str, object]
) -> TestResponse:
    headers, path = bearer(person), operation.path(ids)
    if operation.file_type:
        file = {"data": _FILES[operation.file_type](), "content_type": operation.file_type}
        return client.open(path, method=operation.method, headers=headers, **file)
    body = bodies.valid(operation.body_schema, ids) if operation.body_schema else None
    return client.open(path, method=operation.method, json=body, headers=headers)


def test_s25_another_practices_id_in_a_path_is_like_a_random_one(
    client: FlaskClient, operations: list[Operation], bodies: Bodies, home: World, abroad: World, state: State
) -> None:
    """Every path with an id, every method, every role that may: 404, the same body, the same headers, no change."""
    wrong = []
    sets = [(one, _ids(abroad, one), home.person(role)) for one in _with_ids(operations) for role in one.roles]
    before = state()
    for operation, ids, person in sets:
        foreign, random = (_send(client, operation, bodies, person, some) for some in (ids, {}))
        alike = foreign.json == random.json and set(foreign.headers.keys()) == set(random.headers.keys())
        if (foreign.status_code, random.status_code, alike) != (404, 404, True):
            wrong.append((operation.name, person.actor.role.value, foreign.status_code, random.status_code))
    assert wrong == []
    assert state() == before


def test_s25_every_refusal_of_a_foreign_id_is_in_the_trail(
    client: FlaskClient,
    operations: list[Operation],
    bodies: Bodies,
    home: World,
    abroad: World,
    postgres: LocalPostgres,
) -> None:
    """Who tried, which route, which id, and that it was refused; in the trail of the one who tried."""
    for operation in _with_ids(operations):
        person = home.person(operation.roles[0])
        answer = _send(client, operation, bodies, person, _ids(abroad, operation))
        number, first = answer.headers["X-Request-Id"], next(iter(operation.converters))
        trail = postgres.query(
            "SELECT outcome, action, resource_id, user_id, practice_id FROM audit_events"
            f" WHERE request_id = '{number}' AND outcome = 'refused'"
        )
        action = f"{operation.method} {operation.endpoint}"
        expected = f"refused|{action}|{abroad.ids[first]}|{person.actor.user_id}|{home.practice_id}"
        assert trail.strip() == expected, operation.name


def test_s25_a_foreign_id_in_the_console_is_like_a_random_one(
    app: Flask, pages: list[Operation], home: World, abroad: World, state: State
) -> None:
    """Its page says the same, word for word."""
    sets = [(page, _ids(abroad, page), visitor(app, home.person(page.roles[0]))) for page in _with_ids(pages)]
    before = state()
    for page, ids, client in sets:
        texts = []
        for some in (ids, {}):
            answer = visit(client, page, some)
            texts.append((answer.status_code, _OF_REQUEST.sub("", answer.text)))
        assert texts[0] == texts[1], page.name
        assert texts[0][0] == 404, page.name
    assert state() == before


@pytest.mark.slow
@pytest.mark.alone
def test_s25_a_foreign_id_takes_as_long_as_a_random_one(
    client: FlaskClient, operations: list[Operation], bodies: Bodies, home: World, abroad: World
) -> None:
    """Medians of interleaved requests within five milliseconds."""
    for operation in _with_ids(operations):
        headers, ids = bearer(home.person(operation.roles[0])), _ids(abroad, operation)
        body = bodies.valid(operation.body_schema, ids) if operation.body_schema else None
        took: dict[str, list[float]] = {operation.path(ids): [], operation.path({}): []}
        for _ in range(60):
            for path, times in took.items():
                began = time.perf_counter()
                client.open(path, method=operation.method, json=body, headers=headers)
                times.append(time.perf_counter() - began)
        foreign, random = map(statistics.median, took.values())
        assert abs(foreign - random) < 0.005, operation.name


def _references(operation: Operation, bodies: Bodies, world: World) -> list[tuple[str, ...]]:
    """Return the fields of the body that name something of a practice's."""
    found = []
    for path, schema in bodies.fields(operation.body_schema or {}):
        name = path[-1].removesuffix("s")
        if name.endswith("_id") and name in world.ids and schema.get("type") in {"string", "integer"}:
            found.append(path)
    return found


def test_s26_another_practices_id_in_a_body_writes_nothing(
    client: FlaskClient, writes: list[Operation], bodies: Bodies, home: World, abroad: World, state: State
) -> None:
    """400 or 404 (or 409, when the state forbids the rest), as for a random id; and every row is as before."""
    cases = [(one, path) for one in writes for path in _references(one, bodies, abroad)]
    assert cases
    for operation, path in cases:
        body, headers = bodies.valid(operation.body_schema or {}, home.ids), bearer(home.person(operation.roles[0]))
        before, answers = state(), []
        for value in (abroad.ids[path[-1]], RANDOM["int" if path[-1] == "user_id" else "uuid"]):
            sent = replaced(body, path, value if isinstance(value, int) else str(value))
            own = operation.path(home.ids)
            answers.append(client.open(own, method=operation.method, json=sent, headers=headers))
        assert answers[0].status_code in {400, 404, 409}, operation.name
        assert answers[0].json == answers[1].json, operation.name
        assert state() == before, operation.name


def test_s26_another_practices_id_in_a_query_finds_nothing(
    client: FlaskClient, operations: list[Operation], home: World, abroad: World
) -> None:
    """As a random id finds nothing; a practice's trail alone knows which ids its own people asked for."""
    for operation in (one for one in operations if one.permission is not Permission.READ_AUDIT):
        for name in operation.query.keys() & abroad.ids.keys():
            headers, path = bearer(home.person(operation.roles[0])), operation.path(home.ids)
            values = (abroad.ids[name], RANDOM["int" if name == "user_id" else "uuid"])
            answers = [client.get(path, query_string={name: str(value)}, headers=headers) for value in values]
            assert answers[0].status_code in {200, 400, 404}, operation.name
            assert answers[0].text.replace(str(values[0]), str(values[1])) == answers[1].text, operation.name


def _reads(operations: list[Operation]) -> list[Operation]:
    return [one for one in operations if one.method == "GET" and one.permission is not None]


def _every_way(operation: Operation, mark: str) -> list[dict[str, str]]:
    """Return the ways to ask for the whole of a list, and for somebody by name."""
    size = {"page_size": "100"} if "page_size" in operation.query else {}
    return [size, *({**size, "search": text} for text in (mark[:4], f"{mark}last") if "search" in operation.query)]


def _told(answer: TestResponse) -> str:
    """Return what an answer says, a PDF's words included."""
    return pdf_words(answer.data) if answer.data.startswith(b"%PDF-") else answer.text


def test_s27_no_read_shows_a_row_of_another_practice(
    client: FlaskClient, operations: list[Operation], home: World, abroad: World
) -> None:
    """Lists, searches, details, FHIR and exports, for every role that may read them."""
    seen = []
    for operation in _reads(operations):
        for role in operation.roles:
            headers = bearer(home.person(role))
            for query in _every_way(operation, abroad.mark):
                answer = client.get(operation.path(home.ids), query_string=query, headers=headers)
                text = _told(answer).replace(query.get("search", "\0"), "")
                hidden = abroad.secrets(operation.permission)
                seen += [(operation.name, role.value, secret) for secret in hidden if secret in text]
    assert seen == []


def test_s27_no_page_of_the_console_shows_a_row_of_another_practice(
    app: Flask, pages: list[Operation], home: World, abroad: World
) -> None:
    """Nor when it is searched for."""
    for page in (one for one in pages if one.method == "GET" and one.permission is not None):
        client = visitor(app, home.person(page.roles[0]))
        text = client.get(page.path(home.ids)).text
        assert not [secret for secret in abroad.secrets(page.permission) if secret in text], page.name
    found = visitor(app, home.person(Role.PROVIDER)).get(f"/admin/patients?search={abroad.mark}last").text
    assert "0 patients found" in found


@pytest.fixture(scope="session")
def neighbour(app: Flask, home: World) -> World:
    """Another patient of the same practice."""
    return World("Qyneighbour", home.practice_id)


def test_s27_a_patient_sees_nobody_but_themselves(
    client: FlaskClient, operations: list[Operation], home: World, neighbour: World
) -> None:
    """In no list, no search and no answer at all."""
    patient, seen = home.person(Role.PATIENT), []
    for operation in _reads(operations):
        headers = bearer(patient)
        for query in _every_way(operation, neighbour.mark):
            answer = client.get(operation.path(home.ids), query_string=query, headers=headers)
            text = _told(answer).replace(query.get("search", "\0"), "")
            seen += [(operation.name, secret) for secret in neighbour.secrets(operation.permission) if secret in text]
    assert seen == []


def test_s27_a_patient_reaches_nothing_of_another_by_its_id(
    client: FlaskClient, operations: list[Operation], bodies: Bodies, home: World, neighbour: World, state: State
) -> None:
    """In the path: 404, or 403 where patients have no business. In a body: 404 or 400. Nothing is written."""
    patient, before = home.person(Role.PATIENT), state()
    for operation in operations:
        touches = operation.converters or _references(operation, bodies, neighbour)
        if operation.permission is None or not touches:
            continue
        answer = _send(client, operation, bodies, patient, neighbour.ids)
        allowed = {404, 400} if Role.PATIENT in operation.roles else {403}
        assert answer.status_code in allowed, operation.name
    assert state() == before


def test_s27_a_patient_reads_their_own(client: FlaskClient, operations: list[Operation], home: World) -> None:
    """So that the attacks above mean something: their own ids do open."""
    headers = bearer(home.person(Role.PATIENT))
    own = [one for one in _reads(operations) if Role.PATIENT in one.roles and "patient_id" in one.converters]
    assert {one.name: client.get(one.path(home.ids), headers=headers).status_code for one in own} == {
        one.name: 200 for one in own
    }
