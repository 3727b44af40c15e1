"""House rules of every endpoint group: the strict parser, the documented errors, the bearer scheme."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask
from flask_smorest import Api, Blueprint

from app.schemas.errors import ErrorSchema
from app.web.arguments import StrictParser

View = TypeVar("View", bound=Callable[..., Any])
BASE = "/api/v1"
_ERRORS = {
    "400": "The input is wrong; `field_errors` says where.",
    "401": "No valid access token.",
    "403": "The role does not allow this.",
    "404": "Nothing of that id is visible.",
    "405": "Another method is needed.",
    "409": "The state of the resource forbids it.",
    "412": "`If-Match` names an old version.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "The `Idempotency-Key` was used with another body.",
    "423": "The account is locked.",
    "429": "Too many requests; `Retry-After` says when to come back.",
    "500": "A bug; the reference finds it in the log.",
    "503": "A part is down; try again.",
}
_IDEMPOTENCY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "maxLength": 255},
    "description": "Makes the request happen once: a repetition within 24 hours gets the first answer.",
}
_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string"},
    "description": "The ETag of the version to change; a stale one is answered with 412.",
}


class HouseApi(Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest's API with the house's error envelope and our own handlers."""

    ERROR_SCHEMA = ErrorSchema

    def _register_error_handlers(self) -> None:
        """Leave the errors to `app.web.errors`."""


class EndpointGroup(Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """A blueprint whose operations read strictly and document every error they can give."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, import_name: str, **kwargs: Any) -> None:
        super().__init__(name, import_name, url_prefix=f"{BASE}/{kwargs.pop('path', name)}", **kwargs)
        self._prepare_doc_cbks.append(_document_house_rules)

    def arguments(self, schema: Any, **options: Any) -> Callable[[View], View]:
        """Read the request through a schema, made once and not at every request, and hand the result to the view."""
        schema = schema() if isinstance(schema, type) else schema
        return cast(Callable[[View], View], super().arguments(schema, **options))

    def response(self, status: int, schema: Any = None, **options: Any) -> Callable[[View], View]:
        """Answer with what the view returns, written by a schema."""
        return cast(Callable[[View], View], super().response(status, schema, **options))

    def alt_response(self, status: int, **options: Any) -> Callable[[View], View]:
        """Document another answer."""
        return cast(Callable[[View], View], super().alt_response(status, **options))

    def doc(self, **options: Any) -> Callable[[View], View]:
        """Add to the documentation of a view."""
        return cast(Callable[[View], View], super().doc(**options))


def _document_house_rules(doc: dict[str, Any], _info: Any, *, method: str, **_: Any) -> dict[str, Any]:
    responses = doc.setdefault("responses", {})
    for status, description in _ERRORS.items():
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        responses.setdefault(status, {"description": description, "content": content})
    responses.pop("default", None)
    header = {"post": _IDEMPOTENCY, "put": _IF_MATCH, "patch": _IF_MATCH, "delete": _IF_MATCH}.get(method.lower())
    doc["parameters"] = [*doc.get("parameters", []), *([header] if header else [])]
    return doc


def init_app(app: Flask, groups: tuple[EndpointGroup, ...]) -> None:
    """Register the groups and describe the API."""
    api = HouseApi(
        app,
        spec_kwargs={
            "info": {"description": "Remote Patient Monitoring: patients, readings, triage, billing, FHIR."},
            "security": [{"bearer": []}],
            "servers": [{"url": "/"}],
        },
    )
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    for group in groups:
        api.register_blueprint(group)
