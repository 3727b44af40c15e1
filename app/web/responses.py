"""Shapes of answers that all views share: pages with absolute links, versions as ETags."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import chain
from typing import Any
from urllib.parse import urlencode

from flask import Response, current_app, make_response, request

from app.domain.audit import ExportFormat
from app.domain.errors import ValidationFailed
from app.domain.paging import Page

EXPORT_TYPES = {ExportFormat.CSV: "text/csv", ExportFormat.FHIR: "application/fhir+ndjson"}
_MARK = "\ufeff"
TRAIL_TYPE = "application/x-ndjson"


def page_body(page: Page[Any]) -> dict[str, Any]:
    """Return the list envelope; the links keep every other query parameter."""
    number = page.request.page
    return {
        "count": page.count,
        "next": _link(number + 1) if page.has_next else None,
        "previous": _link(number - 1) if number > 1 else None,
        "results": page.items,
    }


def cursor_body(items: Sequence[Any], total: int | None, cursor: str | None) -> dict[str, Any]:
    """Return the list envelope of another system's pages, which only go forward; the link names the next one."""
    query = {name: value for name, value in request.args.items() if name == "page_size"} | {"cursor": cursor}
    following = f"{request.base_url}?{urlencode(query)}" if cursor else None
    return {"count": total, "next": following, "previous": None, "results": items}


def _link(number: int) -> str:
    query = request.args.to_dict() | {"page": str(number)}
    return f"{request.base_url}?{urlencode(query)}"


# As `etag` writes it; the quotes may be missing, as many clients have it.
ETAG_PATTERN = r'(W/)?"?[0-9]{1,18}(\.[0-9]{1,18})?"?'
_ETAG = re.compile(ETAG_PATTERN.replace("[0-9]{1,18}", "(?P<version>[0-9]{1,18})", 1))


def etag(version: int, heard_at: datetime | None = None) -> dict[str, str]:
    """Return the header that names a version, and the last news of what changes without a new version."""
    return {"ETag": f'"{version}"' if heard_at is None else f'"{version}.{heard_at.timestamp():.0f}"'}


def expected_version() -> int | None:
    """Return the version that `If-Match` asks for; None for any. Raises ValidationFailed on other forms."""
    wanted = request.headers.get("If-Match", "*").strip()
    if wanted == "*":
        return None
    tag = _ETAG.fullmatch(wanted)
    if tag is None:
        raise ValidationFailed({"If-Match": ["Must be the ETag of a version read before."]})
    return int(tag["version"])


def download(lines: Iterable[str] | Iterable[bytes], content_type: str, name: str) -> Response:
    """Return lines as a file, sent while they are made."""
    response = Response(lines, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def csv_response(lines: Iterator[str], file_name: str) -> Response:
    """Return lines as a file to keep, sent as they are made; behind a byte order mark when the query asks for one."""
    marked = chain([_MARK], lines) if request.args.get("bom") == "true" else lines
    response = Response(_apart(current_app.app_context, marked), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response


def _apart(in_context: Callable[[], AbstractContextManager[object]], lines: Iterator[str]) -> Iterator[str]:
    """Make each line in a context of its own.

    The request's must not outlive it: a file that nobody reads to its end would lend its reader's identity to whatever
    this thread serves next.
    """
    while True:
        with in_context():
            line = next(lines, None)
        if line is None:
            return
        yield line


def fhir_json(resource: dict[str, object]) -> Response:
    """Return a resource as JSON."""
    return make_response(resource)
