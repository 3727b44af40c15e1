"""Founding a practice, and what it demands of its people."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from app.audit import context, events
from app.domain.actor import Actor
from app.domain.roles import Role
from app.domain.second_factor import SignInPolicy
from app.models import Practice
from app.models.base import new_id
from app.services.keys.versions import make_practice_keys
from app.services.transaction import transaction
from app.services.triage.versions import found_thresholds


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
        found_thresholds(session, practice_id)
    return practice_id


def get_sign_in_policy(actor: Actor) -> SignInPolicy:
    """Return how the practice's people must sign in."""
    with transaction() as session:
        practice = session.get_one(Practice, actor.practice_id)
        events.record(session, "practice:read", "practice", resource_id=practice.id)
        return SignInPolicy(tuple(Role(role) for role in practice.require_2fa_for))


def change_sign_in_policy(actor: Actor, policy: SignInPolicy) -> SignInPolicy:
    """Set it; whoever now needs a second factor and has none can do nothing but set it up, from the next request on."""
    with transaction() as session:
        practice = session.get_one(Practice, actor.practice_id)
        practice.require_2fa_for = sorted({role.value for role in policy.require_2fa_for})
    return SignInPolicy(tuple(Role(role) for role in practice.require_2fa_for))


def get_timezone(actor: Actor) -> str:
    """Return the practice's time zone, in which its staff write times down."""
    with transaction() as session:
        return session.scalars(select(Practice.timezone).where(Practice.id == actor.practice_id)).one()
