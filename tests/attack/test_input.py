"""Hostile input on every operation (S30, S31, S35, S39 to S42): refused by name, stored by nobody, never a 500."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from flask.testing import FlaskClient

from tests.attack import hostile
from tests.attack.bodies import Bodies, Schema, replaced
from tests.attack.operations import Operation
from tests.attack.world import World, bearer

State = Callable[[], dict[str, str]]
_SHAPE = {"detail", "code", "field_errors"}


def _may_be_empty(operation: Operation) -> bool:
    return not operation.documented["requestBody"].get("required", False)


def test_s35_no_hostile_body_is_more_than_a_bad_request(
    client: FlaskClient, writes: list[Operation], home: World, state: State
) -> None:
    """400 in the envelope, for each body on each operation that reads one; nothing is written."""
    before, wrong = state(), []
    for operation in writes:
        headers, path = bearer(home.person(operation.roles[0])), operation.path(home.ids)
        for name, body in hostile.BODIES.items():
            if name == "nothing" and _may_be_empty(operation):
                continue
            answer = client.open(
                path, method=operation.method, data=body, content_type="application/json", headers=headers
            )
            if answer.status_code != 400 or answer.json.keys() != _SHAPE:
                wrong.append((operation.name, name, answer.status_code))
    assert wrong == []
    assert state() == before


def test_s35_operations_without_a_body_do_not_stumble_over_one(
    client: FlaskClient, operations: list[Operation], home: World
) -> None:
    """They do not read it."""
    for operation in (one for one in operations if one.body_schema is None and one.permission is not None):
        headers = bearer(home.person(operation.roles[0]))
        for name, body in hostile.BODIES.items():
            sent = {"data": body, "content_type": "application/json", "headers": headers}
            status = client.open(operation.path({}), method=operation.method, **sent).status_code
            assert status < 500, (operation.name, name)


def _wrong_values(schema: Schema) -> Iterator[tuple[str, Any]]:
    kind = schema.get("type", "string")
    kind = next(one for one in kind if one != "null") if isinstance(kind, list) else kind
    is_open = kind == "object" and not schema.get("properties")
    yield from () if is_open else hostile.NEVER.items()
    yield from hostile.WRONG[kind].items()
    yield from hostile.WRONG_FORMAT.get(schema.get("format", ""), {}).items()
    if kind == "object" and not is_open:
        yield "unknown member", {"no_such_member": 1}


def _is_named(field: str, field_errors: dict[str, Any]) -> bool:
    """Say whether the field is named; a body that was no JSON of ours names none."""
    return not field_errors or any(name.startswith(field) for name in field_errors)


def test_s35_no_field_takes_a_value_of_another_kind(
    client: FlaskClient, writes: list[Operation], bodies: Bodies, home: World, state: State
) -> None:
    """400, and `field_errors` names the field or the body was no JSON of ours."""
    before, wrong = state(), []
    for operation in writes:
        headers, path = bearer(home.person(operation.roles[0])), operation.path(home.ids)
        body = bodies.valid(operation.body_schema or {}, home.ids)
        for field, schema in bodies.fields(operation.body_schema or {}):
            for name, value in _wrong_values(schema):
                sent = {"data": json.dumps(replaced(body, field, value)), "content_type": "application/json"}
                answer = client.open(path, method=operation.method, headers=headers, **sent)
                if answer.status_code != 400 or not _is_named(field[0], answer.json["field_errors"]):
                    wrong.append((operation.name, ".".join(field), name, answer.status_code))
    assert wrong == []
    assert state() == before


def test_s30_no_field_that_is_not_documented_is_taken(
    client: FlaskClient, writes: list[Operation], bodies: Bodies, home: World, state: State
) -> None:
    """Roles, practices, ids, times and versions are named as unknown, and nothing is stored."""
    before, wrong = state(), []
    for operation in writes:
        headers, path = bearer(home.person(operation.roles[0])), operation.path(home.ids)
        body = bodies.valid(operation.body_schema or {}, home.ids)
        for name in hostile.FORBIDDEN_FIELDS.keys() - bodies.properties(operation.body_schema or {}).keys():
            sent = {**body, name: hostile.FORBIDDEN_FIELDS[name]}
            answer = client.open(path, method=operation.method, json=sent, headers=headers)
            if answer.status_code != 400 or name not in answer.json["field_errors"]:
                wrong.append((operation.name, name, answer.status_code))
    assert wrong == []
    assert state() == before


def test_s39_no_other_content_type_is_read(client: FlaskClient, writes: list[Operation], home: World) -> None:
    """415 on every operation that reads a body."""
    types = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", None]
    types.append("application/json; charset=utf-16")
    for operation in writes:
        headers, path = bearer(home.person(operation.roles[0])), operation.path(home.ids)
        for kind in types:
            answer = client.open(path, method=operation.method, data=b"{}", content_type=kind, headers=headers)
            assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type"), (operation.name, kind)


def test_s40_every_other_method_is_refused_and_the_right_ones_are_named(
    client: FlaskClient, operations: list[Operation], home: World
) -> None:
    """TRACE as well; an override header changes nothing."""
    methods: dict[str, set[str]] = {}
    for operation in operations:
        methods.setdefault(operation.path(home.ids), set()).add(operation.method)
    headers = bearer(next(iter(home.people.values())))
    for path, right in methods.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "HACK"} - right:
            override = {name: next(iter(right)) for name in ("X-HTTP-Method-Override", "X-Method-Override")}
            answer = client.open(path, method=method, headers={**headers, **override})
            assert answer.status_code == 405, (method, path)
            assert right <= set(answer.headers["Allow"].split(", ")), path


def test_s42_every_list_refuses_a_senseless_page(client: FlaskClient, operations: list[Operation], home: World) -> None:
    """0, -1, 1e20, NUL, too many at once; a page far beyond the end is empty, and soon."""
    lists = [one for one in operations if "page" in one.query and not one.writes]  # the simulator's test asks by POST
    assert lists
    for operation in lists:
        headers, path = bearer(home.person(operation.roles[0])), operation.path(home.ids)
        for name, values in (("page", hostile.PAGES), ("page_size", hostile.PAGE_SIZES)):
            for value in values:
                answer = client.get(path, query_string={name: value}, headers=headers)
                assert (answer.status_code, name in answer.json.get("field_errors", {})) == (400, True), (path, value)
        took = []
        for _ in range(3):
            began = time.perf_counter()
            deep = client.get(path, query_string={"page": "1000000"}, headers=headers)
            took.append(time.perf_counter() - began)
            assert deep.json["results"] == [], path
        assert min(took) < 0.2, path


def _dealt(names: list[str]) -> list[tuple[str, str]]:
    """Deal the injections to the names: each name gets some, each injection comes once at least."""
    texts = [*hostile.INJECTIONS, *hostile.SCRIPTS]
    rounds = max(len(texts), len(names)) if names else 0
    return [(names[turn % len(names)], texts[turn % len(texts)]) for turn in range(rounds)]


def test_s41_a_query_of_injections_is_a_text_or_refused(
    client: FlaskClient, operations: list[Operation], home: World
) -> None:
    """No 500, no time spent sleeping, nothing found by a condition that is always true, no header of theirs."""
    for operation in (one for one in operations if one.method == "GET" and one.permission is not None):
        headers, path = bearer(home.person(operation.roles[0])), operation.path(home.ids)
        for name, text in _dealt(sorted(operation.query)):
            began = time.perf_counter()
            answer = client.get(path, query_string={name: text}, headers=headers)
            is_unconnected = answer.status_code == 409 and answer.json["code"] == "emr_not_configured"
            assert answer.status_code in {200, 400} or is_unconnected, (operation.name, name, text)
            found = answer.json.get("results") if answer.is_json else None  # an export is no JSON
            assert answer.status_code != 200 or not found, (operation.name, name, text)
            assert time.perf_counter() - began < hostile.SLEEP_SECONDS
            assert "hacked" not in str(answer.headers)


def test_s41_an_injection_in_a_path_leads_nowhere(
    client: FlaskClient, operations: list[Operation], pages: list[Operation], home: World
) -> None:
    """In place of each id in turn, those beside it real: 404 and no other word, for the console as well."""
    for operation in (one for one in [*operations, *pages] if one.converters and one.permission is not None):
        headers = bearer(home.person(operation.roles[0])) if operation in operations else {}
        for name in operation.converters:
            for text in hostile.INJECTIONS:
                began, path = time.perf_counter(), operation.path({**home.ids, name: quote(text, safe="")})
                answer = client.open(path, method=operation.method, json={}, headers=headers)
                is_refused_before = not headers and answer.status_code in {302, 400, 403}
                assert answer.status_code == 404 or is_refused_before, (path, answer.status_code)
                assert time.perf_counter() - began < hostile.SLEEP_SECONDS
                assert "hacked" not in str(answer.headers)


def test_s41_a_body_of_injections_is_stored_as_it_is_or_refused(
    client: FlaskClient, writes: list[Operation], bodies: Bodies, home: World
) -> None:
    """No 500; what is stored comes back letter by letter."""
    for operation in writes:
        path = operation.path(home.ids)
        texts = [name for name, one in bodies.properties(operation.body_schema or {}).items() if _is_free(one)]
        for name, text in _dealt(texts):
            body = bodies.valid(operation.body_schema or {}, home.ids) | {name: text}
            headers = bearer(home.person(operation.roles[0]))
            answer = client.open(path, method=operation.method, json=body, headers=headers)
            assert answer.status_code < 500, (operation.name, name, text)
            if answer.status_code in {200, 201} and name in (answer.json or {}):
                assert answer.json[name] == text.strip(), (operation.name, name)


def _is_free(schema: Schema) -> bool:
    return schema.get("type") == "string" and not schema.get("enum") and schema.get("format") in {None, "email"}


def test_s41_no_header_breaks_out_of_its_line(client: FlaskClient, operations: list[Operation], home: World) -> None:
    """Nor is an odd one a bug: idempotency keys, versions, origins."""
    odd = ["'; DROP TABLE users; --", "\x01", "x" * 4000, "é", '"1"; W/"2"', "-1", "1" * 300]
    for operation in (one for one in operations if one.permission is not None and one.writes):
        headers = bearer(home.person(operation.roles[0]))
        for name in ("Idempotency-Key", "If-Match", "If-None-Match", "Origin", "Accept", "Range"):
            for value in odd:
                answer = client.open(
                    operation.path({}), method=operation.method, json={}, headers={**headers, name: value}
                )
                assert answer.status_code < 500, (operation.name, name, value)


def _surplus(bodies: Bodies, value: Any, schema: Schema, at: str = "") -> Iterator[str]:
    """Yield the members of an answer that its documented schema does not have."""
    schema = bodies.resolve(schema)
    if isinstance(value, list):
        for one in value:
            yield from _surplus(bodies, one, schema.get("items", {}), f"{at}[]")
    elif isinstance(value, dict) and "properties" in schema:
        for name, inner in value.items():
            if name in schema["properties"]:
                yield from _surplus(bodies, inner, schema["properties"][name], f"{at}.{name}")
            else:
                yield f"{at}.{name}"


def test_s31_no_answer_has_a_member_that_is_not_documented(
    client: FlaskClient, operations: list[Operation], bodies: Bodies, home: World
) -> None:
    """For every role that may ask; answers of refusals too."""
    seen, surplus = set(), []
    for operation in operations:
        for role in operation.roles:
            body = bodies.valid(operation.body_schema, home.ids) if operation.body_schema else None
            headers = bearer(home.person(role))
            answer = client.open(operation.path(home.ids), method=operation.method, json=body, headers=headers)
            documented = operation.documented["responses"].get(str(answer.status_code))
            assert documented is not None, f"{operation.name} answers {answer.status_code}, which is not documented"
            schema = documented.get("content", {}).get("application/json", {}).get("schema", {})
            answered = answer.json if answer.is_json and answer.data else None
            surplus += [(operation.name, name) for name in _surplus(bodies, answered, schema)]
            seen |= {operation.name} if answer.status_code < 300 else set()
    assert surplus == []
    assert len(seen) > len(operations) / 2  # the bodies made up here do get in
