"""Notes in a patient's record."""

from dataclasses import dataclass
from uuid import UUID

MAX_NOTE_LENGTH = 10_000


@dataclass(frozen=True, slots=True)
class NewNote:
    """What somebody wants to write; `corrects` names the note that it stands in for."""

    body: str
    corrects: UUID | None = None
