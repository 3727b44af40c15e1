"""The one door to the people who must hear of something: an event goes out with the transaction that made it."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from app.domain.triage.events import TriageEvent

Listener = Callable[[Session, TriageEvent], None]
LISTENERS: list[Listener] = []  # each is called within the transaction, in order


def tell(session: Session, event: TriageEvent) -> None:
    """Hand an event to whoever listens; what they store commits or rolls back with the caller's work."""
    for listener in LISTENERS:
        listener(session, event)
