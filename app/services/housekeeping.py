"""Sweeping up: expired sessions, answers and counters go; the audit trail gets its next month."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, text

from app.audit import context
from app.models import ConsoleSession, PasswordToken, Practice, RefreshToken, TokenFamily
from app.services.accounts.attempts import purge_login_attempts
from app.services.idempotency import KEEP_FOR, purge_keys
from app.services.mail import purge_mails
from app.services.notifications.inbox import purge_notifications
from app.services.patient_files.imports import forget_files
from app.services.queue_purge import purge_jobs
from app.services.transaction import now, transaction

_KEEP_SESSIONS = timedelta(days=30)  # ended sessions stay visible for a while, then go
_KEEP_MAILS = timedelta(days=30)
_KEEP_NOTIFICATIONS = timedelta(days=180)
_KEEP_FILES = timedelta(days=7)  # of patients, checked and never imported
_KEEP_ATTEMPTS = timedelta(days=1)
_KEEP_JOBS = timedelta(days=7)  # that are over: long enough to look why one failed
_MONTHS_AHEAD = 2
_READING_MONTHS_AHEAD = 12


def purge_expired() -> None:
    """Forget what has served its time, practice by practice."""
    at = now()
    purge_login_attempts(at - _KEEP_ATTEMPTS)
    purge_jobs(at - _KEEP_JOBS)
    with transaction() as session:
        practices = list(session.scalars(select(Practice.id)))
    for practice_id in practices:
        _purge_practice(practice_id, at)


def ensure_audit_partitions() -> None:
    """Make sure that the audit trail has partitions for this month and the next two."""
    with transaction() as session:
        for ahead in range(_MONTHS_AHEAD + 1):
            session.execute(
                text("SELECT ensure_audit_partition((now() + make_interval(months => :ahead))::date)"),
                {"ahead": ahead},
            )


def ensure_observation_partitions() -> None:
    """Make sure that readings have partitions for this month and the year ahead."""
    with transaction() as session:
        for ahead in range(_READING_MONTHS_AHEAD + 1):
            session.execute(
                text("SELECT ensure_observation_partition((now() + make_interval(months => :ahead))::date)"),
                {"ahead": ahead},
            )


def _purge_practice(practice_id: UUID, at: datetime) -> None:
    context.bind(practice_id=practice_id)
    purge_keys(at - KEEP_FOR)
    purge_mails(at - _KEEP_MAILS)
    purge_notifications(at - _KEEP_NOTIFICATIONS)
    forget_files(at - _KEEP_FILES)
    with transaction() as session:
        old = select(TokenFamily.id).where(TokenFamily.expires_at < at - _KEEP_SESSIONS)
        session.execute(delete(RefreshToken).where(RefreshToken.family_id.in_(old)))
        session.execute(delete(TokenFamily).where(TokenFamily.expires_at < at - _KEEP_SESSIONS))
        session.execute(delete(PasswordToken).where(PasswordToken.expires_at < at))
        session.execute(delete(ConsoleSession).where(ConsoleSession.expires_at < at - _KEEP_SESSIONS))
