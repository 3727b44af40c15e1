"""Files that are handed on part by part while they are read, in constant memory."""

from collections.abc import Iterator

from app.audit import context


def handed_on(parts: Iterator[str]) -> Iterator[str]:
    """Return the parts of a file; the first is read, and recorded, before this returns."""
    return _after(next(parts, ""), parts, context.current())


def _after(first: str, parts: Iterator[str], circumstances: context.AuditContext) -> Iterator[str]:
    """Hand on part after part; the reader may be served by another thread, which must act for the same person."""
    yield first
    while True:
        context.start(circumstances)
        part = next(parts, None)
        if part is None:
            return
        yield part
