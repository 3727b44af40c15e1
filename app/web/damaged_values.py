"""Values that were moved or altered in the database: shown as marks in the console, and reported after the request."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from app.crypto.damage import take_noted, tolerated
from app.domain.errors import VantrexiaError
from app.services.keys.integrity import report_damage

_log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Report what did not open, after every request."""
    app.before_request(_forget)
    app.after_request(_report)


@contextmanager
def damage_shown_as_marks() -> Iterator[None]:
    """Let a page that only shows something show the rest of it too."""
    if request.method not in {"GET", "HEAD"}:
        yield
        return
    with tolerated():
        yield


def _forget() -> None:
    take_noted()


def _report(response: Response) -> Response:
    """Log and audit where damage was met, never what was read; a database that is down must not make it worse."""
    places = take_noted()
    if not places:
        return response
    more = {"request_id": g.get("request_id")}
    for place in places:
        _log.error("integrity check failed: %s.%s of row %s", place.table, place.column, place.row, extra=more)
    try:
        report_damage(places)
    except (SQLAlchemyError, VantrexiaError) as error:
        _log.error("damage not recorded: %s", type(error).__name__, extra=more)
    return response
