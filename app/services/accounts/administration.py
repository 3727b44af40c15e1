"""What administrators do with the accounts of their practice. The last active administrator cannot be shut out."""

from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import context, events
from app.audit.hook import enter_practice
from app.crypto.blind_index import login_index
from app.domain.actor import Actor
from app.domain.errors import Conflict, NotFound, ValidationFailed
from app.domain.mails import account_changed
from app.domain.paging import Page
from app.domain.password_tokens import TokenPurpose
from app.domain.roles import Role
from app.domain.users import ManagedUser, NewUser, UserQuery
from app.models import LoginAttempt, PasswordToken, User
from app.services.accounts.attempts import open_lock
from app.services.accounts.open_sessions import end_all
from app.services.accounts.password_changes import mail_token
from app.services.accounts.second_factor import forget_second_factor
from app.services.accounts.users import EMAIL_TAKEN, create_user, find_account, require_version
from app.services.mail import write_mail
from app.services.patients.records import find_visible
from app.services.transaction import now, transaction

_NAMES = ("first_name", "last_name")
_LAST_ADMIN = "This is the practice's last active administrator."


def list_users(actor: Actor, query: UserQuery) -> Page[ManagedUser]:
    """Return a page of the practice's accounts; names are encrypted, so searching and ordering by them happens here."""
    with transaction() as session:
        asked_for = [_managed(user, until) for user, until in session.execute(_asked_for(actor, query))]
        found = [user for user in asked_for if user.is_found_by(query.search)]
        events.record(session, "user:list", "user")
    name = query.ordering.removeprefix("-")
    found.sort(key=lambda user: (_sortable(getattr(user, name)), user.id), reverse=query.ordering.startswith("-"))
    start = query.paging.offset
    return Page(found[start : start + query.paging.page_size], len(found), query.paging)


def get_user(actor: Actor, user_id: int) -> ManagedUser:
    """Return one account; raises NotFound for those of other practices."""
    with transaction() as session:
        user = find_account(session, actor, user_id)
        events.record(session, "user:read", "user", resource_id=user.id)
        return _with_lock_state(session, user)


def add_user(actor: Actor, new: NewUser) -> ManagedUser:
    """Create an account, and invite its owner by mail when no password is given."""
    with transaction() as session:
        _require_patient_link(session, actor, new)
        user = create_user(actor.practice_id, new, is_judged=True)
        if new.password is None:
            mail_token(session, user, TokenPurpose.INVITATION)
        return _with_lock_state(session, user)


def update_user(actor: Actor, user_id: int, changes: dict[str, Any], version: int | None) -> ManagedUser:
    """Change names, address or role; a new role or address ends the sessions and tokens that stood for the old one."""
    try:
        with transaction() as session:
            _lock_admins(session, actor)
            user = find_account(session, actor, user_id, for_change=True)
            require_version(user, version)
            for name in _NAMES:
                if name in changes:
                    setattr(user, name, changes[name])
            _move(session, user, changes.get("email"))
            _change_role(session, user, changes.get("role"))
            session.flush()
            return _with_lock_state(session, user)
    except IntegrityError as error:
        raise Conflict(EMAIL_TAKEN) from error


def disable_user(actor: Actor, user_id: int, version: int | None) -> ManagedUser:
    """Close an account and end its sessions; doing so twice changes nothing."""
    with transaction() as session:
        _lock_admins(session, actor)
        user = find_account(session, actor, user_id, for_change=True)
        require_version(user, version)
        if user.disabled_at is None:
            _require_another_admin(session, user)
            user.disabled_at = now()
            _cut_off(session, user, "user:disable")
        session.flush()
        return _with_lock_state(session, user)


def enable_user(actor: Actor, user_id: int, version: int | None) -> ManagedUser:
    """Open a closed account again; sessions of before stay ended."""
    with transaction() as session:
        user = find_account(session, actor, user_id, for_change=True)
        require_version(user, version)
        if user.disabled_at is not None:
            user.disabled_at = None
            _cut_off(session, user, "user:enable")
        session.flush()
        return _with_lock_state(session, user)


def unlock_user(actor: Actor, user_id: int) -> ManagedUser:
    """Open an account that was locked by failed attempts."""
    with transaction() as session:
        user = find_account(session, actor, user_id)
        open_lock(session, user.email_index)
        events.record(session, "user:unlock", "user", resource_id=user.id)
        return _with_lock_state(session, user)


def invite_again(actor: Actor, user_id: int) -> ManagedUser:
    """Mail a new invitation to somebody who has not chosen a password yet."""
    with transaction() as session:
        user = find_account(session, actor, user_id, for_change=True)
        if user.password_hash is not None or user.disabled_at is not None:
            raise Conflict("This account does not wait for its owner.")
        _spend_tokens(session, user)
        mail_token(session, user, TokenPurpose.INVITATION)
        events.record(session, "user:invite", "user", resource_id=user.id)
        return _with_lock_state(session, user)


