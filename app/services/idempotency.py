"""Doing a request once: the key is written first, in the transaction of the work, and keeps the answer for a day.

A crash leaves neither work nor key. A parallel twin waits on the key's row and then gets the stored answer. Refusals
and errors are not kept: the work was rolled back, so the request may be made again. Of the body only a keyed hash is
kept: some bodies hold a password, and a plain hash would let it be guessed from a copy of the database.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.audit import events
from app.crypto.columns import decrypt, encrypt
from app.crypto.envelope import place
from app.crypto.keyring import keyring
from app.domain.actor import Actor
from app.domain.errors import IdempotencyMismatch, RequestInProgress
from app.models import IdempotencyKey
from app.services.transaction import now, transaction

KEEP_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request that asks to be done once."""

    endpoint: str
    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, ready to be answered again."""

    status: int
    headers: dict[str, str]
    body: bytes


def do_once(actor: Actor, request: KeyedRequest, work: Callable[[], Answer]) -> tuple[Answer, bool]:
    """Return the answer and whether it is a repetition.

    Raises IdempotencyMismatch when the key was used with another body, RequestInProgress when its twin never finished.
    """
    fingerprint = _fingerprint(actor, request.body)
    with transaction() as session:
        if _claim(session, actor, request, fingerprint):
            answer = work()
            _keep(session, actor, request, answer)
            return answer, False
        return _stored_answer(session, actor, request, fingerprint), True


def purge_keys(before: datetime) -> int:
    """Forget the answers of the current practice given before then; return how many."""
    with transaction() as session:
        purged = session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < before))
        return purged.rowcount  # type: ignore[attr-defined, no-any-return]


def _fingerprint(actor: Actor, body: bytes) -> bytes:
    """Return a keyed hash: a plain one of a body with a password in it could be guessed at."""
    return hmac.digest(keyring.practice(actor.practice_id).index, b"idempotency|" + body, "sha256")


def _claim(session: Session, actor: Actor, request: KeyedRequest, fingerprint: bytes) -> bool:
    """Write the key; False when it is there already. Waits for a twin that is still running."""
    session.execute(
        delete(IdempotencyKey).where(*_same_key(actor, request), IdempotencyKey.created_at < now() - KEEP_FOR)
    )
    claim = (
        insert(IdempotencyKey)
        .values(
            practice_id=actor.practice_id,
            user_id=actor.user_id,
            endpoint=request.endpoint,
            key=request.key,
            fingerprint=fingerprint,
        )
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    )
    return session.execute(claim).first() is not None


def _keep(session: Session, actor: Actor, request: KeyedRequest, answer: Answer) -> None:
    kept = session.scalars(select(IdempotencyKey).where(*_same_key(actor, request))).one()
    kept.status, kept.headers = answer.status, answer.headers
    kept.body_enc = encrypt(actor.practice_id, _place(kept), answer.body)


def _stored_answer(session: Session, actor: Actor, request: KeyedRequest, fingerprint: bytes) -> Answer:
    kept = session.scalars(select(IdempotencyKey).where(*_same_key(actor, request))).one_or_none()
    if kept is None or kept.status is None or kept.body_enc is None:
        raise RequestInProgress
    if kept.fingerprint != fingerprint:
        raise IdempotencyMismatch
    events.record(session, "request:replay", "idempotency_key", resource_id=request.endpoint)
    body = decrypt(actor.practice_id, _place(kept), kept.body_enc)
    return Answer(kept.status, kept.headers or {}, body)


def _same_key(actor: Actor, request: KeyedRequest):  # type: ignore[no-untyped-def]  # noqa: ANN202 - SQL conditions
    return (
        IdempotencyKey.practice_id == actor.practice_id,
        IdempotencyKey.user_id == actor.user_id,
        IdempotencyKey.endpoint == request.endpoint,
        IdempotencyKey.key == request.key,
    )


def _place(kept: IdempotencyKey) -> bytes:
    return place(kept.__tablename__, "body_enc", kept.encryption_row, kept.practice_id)
