"""Where to go after signing in: back to a page of the console, and nowhere else."""

import re
from urllib.parse import unquote, urlsplit

from app.web.identity import CONSOLE

_PLAIN = re.compile(r"[\w/.~%-]+", re.ASCII)
_LONGEST = 500
_NOT_PAGES = ("login", "logout", "alerts/", "emergency/end", "timer/")


def wanted_page(target: str) -> str | None:
    """Return the path and query of a console page that the target names; None for everything else.

    Backslashes, control characters and `..` are refused because browsers resolve them to other places.
    """
    if len(target) > _LONGEST or not target.isprintable() or "\\" in target:
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    path = parts.path
    if not path.startswith(f"{CONSOLE}/") or not _PLAIN.fullmatch(path) or ".." in unquote(path):
        return None
    if path.startswith(tuple(f"{CONSOLE}/{place}" for place in _NOT_PAGES)):
        return None
    return f"{path}?{parts.query}".removesuffix("?")