def remove_second_factor(actor: Actor, user_id: int) -> ManagedUser:
    """Take off the second factor of somebody who lost phone and recovery codes; ends their sessions and tells them."""
    with transaction() as session:
        user = find_account(session, actor, user_id, for_change=True)
        if user.id == actor.user_id:
            raise Conflict("Nobody takes off their own second factor this way.")
        _take_second_factor(session, user, "An administrator")
        session.flush()
        return _with_lock_state(session, user)


def rescue_user(email: str) -> None:
    """Take the second factor off at the operator's word, for an administrator whom no other can help.

    Raises NotFound when nobody has this address.
    """
    context.bind(practice_id=None, user_id=None, login_index=login_index(email))
    with transaction() as session:
        user = session.scalar(select(User).where(User.email_index == login_index(email)))
        if user is None:
            raise NotFound
        context.bind(practice_id=user.practice_id)
        enter_practice(session)
        _take_second_factor(session, user, "The operator of the service")


def _take_second_factor(session: Session, user: User, who: str) -> None:
    if user.is_2fa_enabled:
        forget_second_factor(session, user)
        _cut_off(session, user, "user:2fa_reset")
        letter = account_changed(f"{who} took the second factor off your account", now())
        write_mail(session, user.practice_id, user.email, letter)


def _sortable(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _asked_for(actor: Actor, query: UserQuery) -> Select[User, Any]:
    wanted = (
        select(User, LoginAttempt.locked_until)
        .outerjoin(LoginAttempt, LoginAttempt.account_key == User.email_index)
        .where(User.practice_id == actor.practice_id)
    )
    if query.role:
        wanted = wanted.where(User.role == query.role.value)
    if query.is_active is not None:
        wanted = wanted.where(User.disabled_at.is_(None) if query.is_active else User.disabled_at.is_not(None))
    return wanted


def _require_patient_link(session: Session, actor: Actor, new: NewUser) -> None:
    """Demand the patient of a `patient` account, of this practice, and of no other account."""
    if (new.role is Role.PATIENT) != (new.patient_id is not None):
        problem = "Needed for the role patient." if new.patient_id is None else "Only for the role patient."
        raise ValidationFailed({"patient_id": [problem]})
    if new.patient_id is None:
        return
    try:
        find_visible(session, actor, new.patient_id)
    except NotFound as error:
        raise ValidationFailed({"patient_id": ["No such patient."]}) from error


def _move(session: Session, user: User, email: str | None) -> None:
    """Give the account another address; what was mailed to the old one opens nothing any more."""
    if email is None or email == user.email:
        return
    old = user.email
    user.email, user.email_index = email, login_index(email)
    _cut_off(session, user, "user:email_change")
    write_mail(session, user.practice_id, old, account_changed("The address of your account was changed", now()))


def _change_role(session: Session, user: User, role: Role | None) -> None:
    if role is None or role.value == user.role:
        return
    if Role.PATIENT in {role, Role(user.role)}:
        raise ValidationFailed({"role": ["A patient's account stays one, and no other becomes one."]})
    _require_another_admin(session, user)
    user.role = role.value
    _cut_off(session, user, "user:role_change")


def _cut_off(session: Session, user: User, action: str) -> None:
    """End all that stands for what the account was: sessions, access tokens, mailed links."""
    user.security_version += 1
    _spend_tokens(session, user)
    end_all(session, user, action)
    events.record(session, action, "user", resource_id=user.id)


def _spend_tokens(session: Session, user: User) -> None:
    live = update(PasswordToken).where(PasswordToken.user_id == user.id, PasswordToken.used_at.is_(None))
    session.execute(live.values(used_at=func.now()))


def _lock_admins(session: Session, actor: Actor) -> None:
    """Make changes to administrators wait for each other: two of them at once must not both be the last but one."""
    session.execute(select(User.id).where(_is_active_admin(actor)).order_by(User.id).with_for_update())


def _is_active_admin(of: Actor | User) -> ColumnElement[bool]:
    return (
        (User.practice_id == of.practice_id)
        & (User.role == Role.ADMIN.value)
        & User.disabled_at.is_(None)
        & User.password_hash.is_not(None)
    )


def _require_another_admin(session: Session, user: User) -> None:
    if user.role == Role.ADMIN and user.disabled_at is None:
        others = select(func.count()).where(_is_active_admin(user), User.id != user.id)
        if not session.scalar(others):
            raise Conflict(_LAST_ADMIN)


def _with_lock_state(session: Session, user: User) -> ManagedUser:
    until = select(LoginAttempt.locked_until).where(LoginAttempt.account_key == user.email_index)
    return _managed(user, session.scalar(until))


def _managed(user: User, locked_until: Any) -> ManagedUser:
    return ManagedUser(
        user.id, user.email, user.first_name, user.last_name, Role(user.role), user.patient_id,
        is_2fa_enabled=user.is_2fa_enabled,
        is_active=user.disabled_at is None,
        is_invited=user.password_hash is None,
        locked_until=locked_until if locked_until and locked_until > now() else None,
        created_at=user.created_at, updated_at=user.updated_at, version=user.version,
    )  # fmt: skip
