"""What people do with an escalation: acknowledge, hand it to somebody else, end it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.actor import Actor
from app.domain.errors import Conflict, ValidationFailed
from app.domain.roles import Role
from app.domain.triage.decisions import DecisionKind
from app.domain.triage.escalation import EscalationState, can_answer
from app.models import Alert, Escalation, TriageSummary
from app.services.enrolment.checks import find_staff, require_version
from app.services.transaction import now, transaction
from app.services.triage.alert_actions import mark_seen
from app.services.triage.decisions import note_decision
from app.services.triage.escalations import EscalationLine, about, asked, find_escalation, tell_asked
from app.services.triage.rescoring import lock_with_summary, recount_escalations

_RESOLVED = "The escalation has been resolved already."
_CANNOT_ANSWER = "No such member of staff who can acknowledge an escalation."


def acknowledge_escalation(actor: Actor, escalation_id: UUID, version: int | None = None) -> EscalationLine:
    """Take an escalation on: nobody else is asked, and the alert it came from counts as seen.

    A second time changes nothing. Raises Conflict when it has been resolved.
    """

    def take_on(session: Session, _: TriageSummary, escalation: Escalation) -> None:
        if escalation.state == EscalationState.ACKNOWLEDGED.value:
            return
        at = now()
        escalation.state = EscalationState.ACKNOWLEDGED.value
        escalation.acknowledged_at, escalation.acknowledged_by = at, actor.user_id
        _see_alert(session, actor, escalation, at)
        note_decision(
            session, about(escalation), DecisionKind.ESCALATION_ACKNOWLEDGED, at,
            user_id=actor.user_id, level=escalation.level,
        )  # fmt: skip

    return _act(actor, escalation_id, version, take_on)


def reassign_escalation(
    actor: Actor, escalation_id: UUID, user_id: int | None, role: Role | None, version: int | None = None
) -> EscalationLine:
    """Hand an escalation to a person or a role, who have the time of its step to answer; then its chain goes on.

    Raises ValidationFailed for somebody who cannot answer, Conflict when it has been resolved.
    """

    def hand_on(session: Session, _: TriageSummary, escalation: Escalation) -> None:
        _require_answerable(session, actor, user_id, role)
        at = now()
        escalation.state = EscalationState.OPEN.value
        escalation.acknowledged_at = escalation.acknowledged_by = None
        escalation.user_id, escalation.role = user_id, role.value if role else None
        escalation.due_at = at + timedelta(minutes=escalation.chain[escalation.step]["minutes"])
        tell_asked(session, escalation)
        note_decision(
            session, about(escalation), DecisionKind.ESCALATION_REASSIGNED, at,
            user_id=actor.user_id, level=escalation.level, **asked(escalation),
        )  # fmt: skip

    return _act(actor, escalation_id, version, hand_on)


def resolve_escalation(actor: Actor, escalation_id: UUID, outcome: str, version: int | None = None) -> EscalationLine:
    """End an escalation with what came of it: the score no longer counts it, the alert it came from counts as seen.

    Raises Conflict a second time.
    """

    def end(session: Session, summary: TriageSummary, escalation: Escalation) -> None:
        at = now()
        escalation.state = EscalationState.RESOLVED.value
        escalation.resolved_at, escalation.resolved_by, escalation.outcome = at, actor.user_id, outcome
        _see_alert(session, actor, escalation, at)
        note_decision(
            session, about(escalation), DecisionKind.ESCALATION_RESOLVED, at,
            user_id=actor.user_id, note=outcome, level=escalation.level,
        )  # fmt: skip
        recount_escalations(session, summary, at)

    return _act(actor, escalation_id, version, end)


def _act(
    actor: Actor,
    escalation_id: UUID,
    version: int | None,
    work: Callable[[Session, TriageSummary, Escalation], None],
) -> EscalationLine:
    with transaction() as session:
        summary, escalation = lock_with_summary(session, Escalation, actor.practice_id, escalation_id)
        require_version(escalation, version)
        if escalation.state == EscalationState.RESOLVED.value:
            raise Conflict(_RESOLVED)
        work(session, summary, escalation)
        session.flush()
        return find_escalation(session, actor.practice_id, escalation_id)


def _see_alert(session: Session, actor: Actor, escalation: Escalation, at: datetime) -> None:
    """Who answers for an escalation has seen the alert that it came from."""
    if escalation.alert_id is not None:
        seen = lock_with_summary(session, Alert, actor.practice_id, escalation.alert_id)
        mark_seen(session, *seen, actor.user_id, at)


def _require_answerable(session: Session, actor: Actor, user_id: int | None, role: Role | None) -> None:
    if (user_id is None) is (role is None):
        raise ValidationFailed({"user_id": ["Name a person or a role, one of the two."]})
    if role is not None and not can_answer(role):
        raise ValidationFailed({"role": ["This role cannot acknowledge an escalation."]})
    if user_id is not None:
        user = find_staff(session, actor, user_id, "user_id")
        if user.disabled_at is not None or not can_answer(Role(user.role)):
            raise ValidationFailed({"user_id": [_CANNOT_ANSWER]})
