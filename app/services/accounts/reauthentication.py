"""Proving again who one is, before something grave. One function, so that all such places ask for the same."""

from sqlalchemy.orm import Session

from app.audit import events
from app.domain import second_factor
from app.domain.actor import Actor
from app.domain.errors import AuthenticationFailed, TotpInvalid, TotpRequired, VantrexiaError
from app.domain.proof import Proof
from app.models import User
from app.services.accounts.attempts import attempt_as
from app.services.accounts.passwords import is_correct
from app.services.accounts.second_factor import is_proven
from app.services.transaction import apart, now


def prove_again(actor: Actor, proof: Proof) -> None:
    """Check that it is still the actor who sits there.

    Raises AuthenticationFailed, TotpRequired, TotpInvalid or AccountLocked. What is wrong counts as a failed login, and
    goes on counting when the use case around is rolled back.
    """

    def judge(session: Session, user: User) -> bool | VantrexiaError:
        if not is_correct(proof.password, user.password_hash):
            return AuthenticationFailed()
        if user.is_2fa_enabled and proof.second == second_factor.Proof():
            raise TotpRequired  # half a proof is no failure
        if user.is_2fa_enabled and not is_proven(session, user, proof.second, now()):
            return TotpInvalid()
        events.record(session, "auth:reauthenticate", "user", resource_id=user.id)
        return True

    with apart():
        attempt_as(actor, judge)
