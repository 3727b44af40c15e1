"""Who is acting, for which practice, from where: set once per request or job, read by session and audit hook."""

from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AuditContext:
    """The circumstances of everything that happens until they are bound anew."""

    practice_id: UUID | None = None
    user_id: int | None = None
    session_id: UUID | None = None
    ip: str | None = None
    request_id: str | None = None
    reason: str | None = None
    login_index: bytes | None = None
    break_glass_id: UUID | None = None


_context: ContextVar[AuditContext] = ContextVar("audit_context", default=AuditContext())  # noqa: B039 - frozen


def current() -> AuditContext:
    """Return the circumstances now in force."""
    return _context.get()


def start(context: AuditContext) -> None:
    """Begin with fresh circumstances: nothing is carried over from an earlier request on this thread."""
    _context.set(context)


def bind(**changes: Any) -> AuditContext:
    """Change some of the circumstances. A transaction that has begun keeps the practice it began with."""
    context = replace(_context.get(), **changes)
    _context.set(context)
    return context
