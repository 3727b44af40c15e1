"""Every operation of the API and every page of the console, found in the URL map and the OpenAPI document."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from app.domain.roles import GRANTS, Permission, Role

_NO_METHOD = {"HEAD", "OPTIONS"}
_API, _CONSOLE = "/api/v1/", "/admin/"
RANDOM = {"uuid": "01a20af7-0000-7000-8000-0000deadbeef", "int": 2_000_000_011, "string": "deadbeef", "default": "dead"}


@dataclass(frozen=True)
class Operation:
    """One method of one route."""

    rule: str
    method: str
    endpoint: str
    permission: Permission | None
    converters: Mapping[str, str] = field(hash=False)
    documented: Mapping[str, Any] = field(hash=False, repr=False)

    @property
    def name(self) -> str:
        """Say which it is."""
        return f"{self.method} {self.rule}"

    @property
    def roles(self) -> list[Role]:
        """Return the roles that may use it; everybody when it is public. Patients come last."""
        holders = GRANTS[self.permission] if self.permission else frozenset(Role)
        return [role for role in Role if role in holders]

    @property
    def writes(self) -> bool:
        """Say whether the method changes anything."""
        return self.method != "GET"

    @property
    def body_schema(self) -> Mapping[str, Any] | None:
        """Return the documented schema of the body, if it has one."""
        content = self.documented.get("requestBody", {}).get("content", {})
        schema: Mapping[str, Any] | None = content.get("application/json", {}).get("schema")
        return schema

    @property
    def file_type(self) -> str | None:
        """Return the content type of the file that it takes as its body, if it takes one."""
        kinds = self.documented.get("requestBody", {}).get("content", {}).keys() - {"application/json"}
        return min(kinds, default=None)

    @property
    def query(self) -> dict[str, Mapping[str, Any]]:
        """Return the documented query parameters with their schemas."""
        parameters = self.documented.get("parameters", [])
        return {one["name"]: one["schema"] for one in parameters if one.get("in") == "query"}

    def path(self, ids: Mapping[str, object]) -> str:
        """Return the path with these ids; those that are not given are random ones of the right kind."""
        path = self.rule
        for name, converter in self.converters.items():
            value = ids.get(name, RANDOM[converter])
            path = re.sub(rf"<(?:[^<>]*:)?{name}>", str(value), path)
        return path


def api_operations(app: Flask, document: Mapping[str, Any]) -> list[Operation]:
    """Return every documented operation of the JSON API."""
    return [one for one in _all(app, document) if one.rule.startswith(_API) and one.documented]


def console_operations(app: Flask) -> list[Operation]:
    """Return every page and form of the console."""
    return [one for one in _all(app, {"paths": {}}) if one.rule.startswith(_CONSOLE)]


def _all(app: Flask, document: Mapping[str, Any]) -> list[Operation]:
    found = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        for method in sorted((rule.methods or set()) - _NO_METHOD):
            handler = getattr(getattr(view, "view_class", None), method.lower(), view)
            permission = getattr(handler, "required_permission", None)
            documented = document["paths"].get(_in_document(rule), {}).get(method.lower(), {})
            converters = {name: _converter(rule, name) for name in _arguments(rule)}
            found.append(Operation(rule.rule, method, rule.endpoint, permission, converters, documented))
    return found


def _arguments(rule: Rule) -> list[str]:
    return [str(part) for is_dynamic, part in rule._trace if is_dynamic]


def _converter(rule: Rule, name: str) -> str:
    kind = type(rule._converters[name]).__name__.removesuffix("Converter").lower()
    return {"uuid": "uuid", "integer": "int", "unicode": "default"}.get(kind, kind)


def _in_document(rule: Rule) -> str:
    parts = [f"{{{part}}}" if is_dynamic else str(part) for is_dynamic, part in rule._trace if part != "|"]
    return "".join(parts)
