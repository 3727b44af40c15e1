"""Sending one mail: by SMTP with verified TLS, or in development into a directory where it can be read."""

import logging
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from app.domain.errors import Unavailable
from app.domain.mails import Letter

_TIMEOUT = 10.0  # seconds for each step of a conversation with the server
_PORTS = {"smtp": 587, "smtps": 465}
_log = logging.getLogger(__name__)


class MailNotSent(Unavailable):
    """The mail server did not take the mail; trying again later may work."""

    default_detail = "The mail could not be sent."


@dataclass(frozen=True, slots=True)
class Addressed:
    """A letter on its way; the id names it to the receiver, who drops a second copy."""

    id: str
    address: str
    letter: Letter


class Postbox:
    """Where letters are dropped; configured once by the factory."""

    def __init__(self) -> None:
        self._server: SplitResult | None = None
        self._directory: Path | None = None
        self._sender = ""
        self.public_url = ""

    def configure(self, smtp_url: str | None, directory: Path | None, sender: str, public_url: str) -> None:
        """Take the server, the directory used without one (development only), the sender and where links lead."""
        self.public_url = public_url
        self._server = urlsplit(smtp_url) if smtp_url else None
        self._directory, self._sender = directory, sender

    def drop(self, mail: Addressed) -> None:
        """Send one mail; raises MailNotSent."""
        try:
            message = self._message(mail)
        except ValueError as error:  # an address that no header can hold
            raise _not_sent(error) from None
        if self._server is not None:
            _send(self._server, message)
        elif self._directory is not None:
            _write(self._directory, mail.id, message)
        else:
            raise MailNotSent("No mail server is configured.")

    def _message(self, mail: Addressed) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, mail.address, mail.letter.subject
        message["Date"] = format_datetime(mail.letter.written_at)
        message["Message-ID"] = f"<{mail.id}@{parseaddr(self._sender)[1].rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        text = mail.letter.text
        message.set_content(text, cte="7bit" if text.isascii() else "quoted-printable")  # keeps links whole
        return message


postbox = Postbox()


def _send(server: SplitResult, message: EmailMessage) -> None:
    try:
        with _connected(server) as connection:
            if server.username:
                connection.login(unquote(server.username), unquote(server.password or ""))
            connection.send_message(message)
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise _not_sent(error) from None


def _not_sent(error: Exception) -> MailNotSent:
    """Keep what kind of error it was; its words name the receiver, and the queue logs what it catches."""
    _log.warning("mail not sent: %s", type(error).__name__)
    return MailNotSent()


def _connected(server: SplitResult) -> smtplib.SMTP:
    """Open the conversation; in clear text it is held with this machine only."""
    host, port, tls = server.hostname or "", server.port or _PORTS[server.scheme], ssl.create_default_context()
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT, context=tls)
    connection = smtplib.SMTP(host, port, timeout=_TIMEOUT)
    if not _is_this_machine(host):
        connection.starttls(context=tls)
    return connection


def _is_this_machine(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host).is_loopback
    return host == "localhost"


def _write(directory: Path, mail_id: str, message: EmailMessage) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = directory / f"{mail_id}.eml"
        path.touch(mode=0o600)
        path.write_bytes(message.as_bytes())
    except OSError as error:
        raise _not_sent(error) from None
    _log.debug("mail written to the mail directory: %s", path.name)  # at info, a first start would fill the screen
