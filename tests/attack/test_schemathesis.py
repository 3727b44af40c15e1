"""The OpenAPI document held against the application by schemathesis (S29): every check it has, bounded, repeatable."""

import re
from collections.abc import Callable
from http import HTTPStatus
from itertools import islice

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from app.domain.roles import GRANTS, Permission, Role
from tests.attack.operations import Operation
from tests.attack.world import World, bearer

pytestmark = pytest.mark.slow
DOCUMENT = "/api/v1/openapi.json"
_PARTS = 6  # for as many processes; each is a few minutes of work
_BY_STATE = {412, 422, 423}  # a stale version, a key used before, an account locked by the guesses made here


@pytest.fixture
def contract(app: Flask) -> schemathesis.BaseSchema:
    """The document, asked of the application itself."""
    return schemathesis.openapi.from_wsgi(DOCUMENT, app)


@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=pytest.mark.xdist_group(f"contract {part}")) for part in range(_PARTS)]
)
def test_s29_every_operation_keeps_the_contract(
    contract: schemathesis.BaseSchema, operations: list[Operation], home: World, part: int
) -> None:
    """Statuses, bodies, headers and content types are the documented ones; nothing works without a token."""
    permissions = {_documented(one): one.permission or Permission.SIGNED_IN for one in operations}
    broken = []
    for found in islice(contract.get_all_operations(), part, None, _PARTS):
        operation = found.ok()
        name = f"{operation.method.upper()} {operation.path}"
        person = home.person(next(role for role in Role if role in GRANTS[permissions[name]]))
        broken += [f"{name}:\n{failure}" for failure in _failures(operation, lambda person=person: bearer(person))]
    assert not broken, "\n\n".join(broken)


def _failures(operation: schemathesis.schemas.APIOperation, sign_in: Callable[[], dict[str, str]]) -> list[str]:
    """Return what schemathesis finds wrong: cases that keep the schema, and cases that break it."""
    found = []
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @bounded(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def attack(case: schemathesis.Case) -> None:
            headers = sign_in()
            answer = case.call(headers=headers)
            excluded = [positive_data_acceptance] if _is_beyond_schemas(answer) else []
            sent = {"headers": headers}
            case.validate_response(answer, excluded_checks=excluded, transport_kwargs=sent, **sent)

        try:
            attack()
        except BaseExceptionGroup as group:
            found.append(str(group))
        except Unsatisfiable:
            pass  # nothing can break it: it takes no input
    return found


def _is_beyond_schemas(answer: schemathesis.Response) -> bool:
    """Say whether it is the state that refuses, or a rule that no schema states.

    Between fields (a code or a recovery code, not both), between days (an end after its start), about what is on record
    (a patient that the caller may see), about numbers (at most two decimals, which floats cannot be held to): the
    document cannot say such rules, each has a test of its own, and the answer names the field. Only the check that
    valid data is accepted is left out for such an answer; every other check always runs.
    """
    if answer.status_code in _BY_STATE:
        return True
    if answer.status_code != HTTPStatus.BAD_REQUEST or not answer.content.startswith(b"{"):
        return False
    refusal = answer.json()
    return bool(refusal.get("field_errors")) or refusal["detail"] == "A number is too large or too precise."


def _documented(operation: Operation) -> str:
    path = re.sub(r"<(?:[^<>]*:)?([^<>:]+)>", r"{\1}", operation.rule)
    return f"{operation.method} {path}"
