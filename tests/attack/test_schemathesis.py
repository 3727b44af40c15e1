"""The OpenAPI document held against the application by schemathesis (S29): every check it has, bounded, repeatable."""

from collections.abc import Callable

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from app.domain.roles import GRANTS, Permission, Role
from tests.attack.operations import Operation
from tests.attack.world import World, bearer

pytestmark = pytest.mark.slow
DOCUMENT = "/api/v1/openapi.json"


@pytest.fixture
def contract(app: Flask) -> schemathesis.BaseSchema:
    """The document, asked of the application itself."""
    return schemathesis.openapi.from_wsgi(DOCUMENT, app)


def test_s29_every_operation_keeps_the_contract(
    contract: schemathesis.BaseSchema, operations: list[Operation], home: World
) -> None:
    """Statuses, bodies, headers and content types are the documented ones; nothing works without a token."""
    permissions = {_documented(one): one.permission or Permission.SIGNED_IN for one in operations}
    broken = []
    for found in contract.get_all_operations():
        operation = found.ok()
        name = f"{operation.method.upper()} {operation.path}"
        person = home.person(next(role for role in Role if role in GRANTS[permissions[name]]))
        broken += [f"{name}: {failure}" for failure in _failures(operation, lambda person=person: bearer(person))]
    assert not broken, "\n\n".join(broken)


def _failures(operation: schemathesis.schemas.APIOperation, sign_in: Callable[[], dict[str, str]]) -> list[str]:
    """Return what schemathesis finds wrong: cases that keep the schema, and cases that break it."""
    found = []
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @bounded(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def attack(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=sign_in())

        try:
            attack()
        except BaseExceptionGroup as group:
            found += [str(failure) for failure in group.exceptions]
        except Unsatisfiable:
            pass  # nothing can break it: it takes no input
    return found


def _documented(operation: Operation) -> str:
    path = operation.rule
    for argument, converter in operation.converters.items():
        path = path.replace(f"<{converter}:{argument}>", f"{{{argument}}}")
    return f"{operation.method} {path}"
