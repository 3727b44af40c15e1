"""The second factor of an account: setting it up, proving it, taking it off."""

import base64
import hashlib
import hmac
import io
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
import segno
from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import Conflict, PermissionDenied, ValidationFailed, VantrexiaError
from app.domain.mails import account_changed
from app.domain.second_factor import (
    SECRET_BYTES,
    Proof,
    accepted_steps,
    new_recovery_codes,
    normalise_recovery_code,
)
from app.models import Practice, RecoveryCode, User
from app.services.accounts.attempts import attempt_as
from app.services.accounts.passwords import is_correct
from app.services.mail import write_mail
from app.services.transaction import now

_ISSUER = "Vantrexia"
_ON, _OFF = "Two-factor sign-in was turned on for your account", "Two-factor sign-in was turned off for your account"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs, as text, as an address and as a picture."""

    secret: str
    otpauth_uri: str
    qr_svg: str


def start_enrolment(actor: Actor, password: str) -> Enrolment:
    """Make a fresh secret, which counts once a code of it was shown; raises Conflict when one counts already."""

    def judge(session: Session, user: User) -> Enrolment | VantrexiaError:
        if not is_correct(password, user.password_hash):
            return _wrong("password")
        if user.is_2fa_enabled:
            raise Conflict("Two-factor sign-in is on already.")
        user.totp_secret = base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()
        events.record(session, "auth:2fa_setup", "user", resource_id=user.id)
        return _enrolment(user)

    return attempt_as(actor, judge)


def finish_enrolment(actor: Actor, code: str) -> list[str]:
    """Turn the second factor on and return the recovery codes, which are shown this once."""

    def judge(session: Session, user: User) -> list[str] | VantrexiaError:
        if user.is_2fa_enabled or user.totp_secret is None:
            raise Conflict("Two-factor sign-in is on already." if user.is_2fa_enabled else "Set it up first.")
        if not _accepts_code(session, user, code, now()):
            return _wrong("code")
        user.totp_enabled_at = now()
        _tell(session, user, "auth:2fa_enable", _ON)
        return _fresh_recovery_codes(session, user)

    return attempt_as(actor, judge)


def end_enrolment(actor: Actor, password: str, proof: Proof) -> None:
    """Turn the second factor off; raises PermissionDenied for those who must have it."""

    def judge(session: Session, user: User) -> bool | VantrexiaError:
        _require_leave(session, user)
        if not is_correct(password, user.password_hash):
            return _wrong("password")
        if not is_proven(session, user, proof, now()):
            return _wrong("code")
        forget_second_factor(session, user)
        _tell(session, user, "auth:2fa_disable", _OFF)
        return True

    attempt_as(actor, judge)


def is_proven(session: Session, user: User, proof: Proof, at: datetime) -> bool:
    """Say whether the proof is good, and spend it: in parallel, too, it is good once."""
    if proof.totp_code is not None:
        return _accepts_code(session, user, proof.totp_code, at)
    return proof.recovery_code is not None and _spend_recovery_code(session, user, proof.recovery_code)


def forget_second_factor(session: Session, user: User) -> None:
    """Take the secret and the recovery codes away, within the caller's transaction."""
    user.totp_secret_enc = user.totp_enabled_at = None
    session.execute(delete(RecoveryCode).where(_codes_of(user)))


def _accepts_code(session: Session, user: User, code: str, at: datetime) -> bool:
    generator = pyotp.TOTP(user.totp_secret or "")
    for step in accepted_steps(at):
        if hmac.compare_digest(generator.generate_otp(step), code):
            return _advance(session, user, step)
    return False


def _advance(session: Session, user: User, step: int) -> bool:
    """Move the account's last step on to this one; False when it is there or beyond: the code was used."""
    later = update(User).where(User.practice_id == user.practice_id, User.id == user.id, User.totp_last_step < step)
    moved = session.execute(
        later.values(totp_last_step=step).returning(User.id),
        execution_options={"recorded": True, "synchronize_session": False},
    )
    return moved.first() is not None


def _spend_recovery_code(session: Session, user: User, code: str) -> bool:
    spent = delete(RecoveryCode).where(_codes_of(user), RecoveryCode.code_hash == _hash(user, code))
    if session.execute(spent.returning(RecoveryCode.user_id)).first() is None:
        return False
    _tell(session, user, "auth:recovery_code", "A recovery code was used to sign in to your account")
    return True


def _fresh_recovery_codes(session: Session, user: User) -> list[str]:
    codes = new_recovery_codes()
    session.execute(delete(RecoveryCode).where(_codes_of(user)))
    session.execute(
        insert(RecoveryCode),
        [{"practice_id": user.practice_id, "user_id": user.id, "code_hash": _hash(user, code)} for code in codes],
    )
    return codes


def _require_leave(session: Session, user: User) -> None:
    if not user.is_2fa_enabled:
        raise Conflict("Two-factor sign-in is not on.")
    if user.role in session.get_one(Practice, user.practice_id).require_2fa_for:
        raise PermissionDenied("Your role must use two-factor sign-in.")
    if user.password_is_short:
        raise Conflict("Set a longer password first: yours is long enough only beside a second factor.")


def _tell(session: Session, user: User, action: str, what: str) -> None:
    events.record(session, action, "user", resource_id=user.id)
    write_mail(session, user.practice_id, user.email, account_changed(what, now()))


def _enrolment(user: User) -> Enrolment:
    secret = user.totp_secret or ""
    uri = pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=_ISSUER)
    picture = io.BytesIO()
    segno.make(uri, micro=False).save(picture, kind="svg", scale=4, xmldecl=False)
    return Enrolment(secret, uri, picture.getvalue().decode())


def _codes_of(user: User):  # type: ignore[no-untyped-def]  # noqa: ANN202 - an SQL condition
    return (RecoveryCode.practice_id == user.practice_id) & (RecoveryCode.user_id == user.id)


def _hash(user: User, code: str) -> bytes:
    return hashlib.sha256(f"{user.row_key}|{normalise_recovery_code(code)}".encode()).digest()


def _wrong(field: str) -> ValidationFailed:
    return ValidationFailed({field: [f"This {field} is not right."]})
