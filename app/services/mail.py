"""Mail: written in the transaction of what it tells about, delivered by a job, wiped once it is out."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.audit import context
from app.domain.mails import Letter
from app.integrations.mail import Addressed, MailNotSent, postbox
from app.models import OutgoingMail
from app.models.base import new_id
from app.services.outbox import leave_job
from app.services.transaction import now, transaction

DELIVER = "deliver_mail"


def write_mail(session: Session, practice_id: UUID, address: str, letter: Letter) -> None:
    """Queue a mail within the caller's transaction."""
    mail = OutgoingMail(id=new_id(), practice_id=practice_id, kind=letter.kind)
    mail.address = address
    mail.body = {"subject": letter.subject, "text": letter.text, "written_at": letter.written_at.isoformat()}
    session.add(mail)
    leave_job(session, DELIVER, lock=f"mail:{mail.id}", practice_id=practice_id, mail_id=mail.id)


def deliver_mail(practice_id: UUID, mail_id: UUID, *, is_last_try: bool = False) -> None:
    """Send a queued mail; raises MailNotSent when it should be tried again. At least once, perhaps twice.

    After the last try the mail stays as failed, its text wiped: the secret in it may still be good.
    """
    context.bind(practice_id=practice_id)
    with transaction() as session:
        mail = session.get(OutgoingMail, mail_id)
    if mail is None or mail.state != "queued" or mail.body is None:
        return
    try:
        postbox.drop(Addressed(str(mail.id), mail.address, _letter(mail)))
    except MailNotSent:
        if is_last_try:
            _finish(mail, "failed")
        raise
    _finish(mail, "sent")


def purge_mails(before: datetime) -> None:
    """Forget the mails of the current practice written before then; their events stay in the trail."""
    with transaction() as session:
        session.execute(
            delete(OutgoingMail).where(OutgoingMail.created_at < before), execution_options={"recorded": True}
        )


def _letter(mail: OutgoingMail) -> Letter:
    body = mail.body or {}
    return Letter(mail.kind, body["subject"], body["text"], datetime.fromisoformat(body["written_at"]))


def _finish(mail: OutgoingMail, state: str) -> None:
    with transaction() as session:
        session.add(mail)
        mail.state, mail.body_enc = state, None
        mail.sent_at = now() if state == "sent" else None
