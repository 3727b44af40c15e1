"""Sending many lines out at once: each for itself, so that one that may not stand keeps nobody back."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from app.domain.actor import Actor
from app.domain.errors import Conflict, NotFound
from app.services.billing.life_cycle import submit_entry


@dataclass(frozen=True, slots=True)
class Submission:
    """How many lines went out, and why each of the others did not."""

    sent: int
    kept: tuple[tuple[UUID, str], ...]


def submit_entries(actor: Actor, entry_ids: Iterable[UUID]) -> Submission:
    """Submit lines in a transaction each; what is refused, or not there, is told and changes nothing else."""
    sent, kept = 0, list[tuple[UUID, str]]()
    for entry_id in dict.fromkeys(entry_ids):
        try:
            submit_entry(actor, entry_id, None, None)
            sent += 1
        except (Conflict, NotFound) as error:
            kept.append((entry_id, error.detail))
    return Submission(sent, tuple(kept))
