"""House rules of every endpoint group: the strict parser, the documented errors, the bearer scheme."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask
from flask_smorest import Api, Blueprint

from app.schemas.errors import ErrorSchema
from app.web.arguments import StrictParser
from app.web.responses import ETAG_PATTERN

View = TypeVar("View", bound=Callable[..., Any])
BASE = "/api/v1"
_DOCUMENT = {
    "API_TITLE": "Vantrexia API",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.0.3",
    "OPENAPI_URL_PREFIX": BASE,
    "OPENAPI_JSON_PATH": "openapi.json",
}
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
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    "description": "Makes the request happen once: a repetition within 24 hours gets the first answer.",
}
_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string", "pattern": rf"^(\*|{ETAG_PATTERN})$"},
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


def _document_house_rules(doc: dict[str, Any], info: dict[str, Any], *, method: str, **_: Any) -> dict[str, Any]:
    responses = doc.setdefault("responses", {})
    for status, description in _ERRORS.items():
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        if not {status, int(status)} & responses.keys():  # a view's own answers are there by their numbers
            responses[status] = {"description": description, "content": content}
    responses.pop("default", None)
    is_public = info.get("manual_doc", {}).get("security") == []
    header = {"post": _IDEMPOTENCY, "put": _IF_MATCH, "patch": _IF_MATCH, "delete": _IF_MATCH}.get(method.lower())
    doc["parameters"] = [*doc.get("parameters", []), *([header] if header and not is_public else [])]
    return doc


def _null_or_that(_converter: Any, _field: Any, *, ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say of a part that may be null that it is null or that part; apispec says: any object, or that part."""
    if "anyOf" not in ret:
        return {}
    return {"anyOf": [{"type": "object", "nullable": True, "enum": [None]}, *ret["anyOf"][1:]]}


def init_app(app: Flask, groups: tuple[EndpointGroup, ...]) -> None:
    """Register the groups and describe the API."""
    app.config.update(_DOCUMENT)
    api = HouseApi(
        app,
        spec_kwargs={
            "info": {"description": "Remote Patient Monitoring: patients, readings, triage, billing, FHIR."},
            "security": [{"bearer": []}],
            "servers": [{"url": "/"}],
        },
    )
    api.ma_plugin.converter.add_attribute_function(_null_or_that)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    for group in groups:
        api.register_blueprint(group)
