"""Founding a practice."""

from collections.abc import Collection
from uuid import UUID

from app.audit import context
from app.domain.roles import Role
from app.domain.triage.thresholds import DEFAULT_THRESHOLDS
from app.models import Practice, PracticeThresholds
from app.models.base import new_id
from app.services.keys import make_practice_keys
from app.services.transaction import transaction


def create_practice(
    name: str, timezone: str = "America/New_York", require_2fa_for: Collection[Role] = (Role.ADMIN,)
) -> UUID:
    """Create a practice with keys and default thresholds, and act for it from here on."""
    practice_id = new_id()
    context.bind(practice_id=practice_id)
    with transaction() as session:
        session.add(Practice(id=practice_id, name=name, timezone=timezone, require_2fa_for=[*require_2fa_for]))
        session.flush()
        make_practice_keys(practice_id)
        session.add(PracticeThresholds(practice_id=practice_id, limits=dict(DEFAULT_THRESHOLDS)))
    return practice_id
