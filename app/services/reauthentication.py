"""Proving again who one is, before something grave. One function, so that all such places ask for the same."""

from app.audit import context
from app.domain.actor import Actor
from app.domain.proof import Proof
from app.models import User
from app.services.login import check_credentials, record_login
from app.services.transaction import apart, transaction


def prove_again(actor: Actor, proof: Proof) -> None:
    """Check that it is still the actor who sits there; raises AuthenticationFailed or AccountLocked.

    A wrong password counts as a failed login, and goes on counting when the use case around is rolled back.
    """
    circumstances = context.current()
    try:
        with apart():
            with transaction() as session:
                email = session.get_one(User, actor.user_id).email
            check_credentials(email, proof.password)
    finally:
        context.start(circumstances)
    record_login("success", action="auth:reauthenticate")
