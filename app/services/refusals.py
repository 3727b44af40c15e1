"""Leaving a trace of what was refused or failed: the work is rolled back, the attempt is not forgotten."""

from uuid import UUID

from app.audit import events
from app.services.transaction import transaction


def record_refusal(action: str, resource_id: str | None, patient_id: UUID | None, code: str, *, failed: bool) -> None:
    """Store one refused (4xx) or failed (5xx) attempt, with the error's code as the reason."""
    with transaction() as session:
        events.record(
            session, action, "request", resource_id=resource_id, patient_id=patient_id,
            outcome=events.FAILED if failed else events.REFUSED, reason=code,
        )  # fmt: skip
